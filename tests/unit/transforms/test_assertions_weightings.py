"""Each assertion of the weightings and their sources can fail."""

from __future__ import annotations

import pytest
from assertions import assertions_fail

AT = "2026-01-05 21:15"
PUBLISHED = {"index_code": "NDX", "date": "2026-01-05", "published_on": "2026-01-06", "symbol": "AAA", "known_at": AT}
LIMIT = {"index_code": "NDX", "position": 1, "limited": "issuer", "above": 0.24, "target": 0.2}
DAY = {"date": "2026-01-05", "index_code": "NDX", "issuer": "AAA"}
SHARE = {"index_code": "NDX", "review": 0, "issuer": "AAA", "index_shares": 1.0, "factor": 1.0, "counted_on": "2026-01-02"}
PAIR = {"index_code": "NDX", "review": 0, "base": 0, "issuer": "AAA", "plain_weight": 1.0, "limited_weight": 1.0,
        "factor": 1.0}
FACT = {"date": "2026-01-05", "fact": "close", "first_source": "a", "second_source": "b", "first_value": 2.0,
        "second_value": 1.0, "difference": 1.0, "tolerance": 0.5, "is_within": False}

FAILING = {
    "staging.rebalance": {
        "a kind we know": {"kind": "weekly"},
        "set on what was known": {"effective_date": "2026-01-05", "reference_date": "2026-01-05"},
    },
    "staging.weight_limit": {
        "a limit we know": LIMIT | {"limited": "sector"},
        "a group has a size": [LIMIT | {"size": 5}, LIMIT | {"limited": "issuers_over"}],
        "limits are fractions": [LIMIT | {"target": 0.3}, LIMIT | {"target": 0}, LIMIT | {"above": 1.0, "target": 1.0},
                                 LIMIT | {"others_at_most": 0}],
    },
    "staging.published_weight": {
        "weights are fractions": [PUBLISHED | {"weight": 1.1}, PUBLISHED | {"weight": -0.1}],
        "a list is published on or after its day": PUBLISHED | {"published_on": "2026-01-04"},
        "nothing from after as_of": PUBLISHED | {"known_at": "2200-01-01 00:00"},
    },
    "core.implied_index_shares": {
        "weights are fractions": [{"weight": 0.0}, {"weight": 1.1}],
        "index shares are positive": {"index_shares": 0.0},
    },
    "core.anchored_value": {
        "a value today is the last one": DAY | {"close_value": 1.0, "last_value": 2.0},
        "an opening value has a return": [DAY | {"open_value": 0.5}, DAY | {"price_return": 0.1}],
        "a list is older than the session": DAY | {"list_date": "2026-01-05"},
    },
    "core.capped_value": {
        "a value today is the last one": DAY | {"close_value": 1.0},
        "an opening value has a return": [DAY | {"open_value": 0.5}, DAY | {"price_return": 0.1}],
    },
    "core.anchored_weight": {
        "weights are fractions": [DAY | {"weight": 0.0}, DAY | {"weight": 1.1}, DAY | {"open_weight": 0.0},
                                  DAY | {"open_weight": 1.1}],
        "an open weight has a return": [DAY | {"open_weight": 0.5}, DAY | {"price_return": 0.1}],
        "a list is older than the session": DAY | {"list_date": "2026-01-05"},
    },
    "core.issuer_unit": {"a company is worth something": [{"units": 0.0, "level": 1.0}, {"units": 1.0, "level": 0.0}]},
    "core.index_rebalance": {
        "set on what was known": {"effective_date": "2026-01-05", "reference_date": "2026-01-05"},
        "a list known before it takes effect": [
            {"list_date": "2026-01-02", "list_published_on": "2026-01-05", "effective_date": "2026-01-05"},
            {"list_date": "2026-01-03", "list_published_on": "2026-01-02", "effective_date": "2026-01-05"}],
    },
    "core.investable_weight_factor": {
        "a part of the whole": [{"investable_weight_factor": 0.0}, {"investable_weight_factor": 1.2}],
        "a part or the whole": {"investable_weight_factor": 0.98},
    },
    "core.capping_factor": {
        "weights are fractions": [PAIR | {"plain_weight": 1.1, "limited_weight": 1.0}, PAIR | {"limited_weight": 0.0}],
        "limits only take": [PAIR | {"factor": 1.1}, PAIR | {"factor": 0.0}],
        "the weights add to one": [PAIR | {"limited_weight": 0.9}, PAIR | {"plain_weight": 0.9}],
    },
    "core.capping_reference": {
        "a base is not later than its rebalance": {"review": 1, "base": 2},
        "a broken limit sets the weights anew": {"review": 1, "base": 0, "broken_limit": 2},
        "a weight is a fraction": [{"largest_weight": 0.0}, {"largest_weight": 1.1}],
    },
    "core.index_shares": {
        "an index holds shares": SHARE | {"index_shares": 0.0},
        "limits only take": [SHARE | {"factor": 1.1}, SHARE | {"factor": 0.0}],
        "counted before they are held": SHARE | {"counted_on": None},
    },
    "core.capped_weight": {
        "weights are fractions": [DAY | {"weight": 0.0}, DAY | {"weight": 1.1}, DAY | {"open_weight": 0.0},
                                  DAY | {"open_weight": 1.1}],
        "an open weight has a return": [DAY | {"open_weight": 0.5}, DAY | {"price_return": 0.1}],
    },
    "core.weight_scheme": {"a weighting we know": {"weight_scheme": "equal"}},
    "audit.reconciliation": {
        "a difference is the difference": FACT | {"difference": 0.9},
        "within is within": FACT | {"is_within": True},
        "two sources are two": FACT | {"second_source": "a"},
    },
}


@pytest.mark.parametrize("name", FAILING)
def test_every_assertion_can_fail(spec, name):
    assertions_fail(spec, name, FAILING[name])
