"""marts.rotation_sequence: the order in which the tiers took the lead, and what it is called."""

from __future__ import annotations

from itertools import product

import pytest
from assertions import assertions_fail
from scipy import stats
from tables import draw, sessions, weekdays

MODEL = "marts.rotation_sequence"
DAYS = weekdays(120)
PEAK = 20
TIERS = ("defensive", "ai_leaders", "semiconductors", "crypto_equity")
JUDGED = TIERS[1:]
COLUMNS = ["verdict", "kendall_tau", "order_observed", "sessions_observed"]


def day(after_peak: int) -> str:
    return str(DAYS[PEAK + after_peak - 1])


def episode(leads: dict[str, int], last: int, declared: int = 2, without_history: tuple[str, ...] = ()) -> dict[str, str]:
    """One episode; leads in sessions after the peak, each confirmed two later, as far as the `last` session knows."""
    known = {tier: k for tier, k in leads.items() if k + 2 <= last}
    rows = [{"episode": day(0), "tier": tier, "has_history": tier not in without_history,
             "lead_date": day(known[tier]) if tier in known else None,
             "lead_position": PEAK + known[tier] if tier in known else None,
             "confirmed_position": PEAK + known[tier] + 2 if tier in known else None,
             "known_at": f"{day(last)} 21:15"} for tier in TIERS]
    levels = [{"basket": "ai_leaders", "date": day(last), "position": PEAK + last}]
    risk = [{"basket": tier, "date": day(k), "position": PEAK + k, "known_at": f"{day(k)} 21:15"}
            for tier in TIERS for k in range(last + 1)]
    return {
        "staging.session": sessions(DAYS[:PEAK + last]),
        "staging.basket": draw({"basket": tier, "role": "tier", "position": i} for i, tier in enumerate(TIERS, start=1)),
        "core.vix_episode": draw([{"episode": day(0), "peak_position": PEAK, "peak_vix_close": 31.0,
                                   "declared_on": day(declared), "declared_position": PEAK + declared,
                                   "known_at": f"{day(declared)} 21:15"}]),
        "core.tier_lead": draw(rows), "core.basket_level": draw(levels), "core.basket_risk": draw(risk)}


def row(spec, *args, columns=COLUMNS, **kwargs) -> tuple:
    found, = spec.rows(MODEL, episode(*args, **kwargs), columns=columns)
    return found


def leads(*sessions_after: int) -> dict[str, int]:
    return dict(zip(JUDGED, sessions_after, strict=True))


def test_the_expected_order_is_a_match(spec):
    assert row(spec, leads(3, 12, 19), last=43) == ("match", 1, "ai_leaders < semiconductors < crypto_equity", 21)


@pytest.mark.parametrize("order", list(product((1, 5, 9), repeat=3)))
def test_every_order_has_its_name_and_scipys_tau(spec, order):
    verdict, tau, _, _ = row(spec, leads(*order), last=43)
    expected = stats.kendalltau([1, 2, 3], order).statistic
    assert tau == (pytest.approx(expected, abs=1e-12) if len(set(order)) > 1 else None)
    in_order = list(order) == sorted(order)
    assert verdict == ("no_match" if not in_order else "tie" if len(set(order)) < 3 else "match")


def test_an_order_is_written_with_its_ties(spec):
    tied = {"defensive": 5, **leads(1, 5, 9)}
    assert row(spec, tied, last=43)[2] == "ai_leaders < defensive = semiconductors < crypto_equity"


def test_a_tier_that_did_not_lead_in_63_sessions_leaves_it_incomplete(spec):
    two = {"ai_leaders": 3, "crypto_equity": 2}
    assert row(spec, two, last=80) == ("incomplete", None, "crypto_equity < ai_leaders", 63)
    assert row(spec, {}, last=63) == ("incomplete", None, None, 63)


def test_until_then_it_is_open_and_known_with_the_last_session(spec):
    tables = {"ai_leaders": 3, "semiconductors": 12}
    assert row(spec, tables, last=62) == ("open", None, "ai_leaders < semiconductors", 62)
    assert str(row(spec, tables, last=62, columns=["known_at"])[0]) == f"{day(62)} 21:15:00"


def test_a_settled_row_is_known_with_its_settling_session_and_changes_no_more(spec):
    tables = {"defensive": 40, **leads(3, 12, 19)}
    then, now = (episode(tables, last=last) for last in (21, 60))
    settled, = spec.rows(MODEL, then)
    assert spec.rows(MODEL, now) == [settled]
    names = dict(zip(spec.model(MODEL).columns, settled, strict=True))
    assert str(names["known_at"]) == f"{day(21)} 21:15:00"
    assert names["defensive_lead_date"] is None
    assert row(spec, tables, last=20) == ("open", None, "ai_leaders < semiconductors", 20)


def test_defensive_is_reported_where_it_led_by_then(spec):
    found = row(spec, {"defensive": 8, **leads(3, 12, 19)}, last=43, columns=["defensive_lead_date", "verdict"])
    assert (str(found[0]), found[1]) == (day(8), "match")


def test_nothing_is_settled_before_the_episode_is_declared(spec):
    assert row(spec, leads(1, 2, 3), last=43, declared=30) == (
        "match", 1, "ai_leaders < semiconductors < crypto_equity", 30)
    assert row(spec, {}, last=80, declared=70)[0::3] == ("incomplete", 70)


def test_where_a_tier_had_no_history_there_is_no_verdict(spec):
    assert row(spec, {"ai_leaders": 3}, last=80, without_history=("crypto_equity",))[0] is None
    assert row(spec, leads(3, 12, 19), last=80, without_history=("defensive",))[0] == "match"


def test_prices_behind_the_calendar_settle_nothing(spec):
    tables = episode({"ai_leaders": 3}, last=50)
    tables["staging.session"] = sessions(DAYS)
    found, = spec.rows(MODEL, tables, columns=COLUMNS)
    assert found == ("open", None, "ai_leaders", 50)


def test_late_prices_of_the_window_delay_what_is_known(spec):
    tables = episode(leads(3, 12, 19), last=43)
    tables["core.basket_risk"] = tables["core.basket_risk"].replace(f"{day(10)} 21:15", "2020-12-24 12:00")
    found, = spec.rows(MODEL, tables, columns=["known_at"])
    assert str(found[0]) == "2020-12-24 12:00:00"


def test_assertions_can_fail(spec):
    three = {f"{tier}_lead_date": day(k) for tier, k in leads(1, 2, 3).items()}
    assertions_fail(spec, MODEL, {
        "a verdict we know": {"verdict": "perhaps"},
        "declared after the peak": {"episode": day(1), "declared_on": day(1)},
        "a lead begins after the peak": [{"episode": day(1), f"{tier}_lead_date": day(1)} for tier in TIERS],
        "a match is in order": [three | {"verdict": "match", "kendall_tau": 0.3},
                                three | {"verdict": "match", "kendall_tau": 1, "crypto_equity_lead_date": day(2)}],
        "an order takes three": [three | {"verdict": "open"}, {"verdict": "tie"}],
        "tau is a correlation": {"kendall_tau": -1.1},
        "nothing is known before its day": {"declared_on": day(1), "known_at": f"{day(0)} 21:15"},
    })
