"""marts.regime_daily: the parts put together, a row for every session that has inputs."""

from __future__ import annotations

from datetime import date

from assertions import assertions_fail
from tables import draw, sessions, weekdays

MODEL = "marts.regime_daily"
STAGES = ("re_contraction", "high_vol_risk_off", "consolidation", "re_entry", "emotion_driven", "mid_late_dispersion",
          "risk_on_expansion", "neutral")
WEEK = {"staging.session": sessions(weekdays(5, date(2026, 3, 2)))}


def test_a_session_with_the_vix_or_the_nasdaq_has_a_row_and_no_other(spec):
    spec(MODEL, {**WEEK, "core.vix_state": """
        date       | vix_close | vix_source | band     | known_at
        2026-03-02 | 18        | yahoo      | below_20 | 2026-03-02 21:15
        2026-03-03 | 19        | fred       | below_20 | 2026-03-05 04:59
    """, "core.nasdaq_state": """
        date       | nasdaq_close | nasdaq_source | drawdown_return | known_at
        2026-03-02 | 22000        | yahoo         | 0               | 2026-03-02 21:15
        2026-03-05 | 21000        | yahoo         | -0.0454         | 2026-03-05 21:15
    """, "core.macro_as_known": """
        date       | series_id | value | observation_date | known_at
        2026-03-04 | DGS10     | 4.1   | 2026-03-03       | 2026-03-05 04:59
    """}, expect="""
        date       | vix_close | band     | nasdaq_close | nasdaq_source | drawdown_return | known_at
        2026-03-02 | 18        | below_20 | 22000        | yahoo         | 0               | 2026-03-02 21:15
        2026-03-03 | 19        | below_20 |              |               |                 | 2026-03-05 04:59
        2026-03-05 |           |          | 21000        | yahoo         | -0.0454         | 2026-03-05 21:15
    """)


def test_the_term_structure_is_backward_above_one(spec):
    spec(MODEL, {**WEEK, "core.vix_state": """
        date       | vix_close | vix_source | known_at
        2026-03-02 | 18        | yahoo      | 2026-03-02 21:15
        2026-03-03 | 20        | yahoo      | 2026-03-03 21:15
        2026-03-04 | 25        | yahoo      | 2026-03-04 21:15
        2026-03-05 | 25        | yahoo      | 2026-03-05 21:15
    """, "core.index_level": """
        symbol | date       | close | known_at
        ^VIX3M | 2026-03-02 | 20    | 2026-03-02 21:15
        ^VIX3M | 2026-03-03 | 20    | 2026-03-03 21:15
        ^VIX3M | 2026-03-04 | 20    | 2026-03-20 21:15
        ^NDX   | 2026-03-05 | 20    | 2026-03-05 21:15
    """}, expect="""
        date       | vix3m_close | vix_term_ratio | is_backwardation | known_at
        2026-03-02 | 20          | 0.9            | false            | 2026-03-02 21:15
        2026-03-03 | 20          | 1.0            | false            | 2026-03-03 21:15
        2026-03-04 | 20          | 1.25           | true             | 2026-03-20 21:15
        2026-03-05 |             |                |                  | 2026-03-05 21:15
    """)


def test_macro_columns_are_what_the_evening_knew_each_with_its_date(spec):
    spec(MODEL, {**WEEK, "core.vix_state": """
        date       | vix_close | vix_source | known_at
        2026-03-04 | 18        | yahoo      | 2026-03-04 21:15
    """, "core.macro_as_known": """
        date       | series_id    | value | observation_date | known_at
        2026-03-04 | BAMLH0A0HYM2 | 3.1   | 2026-03-03       | 2026-03-05 04:59
        2026-03-04 | BAA10Y       | 1.7   | 2026-03-03       | 2026-03-05 04:58
        2026-03-04 | T10Y2Y       | 0.5   | 2026-03-04       | 2026-03-05 04:57
        2026-03-04 | DGS10        | 4.1   | 2026-03-02       | 2026-03-04 21:15
        2026-03-04 | NFCI         | -0.5  | 2026-02-27       | 2026-03-04 21:15
        2026-03-04 | UNRATE       | 4.2   | 2026-02-01       | 2026-03-05 04:59:59
    """}, expect="""
        hy_oas_pct | hy_oas_pct_date | baa10y_pct | baa10y_pct_date | t10y2y_pct | t10y2y_pct_date | known_at
        3.1        | 2026-03-03      | 1.7        | 2026-03-03      | 0.5        | 2026-03-04      | 2026-03-05 04:59
    """)
    spec(MODEL, {**WEEK, "core.vix_state": """
        date       | vix_close | vix_source | known_at
        2026-03-04 | 18        | yahoo      | 2026-03-04 21:15
    """, "core.macro_as_known": """
        date       | series_id    | value | observation_date | known_at
        2026-03-04 | DGS10        | 4.1   | 2026-03-02       | 2026-03-04 21:15
        2026-03-04 | NFCI         | -0.5  | 2026-02-27       | 2026-03-04 21:15
    """}, expect="""
        dgs10_pct | dgs10_pct_date | nfci | nfci_date  | hy_oas_pct | hy_oas_pct_date
        4.1       | 2026-03-02     | -0.5 | 2026-02-27 |            |
    """)


def test_the_credit_change_is_between_rows_21_sessions_apart(spec):
    days = weekdays(23)
    tables = {
        "staging.session": sessions(days),
        "core.vix_state": draw({"date": day, "vix_close": 18, "vix_source": "yahoo", "known_at": f"{day} 21:15"}
                               for i, day in enumerate(days) if i != 1),
        "core.macro_as_known": draw({"date": day, "series_id": "BAMLH0A0HYM2", "value": 3 + i / 100,
                                     "observation_date": day, "known_at": f"{day} 21:15"}
                                    for i, day in enumerate(days)),
    }
    changes = [change for change, in spec.rows(MODEL, tables, columns=["hy_oas_change_21d_bp"])]
    # The second session has no row of its own, and the last one is 21 sessions after it all the same.
    assert changes[:-2] == [None] * 20
    assert [round(change, 9) for change in changes[-2:]] == [21, 21]


def test_assertions_can_fail(spec):
    macro = [{"vix_close": 1, f"{name}": 1} for name in ("hy_oas_pct", "baa10y_pct", "t10y2y_pct", "dgs10_pct", "nfci")]
    later = [{**row, "date": "2026-03-02", f"{list(row)[1]}_date": "2026-03-03"} for row in macro]
    assertions_fail(spec, MODEL, {
        "a row has the VIX or the Nasdaq": {"date": "2026-03-02"},
        "a close has its source": [{"vix_close": 18}, {"nasdaq_close": 22000}],
        "backwardation is VIX above VIX3M": {"vix_close": 18, "vix3m_close": 20, "is_backwardation": True},
        "a macro value has its date, not a later one": [*macro, *later],
        "a macro value has the quality of its known_at": [
            {"nfci": 1}, {"nfci": 1, "nfci_pit_quality": "rule", "pit_quality": "vintage"}, {"dgs10_pct": 4}],
        "a score has four gauges": [{"risk_score": 101, "risk_score_inputs": 6},
                                    {"risk_score": 50, "risk_score_inputs": 3}, {"risk_score_inputs": 4}],
        "a stage has its conditions": [
            *({"stage": name, "band": "x", "is_band_20_to_25": False, "is_band_below_20": False} for name in STAGES),
            *({"stage": name} for name in STAGES), {"stage": "another", "band": "below_20"}, {"band": "below_20"}],
        "nothing is known before its day": {"date": "2026-03-02", "known_at": "2026-03-01 21:15"},
    })
