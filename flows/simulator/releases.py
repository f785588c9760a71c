"""Simulate when each macro value became known and how it was revised, as rows with real-time periods."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from flows.simulator.macro import PATHS, TREASURY, bond_holidays, dates_of, values_of
from flows.simulator.market import Market
from flows.simulator.paths import Sessions, stream
from warehouse.catalog import Catalog, Series

# Day of the following month on which a month's figure is released; a negative one counts from the end of the same month.
RELEASE_DAY = {"CPIAUCSL": 12, "PPIACO": 14, "RSAFS": 15, "INDPRO": 16, "IPG3344S": 16, "UMCSENT": -3}
EMPLOYMENT = ("PAYEMS", "UNRATE", "AHETPI")             # on the first Friday after the third day of the month
QUARTER_DAYS = {"DRTSCILM": 38, "ECIWAG": 120}          # days after the quarter's first day
WEEK_DAYS = {"NFCI": 5, "STLFSI4": 6, "ICSA": 5}        # days after the week's end
LISTED_HOLIDAYS = ("VIXCLS", "VXVCLS", "NASDAQCOM", "NASDAQ100", "SP500", "DGS10", "DGS2", "T10Y2Y")
REESTIMATED_WEEKS, REESTIMATED_RELEASES = 26, 10


@dataclass
class Observations:
    """The rows of `observations`, and the revisions among them."""

    rows: dict[str, list] = field(default_factory=lambda: {name: [] for name in (
        "series_id", "date", "value", "realtime_start", "realtime_end", "pit_quality")})
    revisions: dict[str, list] = field(default_factory=lambda: {name: [] for name in (
        "series_id", "date", "realtime_start", "previous", "value", "reason")})

    def add(self, series: str, days: np.ndarray, values: np.ndarray, starts: np.ndarray, quality: str) -> None:
        """Add rows that are never revised."""
        nothing = np.full(len(days), np.datetime64("NaT", "D"))
        for name, column in (("date", days), ("value", values), ("realtime_start", starts), ("realtime_end", nothing)):
            self.rows[name].extend(column)
        self.rows["series_id"].extend([series] * len(days))
        self.rows["pit_quality"].extend([quality] * len(days))

    def add_vintages(self, series: str, day: np.datetime64, vintages: list[tuple[np.datetime64, float, str]]) -> None:
        """Add the values of one date in order of release, as (release, value, why); skip a repeated value."""
        kept = [vintages[0]]
        for release, value, reason in vintages[1:]:
            if value != kept[-1][1]:
                for name, item in zip(self.revisions, (series, day, release, kept[-1][1], value, reason), strict=True):
                    self.revisions[name].append(item)
                kept.append((release, value, reason))
        ends = [release - 1 for release, _, _ in kept[1:]] + [np.datetime64("NaT", "D")]
        for (release, value, _), end in zip(kept, ends, strict=True):
            for name, item in zip(self.rows, (series, day, value, release, end, "vintage"), strict=True):
                self.rows[name].append(item)


def observe(
    catalog: Catalog, market: Market, closes: dict[str, np.ndarray], sessions: Sessions, seed: int
) -> Observations:
    """Return the rows of every series of the catalog that were released by the last session."""
    found = Observations()
    for _, series in sorted(catalog.series.items()):
        days = dates_of(series, sessions)
        values = values_of(series, days, market, closes, sessions, seed)
        if series.known.rule == "vintage":
            if series.frequency == "weekly":
                _weekly(found, series, days, values, sessions, seed)
            else:
                _periodic(found, series, days, values, sessions, seed)
        else:
            _by_rule(found, series, days, values, sessions)
    return found


def _by_rule(found: Observations, series: Series, days: np.ndarray, values: np.ndarray, sessions: Sessions) -> None:
    """Add a figure that is never revised and becomes known by the catalog's rule."""
    if series.id in TREASURY:
        values = np.where(bond_holidays(days), np.nan, values)
    if series.frequency == "daily" and series.id not in LISTED_HOLIDAYS:
        days, values = days[~np.isnan(values)], values[~np.isnan(values)]
    known = series.known
    if known.lag_business_days is not None:
        starts = sessions.after(days, known.lag_business_days)
    else:
        lag = known.lag_days if known.lag_days is not None else known.after_period_end_days
        starts = days + (lag or 0)
    out = starts <= sessions.days[-1]
    found.add(series.id, days[out], values[out], starts[out], "rule")


def _weekly(
    found: Observations, series: Series, days: np.ndarray, values: np.ndarray, sessions: Sessions, seed: int
) -> None:
    """Add first releases; claims are revised a week later, and the conditions index re-estimates its recent past."""
    releases = sessions.after(days + WEEK_DAYS.get(series.id, 5), 0)
    out = releases <= sessions.days[-1]
    days, values, releases = days[out], values[out], releases[out]
    draw = stream(seed, "releases", series.id)
    for n, (day, value, release) in enumerate(zip(days, values.tolist(), releases, strict=True)):
        vintages = [(release, value, "first release")]
        if series.id == "ICSA" and n + 1 < len(days):
            vintages = [(release, value + 1000.0 * draw.integers(-4, 4), "first release"),
                        (releases[n + 1], value, "next week's revision")]
        if series.id == "NFCI":
            for later in range(max(n + 1, len(days) - REESTIMATED_RELEASES), min(n + REESTIMATED_WEEKS, len(days))):
                estimate = round(value + 0.004 * float(draw.standard_normal()), 3)
                vintages.append((releases[later], estimate, "re-estimate of recent weeks"))
        found.add_vintages(series.id, day, vintages)


def _periodic(
    found: Observations, series: Series, days: np.ndarray, values: np.ndarray, sessions: Sessions, seed: int
) -> None:
    """Add a first release, two monthly revisions, and for payrolls a benchmark each February."""
    path = PATHS.get(series.id)
    releases = np.array([_release(series, day.astype(object)) for day in days], "datetime64[D]")
    releases = sessions.after(releases, 0)
    draw = stream(seed, "releases", series.id)
    size = path.error if path else 0.0
    errors = size * draw.standard_normal((len(days), 2)) * (values[:, None] if path and path.grows else 1.0)
    decimals = path.decimals if path else 2
    februaries = [k for k, release in enumerate(releases) if release.astype(object).month == 2]
    wedge = values * _wedge(len(days), februaries, draw) if series.id == "PAYEMS" else np.zeros(len(days))
    for n, day in enumerate(days):
        vintages = [(k, values[n] + error, why) for k, error, why in (
            (n, errors[n].sum(), "first release"), (n + 1, errors[n, 1], "second release"),
            (n + 2, 0.0, "third release")) if k < len(days) and (size or k == n)]
        benchmark = next((k for k in februaries if k > n), None)
        if wedge[n] and benchmark is not None and releases[benchmark] <= sessions.days[-1]:
            vintages = _with_benchmark(vintages, benchmark, wedge[n])
        vintages = [(releases[k], round(float(value), decimals), why) for k, value, why in vintages
                    if releases[k] <= sessions.days[-1]]
        if vintages:
            found.add_vintages(series.id, day, vintages)


def _with_benchmark(vintages: list[tuple[int, float, str]], at: int, wedge: float) -> list[tuple[int, float, str]]:
    """Lower the values released before the benchmark by the wedge, and add the benchmark as a release."""
    before = [(k, value - wedge, why) for k, value, why in vintages if k < at]
    corrected = next((value for k, value, _ in vintages if k == at), before[-1][1] + wedge)
    return [*before, (at, corrected, "annual benchmark"), *(item for item in vintages if item[0] > at)]


def _wedge(length: int, februaries: list[int], draw: np.random.Generator) -> np.ndarray:
    """Return the fraction by which the next February's benchmark moves each month; it grows from benchmark to benchmark."""
    fraction, start = np.zeros(length), 0
    for february in februaries:
        grown = np.arange(1, february - start + 1) / (february - start)
        fraction[start:february] = grown * draw.uniform(-0.0035, -0.0008) * draw.choice([1.0, -0.5])
        start = february
    return fraction


def _release(series: Series, day: date) -> date:
    if series.frequency == "quarterly":
        return day + timedelta(days=QUARTER_DAYS.get(series.id, 60))
    following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    if series.id in EMPLOYMENT:
        friday = following + timedelta(days=(4 - following.weekday()) % 7)
        return friday if friday.day > 3 else friday + timedelta(days=7)
    index = RELEASE_DAY.get(series.id, 15)
    return following + timedelta(days=index - 1 if index > 0 else index)
