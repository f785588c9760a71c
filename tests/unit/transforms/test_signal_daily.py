"""marts.signal_daily: a row when a state changes and no other, with the query that shows it."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from assertions import assertions_fail
from tables import draw, weekdays

MODEL = "marts.signal_daily"
DAYS = weekdays(12, date(2026, 3, 2))
at = datetime.fromisoformat


def regime(**columns) -> dict[str, str]:
    """marts.regime_daily with these columns, a value a session from 2026-03-02 on."""
    return {"marts.regime_daily": _daily(columns)}


def concentration(scheme="full_cap", index="NDX", **columns) -> dict[str, str]:
    return {"marts.concentration_daily": _daily(columns, index_code=index, weight_scheme=scheme)}


def _daily(columns, **keys) -> str:
    count = len(next(iter(columns.values())))
    return draw({"date": day, **keys, **{name: values[i] for name, values in columns.items()}, "known_at": f"{day} 21:15"}
                for i, day in enumerate(DAYS[:count]))


def changes(spec, given, signal) -> list[tuple]:
    """Number of the session from 0, previous, current and severity."""
    return [(DAYS.index(day), *row) for day, name, *row in spec.rows(
        MODEL, given, columns=["date", "signal", "previous", "current", "severity"]) if name == signal]


def test_a_band_change_is_a_signal_and_the_first_band_is_none(spec):
    bands = ["below_20", "below_20", "20_to_25", "25_to_30", "above_30", "above_30", "20_to_25"]
    assert changes(spec, regime(band=bands), "band") == [
        (2, "below_20", "20_to_25", "watch"), (3, "20_to_25", "25_to_30", "watch"),
        (4, "25_to_30", "above_30", "alert"), (6, "above_30", "20_to_25", "watch")]


def test_a_day_that_is_not_known_changes_nothing(spec):
    assert changes(spec, regime(band=[None, "below_20", None, "below_20", None, "above_30"]), "band") == [
        (5, "below_20", "above_30", "alert")]


def test_a_re_contraction_fires_and_is_confirmed_or_not(spec):
    fired = [False, True, False, False, True, False]
    confirmed = [None, False, True, False, False, False]
    assert changes(spec, regime(is_recontraction=fired, is_recontraction_confirmed=confirmed), "recontraction") == [
        (2, "fired", "confirmed", "alert"), (3, "confirmed", "none", "info"), (4, "none", "fired", "watch"),
        (5, "fired", "none", "info")]


@pytest.mark.parametrize(("stage", "severity"), [
    ("re_contraction", "alert"), ("high_vol_risk_off", "alert"), ("consolidation", "watch"), ("re_entry", "info"),
    ("emotion_driven", "watch"), ("mid_late_dispersion", "watch"), ("risk_on_expansion", "info")])
def test_a_stage_change(spec, stage, severity):
    assert changes(spec, regime(stage=["neutral", stage]), "stage") == [(1, "neutral", stage, severity)]


def test_records_and_drawdowns(spec):
    given = regime(is_ath_close=[True, False, False, True, None], is_correction=[False, True, True, False, None],
                   is_bear_market=[False, False, True, False, None])
    assert changes(spec, given, "ath") == [(1, "record", "below_record", "info"), (3, "below_record", "record", "info")]
    assert changes(spec, given, "correction") == [
        (1, "none", "correction", "watch"), (2, "correction", "bear_market", "alert"), (3, "bear_market", "none", "info")]


def test_the_ten_largest_pass_45_and_50_percent(spec):
    given = concentration("capped", top10_weight=[0.44, 0.4499, 0.45, None, 0.4999, 0.5, 0.6, 0.3])
    assert changes(spec, given, "top10_weight") == [
        (2, "below_0.45", "0.45_to_0.50", "watch"), (5, "0.45_to_0.50", "above_0.50", "alert"),
        (7, "above_0.50", "below_0.45", "info")]
    for others in ({"scheme": "full_cap"}, {"index": "SOX"}):
        assert changes(spec, concentration(**{"scheme": "capped", **others}, top10_weight=[0.4, 0.6]), "top10_weight") == []


def test_leaders_are_weak_when_ten_sessions_below_their_mean(spec):
    def trend(basket, counts):
        return {"core.basket_trend": _daily({"sessions_below_mean": counts}, basket=basket)}

    assert changes(spec, trend("ai_leaders", [None, 0, 8, 9, 10, 11, 0]), "leaders_weak") == [
        (4, "steady", "weak", "watch"), (6, "weak", "steady", "info")]
    assert changes(spec, trend("defensive", [0, 10]), "leaders_weak") == []


def test_a_residual_breach_is_of_a_weighting(spec):
    given = concentration("anchored", is_residual_large=[False, True, None, False])
    assert changes(spec, given, "residual_anchored") == [(1, "within", "large", "watch"), (3, "large", "within", "info")]


def test_plain_market_value_is_not_how_the_index_is_weighted_and_its_residual_no_signal(spec):
    assert changes(spec, concentration("full_cap", is_residual_large=[False, True, False]), "residual_full_cap") == []


def test_a_series_is_stale_beyond_its_limit_until_it_speaks_again(spec):
    given = {
        "staging.series": "series_id | stale_after_days\nNFCI | 7\nDGS10 | 99",
        "core.macro_as_known": draw(
            {"date": day, "series_id": series, "value": 1, "observation_date": reported, "known_at": f"{day} 21:15"}
            for series in ("NFCI", "DGS10")
            for day, reported in zip(DAYS[:8], ["2026-02-27"] * 7 + ["2026-03-06"], strict=True)),
    }
    # 2026-03-06 is seven days after the observation, 2026-03-09 ten.
    assert changes(spec, given, "stale_NFCI") == [(5, "fresh", "stale", "watch"), (7, "stale", "fresh", "info")]
    assert changes(spec, given, "stale_DGS10") == []


def test_a_share_count_is_stale_after_thirteen_months_until_the_feed_says_another(spec):
    given = {"marts.contribution_daily": _daily({"share_count_age_sessions": [272, 273, 274, None, 275, 0]},
                                                index_code="NDX", weight_scheme="full_cap", issuer="MELI")}
    assert changes(spec, given, "stale_count_MELI") == [(2, "fresh", "stale", "watch"), (5, "stale", "fresh", "info")]


def test_a_change_is_known_when_both_states_are(spec):
    given = regime(band=["below_20", "above_30", "below_20"])
    given["marts.regime_daily"] = given["marts.regime_daily"].replace("2026-03-03 21:15", "2026-03-20 12:00")
    assert [k for k, in spec.rows(MODEL, given, columns=["known_at"])] == [at("2026-03-20 12:00")] * 2


def test_the_evidence_of_every_signal_runs_and_shows_both_days(spec):
    given = {
        **regime(band=["below_20", None, "above_30"], stage=["neutral", None, "consolidation"],
                 is_ath_close=[True, None, False], is_correction=[False, None, True], is_bear_market=[False] * 3,
                 is_recontraction=[False, None, True], is_recontraction_confirmed=[False, None, False]),
        **concentration("capped", top10_weight=[0.4, None, 0.6], is_residual_large=[False, None, True]),
        "core.basket_trend": _daily({"sessions_below_mean": [0, None, 10]}, basket="ai_leaders"),
        "staging.series": "series_id | stale_after_days\nNFCI | 3",
        "core.macro_as_known": _daily({"observation_date": ["2026-03-01"] * 3, "value": [1, 1, 1]}, series_id="NFCI")
                               .replace("2026-03-04 | NFCI | 2026-03-01", "2026-03-04 | NFCI | 2026-02-01"),
        "marts.contribution_daily": _daily({"share_count_age_sessions": [1, None, 300]}, index_code="NDX",
                                           weight_scheme="full_cap", issuer="MELI"),
    }
    rows = spec.rows(MODEL, given, columns=["signal", "evidence"])
    assert {signal for signal, _ in rows} == {"band", "stage", "ath", "correction", "recontraction", "top10_weight",
                                              "residual_capped", "leaders_weak", "stale_NFCI", "stale_count_MELI"}
    spec.con.begin()
    try:
        for table, text in given.items():
            spec.insert(table, text)
        for signal, evidence in rows:
            shown = spec.con.execute(evidence).fetchall()
            first = DAYS[1] if signal == "stale_NFCI" else DAYS[0]
            assert (shown[0][0], shown[-1][0]) == (first, DAYS[2]), evidence
    finally:
        spec.con.rollback()


def test_assertions_can_fail(spec):
    shown = "select date, x from y where date between 'a' and 'b' order by date"
    assertions_fail(spec, MODEL, {
        "a change is one": [{"previous": "a", "current": "a"}, {"previous": "a"}, {"current": "a"}],
        "three severities": {"severity": "stop"},
        "evidence is a query": [{"evidence": "look yourself"}, {"evidence": shown.replace("date between", "day in")}],
        "nothing is known before its day": {"date": "2026-03-02", "known_at": "2026-03-01 21:15"},
    })


def test_a_fall_that_the_index_does_not_show_names_the_member(spec):
    """HON falls 6 % and is 0.68 % of the index, which is missed by just that: what it gave away was not declared."""
    missed = concentration("capped", residual_bp=[0.3, -0.4, 0.2, -0.3, 0.4, -3.6, 0.2])
    members = draw([{"date": DAYS[5], "index_code": "NDX", "weight_scheme": "capped", "issuer": issuer,
                     "price_return": price_return, "contribution": contribution, "known_at": f"{DAYS[5]} 21:15"}
                    for issuer, price_return, contribution in (
                        ("HON", -0.06, -0.00041), ("AMD", -0.07, -0.0012), ("PEP", -0.01, -0.00036))])
    given = {**missed, "marts.contribution_daily": members}
    (row,) = [row for row in spec.rows(MODEL, given, columns=["date", "signal", "previous", "current", "evidence"])
              if row[1].startswith("unexplained_fall")]
    assert row[:4] == (DAYS[5], "unexplained_fall_HON", "explained", "unexplained")
    assert "issuer = 'HON'" in row[4]
    # Where the index shows the fall, or is missed by as much every day, nobody is named.
    for residuals in ([0.3, -0.4, 0.2, -0.3, 0.4, 0.2, 0.2], [3.1, -4.4, 3.2, -3.3, 4.4, -3.6, 2.2]):
        shown = {**concentration("capped", residual_bp=residuals), "marts.contribution_daily": members}
        assert not [row for row in spec.rows(MODEL, shown, columns=["signal"]) if row[0].startswith("unexplained")]
