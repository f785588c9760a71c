"""Each assertion of the concentration side can fail: a row that fails it, and the assertion that reports it.

A row is drawn as changes to a sound row of its model, which meets every assertion.
"""

from __future__ import annotations

import pytest

from transforms.engine.build import check_assertions
from warehouse.errors import AssertionFailed

AT = "2026-01-05 21:15"
SOUND: dict[str, dict[str, object]] = {
    "staging.session": {"date": "2026-01-05", "position": 1, "open_at": "2026-01-05 14:30",
                        "close_at": "2026-01-05 21:00", "known_at": AT},
    "staging.instrument": {"symbol": "AAA", "kind": "stock", "issuer": "AAA", "is_primary_line": True,
                           "since": "2020-01-02", "until": "2026-01-05"},
    "staging.universe": {"index_code": "NDX"},
    "staging.universe_member": {"index_code": "NDX", "symbol": "AAA", "valid_from": "2020-01-02",
                                "valid_to": "2026-01-05"},
    "staging.price_bar": {"symbol": "AAA", "date": "2026-01-05", "close": 10, "known_at": AT},
    "staging.price_bar_by_source": {"symbol": "AAA", "date": "2026-01-05", "source": "yahoo", "close": 10, "known_at": AT},
    "staging.split": {"symbol": "AAA", "date": "2026-01-05", "ratio": 2, "known_at": AT},
    "staging.shares_outstanding": {"symbol": "AAA", "date": "2026-01-05", "shares_outstanding": 100, "known_at": AT},
    "core.security_price": {"symbol": "AAA", "date": "2026-01-06", "level": 10, "previous_date": "2026-01-05",
                            "gap_sessions": 0, "price_return": 0.1},
    "core.security_breadth": {"symbol": "AAA", "date": "2026-01-05", "is_new_high_252d": True,
                              "is_new_low_252d": False},
    "core.index_member": {"date": "2026-01-05", "index_code": "NDX", "symbol": "AAA", "is_priced": True,
                          "known_at": AT},
    "core.index_coverage": {"date": "2026-01-05", "index_code": "NDX", "members": 101, "issuers": 100,
                            "coverage_share": 1, "return_share": 1, "is_covered": True, "has_return": True},
    "core.full_cap_value": {"date": "2026-01-06", "index_code": "NDX", "issuer": "AAA", "close_value": 100,
                            "last_value": 100, "open_value": 90, "price_return": 0.1},
    "core.weight_coverage": {"date": "2026-01-05", "index_code": "NDX", "weight_scheme": "full_cap", "coverage_share": 1,
                             "return_share": 1, "is_covered": True, "has_return": True},
    "core.issuer_value": {"issuer": "AAA", "date": "2026-01-06", "market_cap": 100, "previous_date": "2026-01-05",
                          "open_market_cap": 90, "price_return": 0.1},
    "core.full_cap_weight": {"date": "2026-01-06", "index_code": "NDX", "issuer": "AAA", "weight": 1,
                             "open_weight": 1, "price_return": 0.1},
    "core.index_weight": {"date": "2026-01-06", "index_code": "NDX", "weight_scheme": "full_cap", "issuer": "AAA",
                          "weight": 1, "open_weight": 1, "price_return": 0.1},
    "marts.contribution_daily": {"date": "2026-01-06", "index_code": "NDX", "weight_scheme": "full_cap",
                                 "issuer": "AAA", "open_weight": 0.5, "price_return": 0.1, "contribution": 0.05,
                                 "sector": "Energy", "rank": 1},
    "marts.sector_weight_daily": {"date": "2026-01-06", "index_code": "NDX", "weight_scheme": "full_cap",
                                  "taxonomy": "gics", "sector": "Energy", "weight": 1},
    "marts.concentration_daily": {
        "date": "2026-01-06", "index_code": "NDX", "weight_scheme": "full_cap", "members": 4, "issuers": 3,
        "coverage_share": 1, "top1_weight": 0.5, "top5_weight": 1, "top10_weight": 1, "top10_issuers": "[A, B, C]",
        "hhi": 0.4, "effective_names": 2.5, "entropy": 1.0, "gini": 0.3, "index_return": 0.012,
        "official_return": 0.01, "residual_bp": 20, "advancers": 3, "decliners": 1, "above_50d_share": 0.5,
        "above_200d_share": 0.5, "new_highs_252d": 1, "new_lows_252d": 1},
    "audit.quarantine": {"feed": "bars", "key": "AAA", "row_json": "{}", "reason": "wrong"},
    "audit.coverage": {"date": "2026-01-05", "feed": "bars", "expected": 2, "received": 1, "missing": 1, "late": 0,
                       "missing_keys": "[AAA]"},
}

FAILING: list[tuple[str, str, dict[str, object]]] = [
    ("staging.session", "a session closes after it opens", {"close_at": "2026-01-05 14:00"}),
    ("staging.session", "prices are known after the close", {"known_at": "2026-01-05 20:00"}),
    ("staging.instrument", "a kind we know", {"kind": "bond"}),
    ("staging.instrument", "the primary line gives the issuer its name", {"issuer": "BBB"}),
    ("staging.instrument", "it ends after it starts", {"until": "2019-01-02"}),
    ("staging.universe_member", "a stay ends after it starts", {"valid_to": "2020-01-02"}),
    ("staging.price_bar", "prices are positive", {"close": 0}),
    ("staging.price_bar_by_source", "prices are positive", {"close": 0}),
    ("staging.price_bar_by_source", "the day's range holds its close, or is far from it", {"high": 9.9}),
    ("staging.price_bar_by_source", "the day's range holds its close, or is far from it", {"low": 10.1}),
    ("staging.price_bar_by_source", "nothing from after as_of", {"known_at": "2200-01-01"}),
    ("staging.price_bar_by_source", "no high or low is known before its close", {"high_known_at": "2020-01-01"}),
    ("staging.split", "a split has a positive ratio", {"ratio": 0}),
    ("staging.split", "nothing from after as_of", {"known_at": "2200-01-01"}),
    ("staging.shares_outstanding", "a company has shares", {"shares_outstanding": 0}),
    ("staging.shares_outstanding", "nothing from after as_of", {"known_at": "2200-01-01"}),
    ("core.security_price", "levels are positive", {"level": 0}),
    ("core.security_price", "a return has a start, and a start a return", {"previous_date": None}),
    ("core.security_price", "a return spans five sessions at most", {"gap_sessions": 5}),
    ("core.security_price", "a return loses less than everything", {"price_return": -1}),
    ("core.security_breadth", "no close is a high and a low at once", {"is_new_low_252d": True}),
    ("core.index_member", "a priced member has the moment it was known", {"known_at": None}),
    ("core.index_coverage", "coverage is a share", {"return_share": 1.1}),
    ("core.index_coverage", "an issuer has at least one security", {"issuers": 102}),
    ("core.index_coverage", "a return needs levels", {"is_covered": False}),
    ("core.issuer_value", "a company is worth something", {"market_cap": 0}),
    ("core.issuer_value", "a return has an opening value", {"open_market_cap": None}),
    ("core.issuer_value", "it opens before it closes", {"previous_date": "2026-01-06"}),
    ("core.full_cap_value", "a value today is the last one", {"last_value": 90}),
    ("core.full_cap_value", "an opening value has a return", {"open_value": None}),
    ("core.weight_coverage", "coverage is a share", {"return_share": 1.1}),
    ("core.weight_coverage", "a return needs levels", {"is_covered": False}),
    ("core.full_cap_weight", "weights are fractions", {"weight": 1.1}),
    ("core.full_cap_weight", "an open weight has a return", {"price_return": None}),
    ("core.index_weight", "a weighting we know", {"weight_scheme": "guess"}),
    ("core.index_weight", "weights are fractions", {"open_weight": -0.1}),
    ("core.index_weight", "an open weight has a return", {"open_weight": None}),
    ("core.index_weight", "the weights of a session add to one", {"weight": 0.9}),
    ("marts.contribution_daily", "weights are fractions", {"open_weight": 0, "contribution": 0}),
    ("marts.contribution_daily", "a contribution is weight times return", {"contribution": 0.06}),
    ("marts.contribution_daily", "ranks count from one", {"rank": 0}),
    ("marts.contribution_daily", "every issuer has a sector", {"sector": None}),
    ("marts.contribution_daily", "a count is not younger than its report", {"share_count_age_sessions": -1}),
    ("marts.sector_weight_daily", "a taxonomy we know", {"taxonomy": "icb"}),
    ("marts.sector_weight_daily", "weights are fractions", {"weight": 1.1}),
    ("marts.sector_weight_daily", "the sectors of a taxonomy add to one", {"weight": 0.9}),
    ("marts.concentration_daily", "weights are fractions, the larger group the heavier", {"top1_weight": 1.1}),
    ("marts.concentration_daily", "coverage is a share", {"coverage_share": 1.1}),
    ("marts.concentration_daily", "no figures from less than 90 % of the weight", {"coverage_share": 0.89}),
    ("marts.concentration_daily", "between one name and all of them", {"effective_names": 3.1}),
    ("marts.concentration_daily", "entropy is at most that of equal weights", {"entropy": 1.2}),
    ("marts.concentration_daily", "gini is below 1", {"gini": 1.1}),
    ("marts.concentration_daily", "the ten largest are ten", {"top10_issuers": "[A, B]"}),
    ("marts.concentration_daily", "breadth is a share", {"above_200d_share": 1.1}),
    ("marts.concentration_daily", "advancers and decliners are members", {"advancers": 4}),
    ("marts.concentration_daily", "the residual is the difference shown", {"residual_bp": 21}),
    ("audit.coverage", "what was expected came or is missing", {"expected": 3}),
    ("audit.coverage", "late is received", {"late": 2}),
    ("audit.coverage", "what is missing has a name", {"missing_keys": "[]"}),
]


@pytest.fixture
def keep(spec, tmp_path):
    """Put rows into a model's table, check its assertions, and leave it empty again."""
    def run(name: str, *rows: dict[str, object]) -> None:
        spec.con.begin()
        try:
            for row in rows:
                columns, marks = ", ".join(row), ", ".join("?" for _ in row)
                spec.con.execute(f"insert into {name} ({columns}) values ({marks})", list(row.values()))
            check_assertions(spec.con, spec.model(name), tmp_path)
        finally:
            spec.con.rollback()
    return run


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_row_meets_every_assertion(keep, name):
    keep(name, SOUND[name])


@pytest.mark.parametrize(("name", "assertion", "change"), FAILING, ids=[f"{n}: {p}" for n, p, _ in FAILING])
def test_a_row_that_fails_an_assertion_is_reported_by_its_name(keep, name, assertion, change):
    with pytest.raises(AssertionFailed) as raised:
        keep(name, SOUND[name] | change)
    assert (raised.value.model, raised.value.assertion, raised.value.rows) == (name, assertion, 1)


@pytest.mark.parametrize("name", SOUND)
def test_a_grain_is_unique(keep, name):
    with pytest.raises(AssertionFailed, match="one row per"):
        keep(name, SOUND[name], SOUND[name])


@pytest.mark.parametrize("name", SOUND)
def test_every_assertion_has_a_row_that_fails_it(spec, name):
    assert set(spec.model(name).assertions) == {assertion for model, assertion, _ in FAILING if model == name}
