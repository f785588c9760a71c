"""Each assertion of the models that decide on share counts can fail."""

from __future__ import annotations

import pytest
from assertions import assertions_fail

FAILING = {
    "staging.stated_share_count": {
        "a company has shares": {"shares_outstanding": 0},
        "nothing from after as_of": {"known_at": "2200-01-01"},
    },
    "core.share_count_spell": {
        "units are positive": {"feed_units": 0},
        "a count is reported before it is carried on": {"said_position": 2, "first_position": 1},
    },
    "core.held_level": {"levels are positive": [{"level": 0, "adjustment": 1}, {"level": 1, "adjustment": 0}]},
    "core.share_count_by_index": {
        "bounds are in order": {"low_units": 2, "high_units": 1},
        "only large members are told": {"weight": 0.009},
    },
    "core.share_count_by_list": {"bounds are in order": {"low_units": 2, "high_units": 1}},
    "core.share_count_by_merger": {
        "a company does not acquire itself": {"symbol": "AAA", "acquired": "AAA"},
        "bounds are in order": {"low_units": 2, "high_units": 1},
    },
    "core.share_count_evidence": {
        "a kind we know": {"kind": "rumour"},
        "bounds are in order": {"low_units": 2, "high_units": 1},
        "it speaks from its own session on": {"position": 2, "last_position": 2},
    },
    "core.share_count_verdict": {
        "units are positive": {"feed_units": 0, "accepted_units": 1},
        "a whole-number ratio never passes for having stood": [
            {"kind": "whole_number", "sessions_needed": needed, "ratio": 4} for needed in (21, 63)],
        "a fall never passes for having stood": {"kind": "fall", "sessions_needed": 63},
        "a kind we know": {"kind": "guess"},
    },
    "core.share_count": {
        "a company has shares": {"shares_in_force": -100},
        "a count is not in force before it is reported": {"date": "2026-01-05", "count_date": "2026-01-06",
                                                      "count_age_sessions": 0},
        "an accepted count is in force": {"status": "accepted", "shares_in_force": 100, "feed_count": 101},
        "what is not accepted has a reason": {"status": "split_noise"},
        "a held count has stood": {"status": "held", "held_sessions": 0},
        "what drifts by up to 4 % is not held": {"status": "held", "ratio": 1.03},
    },
    "core.share_count_held": {
        "what is held is no drift": {"ratio": 1.01},
        "a count stands for a session at least": {"sessions": 0},
        "it ends after it starts": {"first_date": "2026-01-05", "last_date": "2026-01-04"},
        "an outcome we know": {"outcome": "lost"},
    },
}


@pytest.mark.parametrize("name", FAILING)
def test_every_assertion_can_fail(spec, name):
    assertions_fail(spec, name, FAILING[name])
