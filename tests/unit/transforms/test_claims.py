"""Claims over drawn markets: what supports each, what does not, and when nothing can be said yet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest
from judged import judged, verdict
from tables import draw, weekdays


def regime(rows: Sequence[tuple], *columns: str) -> dict[str, str]:
    """marts.regime_daily with a date and these columns."""
    return {"marts.regime_daily": draw(dict(zip(("date", *columns), row, strict=True)) for row in rows)}


@pytest.mark.parametrize(("days", "expected"), [
    ([("2026-04-15", True, True), ("2026-04-30", False, False)], (1, "supported")),
    ([("2026-04-15", True, True)], (1, "supported")),                                     # a record stands
    ([("2026-04-15", True, False), ("2026-04-30", False, False)], (0, "partial")),        # at the close alone
    ([("2026-04-15", False, False), ("2026-04-30", False, False)], (0, "contradicted")),
    ([("2026-04-15", False, False), ("2026-04-29", False, False)], (None, "data_missing")),   # April is not over
    ([("2026-03-31", True, True), ("2026-05-01", True, True)], (None, "data_missing"))])      # nothing known of April
def test_records_of_april(spec, days, expected):
    rows = [(day, 100.0, close, intraday) for day, close, intraday in days]
    assert verdict(spec, "A01", regime(rows, "nasdaq_close", "is_ath_close", "is_ath_intraday")) == expected


@pytest.mark.parametrize(("claim", "closes", "expected"), [
    ("A02", {"2026-03-13": 40, "2026-03-27": 31.05, "2026-03-31": 25}, (31.05, "supported")),
    ("A02", {"2026-03-27": 32.5, "2026-03-31": 25}, (32.5, "contradicted")),
    ("A02", {"2026-03-27": 31.05, "2026-03-30": 25}, (None, "data_missing")),     # March is not over
    ("A03", {"2026-04-10": 18.3, "2026-04-14": 18.36, "2026-04-17": 17.5}, (18.36, "supported")),
    ("A03", {"2026-04-14": 19.0, "2026-04-17": 18.7}, (18.7, "contradicted")),
    ("A03", {"2026-04-14": 18.36, "2026-04-16": 17.9}, (None, "data_missing"))])
def test_the_vix_of_a_window(spec, claim, closes, expected):
    assert verdict(spec, claim, regime(list(closes.items()), "vix_close")) == expected


@pytest.mark.parametrize(("peak_on", "peak", "expected"), [
    ("2026-03-27", 31.05, "supported"), ("2026-03-27", 30.0, "contradicted"), ("2026-03-16", 31.05, "supported"),
    ("2026-03-15", 31.05, "contradicted")])     # 22 sessions before the 14th of April
def test_the_fall_is_measured_in_points_percent_and_sessions(spec, peak_on, peak, expected):
    days = [day for day in weekdays(60, date(2026, 2, 2)) if day <= date(2026, 4, 17)]
    closes = {day: 22.0 for day in days} | {date.fromisoformat(peak_on): peak, date(2026, 4, 14): 18.36}
    assert verdict(spec, "A04", regime(sorted(closes.items()), "vix_close"))[1] == expected


def test_three_stages_and_what_is_left_of_them_when_the_vix_was_calmer(spec):
    def stages(april: float, drawdown: float = -0.13, ahead: float = 103.0) -> tuple:
        days = {"2026-03-27": (31.0, "above_30", drawdown), "2026-04-01": (26.0, "25_to_30", -0.08),
                "2026-04-07": (april, "25_to_30", -0.07), "2026-04-16": (18.0, "below_20", 0.0),
                "2026-04-30": (17.0, "below_20", 0.0)}
        prices = [{"symbol": s, "date": d, "level": level} for s, d, level in (
            ("XLK", "2026-03-31", 100.0), ("XLK", "2026-04-08", ahead), ("SPY", "2026-03-31", 100.0),
            ("SPY", "2026-04-08", 101.0))]
        rows = [(day, *values) for day, values in days.items()]
        given = {**regime(rows, "vix_close", "band", "drawdown_return"), "core.security_price": draw(prices)}
        return verdict(spec, "A07", given)

    assert stages(25.5) == (4, "supported")
    assert stages(24.0) == (3, "partial")
    assert stages(19.5) == (3, "contradicted")
    assert stages(24.0, drawdown=-0.08) == (2, "contradicted")
    assert stages(25.5, ahead=100.0) == (3, "contradicted")


def forward(days: Sequence[date], bands: Sequence[str], falls: Sequence[float]) -> dict[str, str]:
    rows = list(zip(days, bands, strict=True))
    return {**regime(rows, "band"), "core.forward_window": draw(
        {"date": day, "forward_21d_drawdown_return": float(fall)} for day, fall in zip(days, falls, strict=True))}


def counted(evidence: str) -> tuple[int, int]:
    """How many shifts of the placebo gave as much, of how many."""
    found = re.search(r"(\d+) of (\d+) shifts", evidence)
    assert found
    return int(found[1]), int(found[2])


@pytest.mark.parametrize("seed", [1, 2])
def test_the_placebo_shifts_the_bands_round_the_end(spec, seed):
    draws = np.random.default_rng(seed)
    days = weekdays(400)
    bands = np.repeat(draws.choice(["above_30", "20_to_25", "below_20"], 40), 10)
    falls = -draws.exponential(0.03, 400)
    row = judged(spec, "A06", forward(days, bands, falls))

    def deeper(labels: np.ndarray) -> float:
        return np.median(falls[labels == "above_30"]) - np.median(falls[labels == "below_20"])

    shifts = [deeper(np.roll(bands, -k)) for k in range(63, 400, 63)]
    assert row["observed"] == pytest.approx(deeper(bands), abs=1e-12)
    assert counted(row["evidence"]) == (sum(s <= deeper(bands) for s in shifts), len(shifts))


def test_a_planted_fear_is_found_and_a_lone_direction_is_not_enough(spec):
    days = weekdays(1400)
    bands = np.repeat(np.random.default_rng(7).permutation(["above_30"] * 9 + ["below_20"] * 61), 20)
    fear = np.where(bands == "above_30", -0.08, -0.02) + np.random.default_rng(8).normal(0, 0.005, 1400)
    planted = judged(spec, "A06", forward(days, bands, fear))
    assert (planted["observed"], planted["verdict"]) == (pytest.approx(-0.06, abs=0.002), "supported")
    # With two shifts only, nothing is proved.
    start = int(np.argmax(bands == "above_30"))
    few = slice(start, start + 140)
    assert verdict(spec, "A06", forward(days[few], bands[few], fear[few]))[1] == "partial"
    assert verdict(spec, "A06", forward(days, bands, -0.1 - fear))[1] == "contradicted"
    assert verdict(spec, "A06", forward(days, np.full(1400, "below_20"), fear)) == (None, "data_missing")


def tiers(days: Sequence[date], bands: Sequence[str], excess: dict[str, Sequence[float]]) -> dict[str, str]:
    """The four tiers' daily excess on each day; the band is the day's own, so that the day after follows it."""
    return {**regime(list(zip(days, bands, strict=True)), "band"), "marts.rotation_daily": draw(
        {"date": day, "basket": basket, "basket_return": 0.001 + float(values[n]), "benchmark_return": 0.001}
        for basket, values in excess.items() for n, day in enumerate(days))}


def test_tiers_lead_on_the_day_after_their_band(spec):
    days, draws = weekdays(600), np.random.default_rng(3)
    bands = np.repeat(draws.choice(["above_30", "20_to_25", "below_20"], 60), 10)
    before = np.roll(bands, 1)
    leads = {"defensive": ["above_30"], "ai_leaders": ["20_to_25"], "semiconductors": ["below_20"],
             "crypto_equity": ["below_20"]}
    noise = {basket: draws.normal(0, 0.001, 600) for basket in leads}
    excess = {basket: noise[basket] + 0.01 * np.isin(before, leads[basket]) for basket in noise}
    assert verdict(spec, "A23", tiers(days, bands, excess)) == (3, "supported")
    # One band of three leads: partial, in that band alone.
    assert verdict(spec, "A23", tiers(days, bands, {**noise, "defensive": excess["defensive"]}))[1] == "partial"
    # Leading on the band's own day is no lead of the day after: nothing is left but chance.
    assert verdict(spec, "A23", tiers(days, bands, noise))[1] == "contradicted"


def recontraction(days: Sequence[date], fired: np.ndarray, returns: np.ndarray, vix: np.ndarray) -> dict[str, str]:
    return {**regime([(day, bool(f)) for day, f in zip(days, fired, strict=True)], "is_recontraction"),
            "core.forward_window": draw(
                {"date": day, "forward_21d_return": float(r), "forward_vix_change_21d_points": float(v)}
                for day, r, v in zip(days, returns, vix, strict=True))}


def test_a_signal_counts_once_a_month(spec):
    days, draws = weekdays(3000), np.random.default_rng(13)
    begins = np.cumsum(draws.integers(60, 140, 25))
    fired = np.isin(np.arange(3000), (begins[:, None] + np.arange(5)).ravel())      # five days in a row are one event
    returns = np.where(fired, -0.05, 0.02)
    row = judged(spec, "A27", recontraction(days, fired, returns, np.where(fired, 3.0, -0.5)))
    assert (row["observed"], row["verdict"]) == (pytest.approx(-0.07), "supported")
    assert "after 25 events" in row["evidence"]
    # The VIX falling after it contradicts what the signal is said to mean.
    assert verdict(spec, "A27", recontraction(days, fired, returns, np.where(fired, -3.0, -0.5)))[1] == "contradicted"
    few = np.isin(np.arange(3000), begins[:9])
    assert verdict(spec, "A27", recontraction(days, few, returns, returns))[1] == "data_missing"


def weakness(days: Sequence[date], below: np.ndarray, returns: np.ndarray) -> dict[str, str]:
    return {
        "core.basket_trend": draw({"basket": "semiconductors", "date": day, "sessions_below_mean": int(b)}
                                  for day, b in zip(days, below, strict=True)),
        "core.index_level": draw({"symbol": "^IXIC", "date": day, "price_return": float(r)}
                                 for day, r in zip(days, returns, strict=True)),
    }


def test_weak_leaders_hit_the_index_of_the_next_day(spec):
    days, n = weekdays(600), np.arange(600)
    below = np.maximum(n % 120 - 80, 0)       # below the mean for 39 sessions in a row, weak from the tenth on
    weak_before = np.roll(below >= 10, 1)
    draws = np.random.default_rng(5)
    quiet = draws.normal(0, 0.002, 600)
    hit = judged(spec, "A28", weakness(days, below, quiet - 0.02 * weak_before))
    assert hit["verdict"] == "supported"
    assert hit["observed"] == pytest.approx(-0.02, abs=0.001)
    assert verdict(spec, "A28", weakness(days, below, quiet))[1] == "contradicted"
    assert verdict(spec, "A28", weakness(days[:90], below[:90], quiet[:90])) == (None, "data_missing")


def test_a_weight_is_held_in_the_indexs_own_weighting_and_else_partial(spec):
    def technology(capped: float, full: float) -> tuple:
        return verdict(spec, "A09", {"marts.sector_weight_daily": f"""
            date       | index_code | weight_scheme | taxonomy | sector                 | weight
            2026-05-28 | NDX        | capped        | gics     | Information Technology | 0.9
            2026-05-29 | NDX        | capped        | gics     | Information Technology | {capped}
            2026-05-29 | NDX        | full_cap      | gics     | Information Technology | {full}
            2026-05-29 | NDX        | capped        | gics     | Energy                 | 0.58
        """})

    assert technology(0.57, 0.62) == (0.57, "supported")
    assert technology(0.53, 0.58) == (0.53, "partial")
    assert technology(0.53, 0.62) == (0.53, "contradicted")


def test_bitcoin_is_paired_with_the_day_it_traded_on(spec):
    """A session's row holds the UTC day of its own date."""
    days = weekdays(90, date(2026, 1, 5))
    moves = np.random.default_rng(11).normal(0, 0.02, len(days))
    level = 100 * np.cumprod(1 + moves)
    before, after = days.index(date(2026, 4, 9)), days.index(date(2026, 4, 20))
    level[after:] *= 1.05 * level[before] / level[after]
    own = np.append(0, level[1:] / level[:-1] - 1)
    coins = draw({"symbol": "BTC-USD", "date": day, "level": float(x), "price_return": float(r)}
                 for day, x, r in zip(days, level, own, strict=True))

    def crypto(returns: np.ndarray) -> tuple:
        return verdict(spec, "A21", {"core.security_price": coins, "marts.rotation_daily": draw(
            {"date": day, "basket": "crypto_equity", "basket_return": float(r)}
            for day, r in zip(days, returns, strict=True))})

    assert crypto(2 * own) == (pytest.approx(0.05), "supported")
    assert crypto(2 * np.roll(own, 1))[1] == "contradicted"


def test_capital_expenditure_is_summed_over_those_with_a_year_before(spec):
    def builders(*issuers: str) -> tuple:
        rows = [{"issuer": issuer, "period_end": "2026-03-31", "basis": "same_quarter", "quarters": 1,
                 "span": f"{{'capital_expenditure': {150 + n}}}", "base": f"{{'capital_expenditure': {100 + n}}}"}
                for n, issuer in enumerate(issuers)]
        rows.append({**rows[0], "issuer": "NVDA", "span": "{'capital_expenditure': 1}"})
        return verdict(spec, "A17", {"core.statement_year_on_year": draw(rows)})

    assert builders("AMZN", "GOOGL", "META") == (pytest.approx(453 / 303 - 1), "supported")
    assert builders("AMZN") == (pytest.approx(0.5), "partial")


def test_a_stage_that_another_stands_before_is_partial(spec):
    def stage(name: str, **conditions: bool) -> tuple:
        drawn = {"date": "2026-05-29", "stage": name, "is_band_below_20": True, "is_near_ath": True,
                 "is_top10_return_share_high": True, "is_rotation_fast": None, "is_crypto_leading": True, **conditions}
        return verdict(spec, "A25", {"marts.regime_daily": draw([drawn])})

    assert stage("mid_late_dispersion") == (1, "supported")
    assert stage("emotion_driven") == (0, "partial")
    assert stage("emotion_driven", is_crypto_leading=False) == (0, "contradicted")


@pytest.mark.parametrize(("verdict_of_it", "tau", "expected"), [
    ("match", 1.0, (1, "supported")), ("tie", 0.816, (0.816, "partial")), ("no_match", -1.0, (-1, "contradicted")),
    ("incomplete", None, (0, "contradicted")), ("open", None, (None, "data_missing"))])
def test_the_order_of_leadership(spec, verdict_of_it, tau, expected):
    episodes = draw([{"episode": "2026-03-27", "verdict": verdict_of_it, "kendall_tau": tau},
                     {"episode": "2026-03-06", "verdict": "no_match", "kendall_tau": -1.0}])
    assert verdict(spec, "A24", {"marts.rotation_sequence": episodes}) == expected
