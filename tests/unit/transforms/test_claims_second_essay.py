"""The second essay's claims over drawn tables: operating leverage, cost, credit, rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from judged import judged, verdict
from tables import draw, weekdays

LEVERAGE = "marts.operating_leverage_quarterly"


def filed(**figures: Mapping[str, object]) -> dict[str, str]:
    """marts.operating_leverage_quarterly with the newest quarter of each company named."""
    return {LEVERAGE: draw({"issuer": issuer, "period_end": "2026-03-31", "basis": "same_quarter", **columns}
                           for issuer, columns in figures.items())}


@pytest.mark.parametrize(("stacks", "expected"), [
    ((3, 3, 3), (3, "supported")), ((3, 2, 3), (2, "partial")), ((3, 1, 3), (1, "contradicted")),
    ((3, None, 3), (None, "data_missing"))])
def test_stacked_margins_are_the_least_of_the_three_companies(spec, stacks, expected):
    names = ("NVDA", "AAPL", "MSFT")
    given = filed(**{name: {"margin_stack": stack} for name, stack in zip(names, stacks, strict=True)})
    assert verdict(spec, "B02", given) == expected


def test_missing_statements_are_said(spec):
    row = judged(spec, "B02", filed(NVDA={"margin_stack": None}, AAPL={"margin_stack": 3}))
    assert row["evidence"].startswith("1 of the 3 companies have statements that reach back a year.")


def test_pricing_resilience_is_the_least_steady_gross_margin(spec):
    def margins(nvidia: Sequence[float]) -> tuple:
        steady = (0.5, 0.51, 0.5, 0.51)
        rows = [{"issuer": issuer, "period_end": end, "revenue": 100.0, "gross_profit": 100 * margin}
                for issuer, held in (("NVDA", nvidia), ("AAPL", steady), ("MSFT", steady))
                for end, margin in zip(("2025-06-30", "2025-09-30", "2025-12-31", "2026-03-31"), held, strict=False)]
        return verdict(spec, "B03", {"core.statement_quarter": draw(rows)})

    assert margins((0.7, 0.72, 0.7, 0.72)) == (pytest.approx(np.std([0.7, 0.72, 0.7, 0.72], ddof=1)), "supported")
    assert margins((0.6, 0.7, 0.74, 0.75))[1] == "partial"
    assert margins((0.7, 0.7, 0.7)) == (None, "data_missing")


def test_builders_without_more_drag(spec):
    def leaders(*drags: float | None) -> tuple:
        return verdict(spec, "B04", filed(**{
            issuer: {"capex_to_revenue_change": 0.02, "operating_expense_to_revenue_change": drag}
            for issuer, drag in zip(("NVDA", "MSFT", "AAPL", "GOOGL", "AMZN", "META"), drags, strict=False)}))

    assert leaders(-0.01, 0.0, -0.02, 0.01) == (0.75, "supported")
    assert leaders(-0.01, 0.01, -0.02) == (pytest.approx(2 / 3), "partial")
    assert leaders(0.01, 0.01, -0.02)[1] == "contradicted"
    assert leaders(-0.01, -0.01, None) == (None, "data_missing")      # two of six tell nothing


def priced(returns: Mapping[str, float], end: str = "2026-05-29") -> dict[str, str]:
    """core.security_price of these companies 63 sessions apart, and the index whose sessions they are."""
    rows = [{"symbol": symbol, "date": day, "position": position, "level": level} for symbol, change in returns.items()
            for day, position, level in (("2026-02-27", 37, 100.0), (end, 100, 100 * (1 + change)))]
    return {"core.security_price": draw(rows),
            "core.index_level": draw([{"symbol": "^IXIC", "date": end, "position": 100}])}


def test_value_follows_leverage_by_ranks(spec):
    names = [f"C{n:02}" for n in range(12)]

    def slope(returns: Sequence[float], companies: int = 12) -> tuple:
        chosen = names[:companies]
        return verdict(spec, "B05", {
            **filed(**{name: {"incremental_margin": n / 10} for n, name in enumerate(chosen)}),
            **priced(dict(zip(chosen, map(float, returns), strict=False)))})

    rising = np.arange(12) / 50
    swapped = rising[[1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10]]
    x = np.arange(12) / 11
    assert slope(swapped) == (pytest.approx(np.polyfit(x, np.argsort(np.argsort(swapped)) / 11, 1)[0]), "supported")
    assert slope(-rising)[1] == "contradicted"
    assert slope(rising[[5, 9, 1, 11, 2, 6, 8, 0, 3, 10, 4, 7]])[1] in ("partial", "contradicted")
    assert slope(rising, companies=9) == (None, "data_missing")


def test_rates_must_hurt_all_four_sectors_more_than_technology(spec):
    def funds(xlf: float, capex: Sequence[float] = (0.3, 0.3, 0.3)) -> tuple:
        betas = {"xlf": xlf, "xli": -0.002, "xlre": -0.002, "xle": -0.002, "xlk": 0.0}
        issuers = {f"P{n}": ("Energy", share) for n, share in enumerate(capex)} | {"T": ("Information Technology", 0.1)}
        return verdict(spec, "B06", {
            "marts.rate_beta_daily": draw({"date": "2026-05-29", "asset": asset, "rate_beta_126d": beta,
                                           "rate_beta_126d_standard_error": 0.0005} for asset, beta in betas.items()),
            "core.instrument": draw({"symbol": issuer, "gics_sector": sector} for issuer, (sector, _) in issuers.items()),
            **filed(**{issuer: {"capex_to_revenue": share} for issuer, (_, share) in issuers.items()})})

    assert funds(-0.002) == (4, "supported")
    assert funds(-0.002, capex=(0.3, 0.3)) == (4, "contradicted")     # too few statements to call them capital-intensive
    assert funds(-0.001) == (3, "partial")                            # not two standard errors of the difference
    assert funds(-0.001, capex=())[1] == "partial"


def macro(series: str, values: Mapping[str, float | None]) -> list[dict[str, object]]:
    return [{"series_id": series, "date": day, "value": 100.0, "change_return": change, "change": change}
            for day, change in values.items()]


def test_input_costs_vary_more_than_wages(spec):
    months = [f"{year}-{month:02}-01" for year in (2024, 2025) for month in range(1, 13)]

    def costs(swing: float, wage: float) -> tuple:
        rows = [row for series, level, size in (("AHETPI", wage, 0.001), ("ECIWAG", 0.035, 0.002), ("PPIACO", 0.02, swing))
                for row in macro(series, {day: level + size * (-1) ** n for n, day in enumerate(months)})]
        return verdict(spec, "B07", {"core.macro_year_on_year": draw(rows)})

    assert costs(0.02, 0.04) == (pytest.approx(10), "supported")
    assert costs(0.02, 0.02) == (pytest.approx(10), "partial")
    assert costs(0.003, 0.04) == (pytest.approx(1.5), "contradicted")


def test_consumers_pull_back_in_real_terms_and_in_prices(spec):
    def consumers(sales: float, discretionary: float) -> tuple:
        return verdict(spec, "B08", {
            "core.macro_year_on_year": draw(
                macro("RSAFS", {"2026-04-01": sales}) + macro("CPIAUCSL", {"2026-04-01": 0.03})),
            "marts.rotation_daily": draw({"date": "2026-05-29", "basket": basket, "rs_63d": rs}
                                         for basket, rs in (("xly", discretionary), ("xlp", 0.0)))})

    assert consumers(0.01, -0.05) == (pytest.approx(-0.02), "supported")
    assert consumers(0.01, 0.05)[1] == "contradicted"
    assert consumers(0.05, -0.05)[1] == "partial"
    assert consumers(0.05, 0.05)[1] == "contradicted"


@pytest.mark.parametrize(("standards", "spread", "expected"), [
    (12.0, 0.5, "supported"), (12.0, -0.5, "contradicted"), (3.0, 0.5, "contradicted"), (-10.4, -0.3, "partial")])
def test_credit_shifts_when_banks_and_spreads_tighten(spec, standards, spread, expected):
    days = weekdays(64)
    assert verdict(spec, "B09", {
        "core.macro_year_on_year": draw(macro("DRTSCILM", {"2026-01-01": 0.0, "2026-04-01": standards})),
        "marts.regime_daily": draw({"date": day, "hy_oas_pct": 3 + spread * n / 63} for n, day in enumerate(days)),
    })[1] == expected


def divergence(days: int, **columns: Sequence[object]) -> dict[str, str]:
    base = {"is_divergent_day": [False] * days, "sp500_return": [0.001] * days, "spread_63d_return": [0.05] * days,
            "is_decline_without_credit_stress": [False] * days, **columns}
    return {"marts.divergence_daily": draw({"date": day, **{name: values[n] for name, values in base.items()}}
                                           for n, day in enumerate(weekdays(days)))}


@pytest.mark.parametrize(("place", "fall", "expected"), [
    (70, -0.001, (1, "supported")), (70, -0.02, (0, "partial")), (5, -0.001, (0, "contradicted"))])    # 63 sessions of 80
def test_a_record_beside_a_small_fall(spec, place, fall, expected):
    falls, divergent = [0.001] * 80, [False] * 80
    falls[place], divergent[place] = fall, True
    assert verdict(spec, "B01", divergence(80, sp500_return=falls, is_divergent_day=divergent)) == expected


def test_a_decline_meets_its_own_days_spread_and_not_that_of_the_day_before(spec):
    days = weekdays(64)
    falls = [n % 3 == 0 for n in range(63)]

    def credit(widens_on_falls: bool, flagged: bool) -> tuple:
        spread, level = [3.0], 3.0
        for fell in falls:
            level += 0.01 if fell == widens_on_falls else -0.005
            spread.append(level)
        return verdict(spec, "B10", {
            "marts.divergence_daily": draw({"date": day, "sp500_return": -0.01 if fell else 0.01,
                                            "is_decline_without_credit_stress": fell and flagged}
                                           for day, fell in zip(days[1:], falls, strict=True)),
            # Known an evening late: the row of a day holds the spread of the day before.
            "core.macro_as_known": draw({"date": after, "series_id": "BAMLH0A0HYM2", "value": pct, "observation_date": day}
                                        for day, after, pct in zip(days[:-1], days[1:], spread, strict=False))})

    assert credit(widens_on_falls=False, flagged=False) == (1.0, "supported")
    assert credit(widens_on_falls=True, flagged=True) == (0.0, "partial")
    assert credit(widens_on_falls=True, flagged=False) == (0.0, "contradicted")


def test_leaders_are_decoupled_from_rates_and_from_industrials(spec):
    days, draws = weekdays(126), np.random.default_rng(17)
    cycle = draws.normal(0, 0.01, 126)

    def leaders(own: np.ndarray, error: float) -> tuple:
        return verdict(spec, "B11", {
            "marts.rate_beta_daily": draw([{"date": days[-1], "asset": "ai_leaders", "rate_beta_126d": -0.0003,
                                            "rate_beta_126d_standard_error": error}]),
            "marts.rotation_daily": draw({"date": day, "basket": basket, "basket_return": float(values[n])}
                                         for basket, values in (("ai_leaders", own), ("xli", cycle))
                                         for n, day in enumerate(days))})

    noise = draws.normal(0, 0.01, 126)
    assert leaders(noise, 0.0003) == (pytest.approx(1), "supported")
    assert leaders(cycle + noise / 10, 0.0003)[1] == "partial"
    assert leaders(noise, 0.0001) == (pytest.approx(3), "contradicted")


@pytest.mark.parametrize(("squeezed", "companies", "expected"), [
    (6, 12, (0.5, "supported")), (4, 12, (pytest.approx(1 / 3), "partial")), (3, 12, (0.25, "contradicted")),
    (9, 9, (None, "data_missing"))])
def test_growth_that_no_longer_pays_for_cost(spec, squeezed, companies, expected):
    figures = {f"C{n:02}": {"revenue_change_return": 0.1, "operating_margin_change": -0.01 if n < squeezed else 0.01}
               for n in range(companies)}
    leader = {"revenue_change_return": 0.1, "operating_margin_change": -0.01}
    shrunk = {"revenue_change_return": -0.1, "operating_margin_change": -0.01}
    assert verdict(spec, "B12", filed(**figures, NVDA=leader, Z=shrunk)) == expected


def test_growth_without_leverage_is_held_against_growth_with_it(spec):
    def growers(low: float, high: float, count: int = 5) -> tuple:
        degrees = {f"L{n}": 0.5 for n in range(count)} | {f"H{n}": 2.0 for n in range(5)}
        return verdict(spec, "B13", {
            **filed(**{name: {"revenue_change_return": 0.1, "degree_of_operating_leverage": degree}
                       for name, degree in degrees.items()}),
            **priced({name: low if name[0] == "L" else high for name in degrees})})

    assert growers(-0.05, 0.1) == (pytest.approx(-0.15), "supported")
    assert growers(0.02, 0.1) == (pytest.approx(-0.08), "partial")
    assert growers(0.2, 0.1) == (pytest.approx(0.1), "contradicted")
    assert growers(-0.05, 0.1, count=4) == (None, "data_missing")


@pytest.mark.parametrize(("physical", "recent", "expected"), [
    (-0.02, 0.03, (-0.02, "supported")), (-0.02, 0.01, (-0.02, "contradicted")), (0.02, 0.03, (0.02, "partial"))])
def test_the_record_sorts(spec, physical, recent, expected):
    days = weekdays(252)
    assert verdict(spec, "B17", {
        "marts.divergence_daily": draw([{"date": days[-1], "cyclicals_minus_ai_leaders_rs_21d": physical}]),
        "marts.rotation_speed_daily": draw({"date": day, "dispersion": recent if n >= 231 else 0.02}
                                           for n, day in enumerate(days))}) == expected
