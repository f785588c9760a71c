"""Format figures and names for people; a missing figure is a dash."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

NOTHING = "–"
MINUS = "−"
NAMES = {
    "defensive": "Defensive", "ai_leaders": "AI leaders", "semiconductors": "Semiconductors",
    "crypto_equity": "Crypto equity", "bitcoin": "Bitcoin", "smh": "SMH", "soxx": "SOXX",
    "xlk": "XLK technology", "xlc": "XLC communication", "xly": "XLY discretionary", "xlf": "XLF financials",
    "xle": "XLE energy", "xli": "XLI industrials", "xlre": "XLRE real estate", "xlp": "XLP staples",
    "xlu": "XLU utilities", "xlv": "XLV health care", "xlb": "XLB materials",
    "below_20": "below 20", "20_to_25": "20 to 25", "25_to_30": "25 to 30", "above_30": "above 30",
    "re_contraction": "re-contraction", "high_vol_risk_off": "high-volatility risk-off", "consolidation": "consolidation",
    "re_entry": "re-entry", "emotion_driven": "emotion-driven", "mid_late_dispersion": "mid-to-late dispersion",
    "risk_on_expansion": "risk-on expansion", "neutral": "neutral",
    "full_cap": "full market value", "capped": "capped by the index's rules", "anchored": "anchored to published weights",
    "data_missing": "data missing", "not_testable": "not testable",
    "record": "a record", "below_record": "below the record", "bear_market": "bear market",
    "below_0.45": "below 45%", "0.45_to_0.50": "45 to 50%", "above_0.50": "above 50%",
    "observations": "macro values", "within": "within 15 bp", "large": "over 15 bp",
}
SIGNALS = {
    "band": "VIX band", "recontraction": "VIX re-contraction", "stage": "stage", "ath": "close of the Nasdaq Composite",
    "correction": "fall of the Nasdaq Composite", "top10_weight": "weight of the ten largest",
    "leaders_weak": "relative strength of the AI leaders",
}
TIERS = ("defensive", "ai_leaders", "semiconductors", "crypto_equity")
FUNDS = ("xlk", "xlc", "xly", "xlf", "xle", "xli", "xlre", "xlp", "xlu", "xlv", "xlb")
PERCENT = ("return", "weight", "_share", "_vol_21d", "volatility_63d", "rs_5d", "rs_21d", "rs_63d",
           "excess_since_peak", "_probability")
ONE_PLACE = ("bp", "effective_names")
SIGNED = ("return", "rs_5d", "rs_21d", "rs_63d", "excess_since_peak", "bp", "_points")


def name(key: str | None) -> str:
    """Return the display name of a basket, band, stage or weighting; an unknown key is its own name with spaces."""
    return NOTHING if key is None else NAMES.get(key, key.replace("_", " "))


def rounded(value: float | Decimal, decimals: int, times: int = 1) -> Decimal:
    """Round a multiple of a figure by its decimal digits, halves away from zero: 36.55 to one place is 36.6."""
    return (times * Decimal(str(value))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def signal(key: str) -> str:
    """Return the display name of a signal, including one about a weighting or a series."""
    if key.startswith("stale_count_"):
        return f"age of {key.removeprefix('stale_count_')}'s share count"
    kind, _, of = key.partition("_")
    return {"residual": f"residual ({name(of)})", "stale": f"age of {of}"}.get(kind) or SIGNALS.get(key, name(key))


def percent(value: float | None, decimals: int = 1, signed: bool = False) -> str:
    """Format 0.0123 as 1.2%."""
    return NOTHING if value is None else f"{number(rounded(value, decimals, 100), decimals, signed)}%"


def number(value: float | Decimal | None, decimals: int = 1, signed: bool = False) -> str:
    """Format a number with commas at thousands and a real minus sign; never show -0."""
    if value is None:
        return NOTHING
    shown = rounded(value, decimals)
    return f"{MINUS if shown < 0 else '+' if signed and shown else ''}{abs(shown):,}"


def count(value: int | None, of: str = "") -> str:
    """Format a count with its noun: 1 session, 2 sessions."""
    return number(value, 0) + (f" {of}{'' if value == 1 else 's'}" if of else "")


def plain(value: float) -> str:
    """Format a figure of unknown unit: four places below 10, otherwise four digits; 0 is exactly zero, 0.0000 is not."""
    decimals = 4 if abs(value) < 10 else max(0, 4 - len(f"{abs(value):.0f}"))
    text = number(value, decimals)
    return text.rstrip("0").rstrip(".") if "." in text and (text.strip("0.") or not value) else text


def figure(column: str, value: float) -> str:
    """Format a figure in the unit of its column's suffix; page, terminal and Prefect all use this format."""
    if not math.isfinite(value):
        return str(value)
    signed = column.endswith(SIGNED)
    if column.endswith(PERCENT):
        return percent(value, 2, signed)
    return number(value, 1 if column.endswith(ONE_PLACE) else 2, signed)


def listed(names: Sequence[str]) -> str:
    """Join names as "a, b and c"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def cell(column: str, value: object) -> str:
    """Format a value of a table in the unit of its column's suffix."""
    match value:
        case None:
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case float():
            return figure(column, value)
        case int():
            return number(value, 0)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case date():
            return str(value)
        case list() | tuple():
            return ", ".join(map(str, value))
    return signal(str(value)) if column == "signal" else NAMES.get(str(value), str(value))


def heading(column: str) -> str:
    """Return a column's name as words, with the unit of its suffix."""
    unit = {"bp": "bp", "points": "points", "pct": "%"}
    words = column.split("_")
    if words[-1] in unit and len(words) > 1:
        return f"{' '.join(words[:-1])} ({unit[words[-1]]})"
    return " ".join(words)


def day(when: date, year: bool = True) -> str:
    """Format a date as 27 March 2026, or without the year as 27 March."""
    return f"{when:%-d %B %Y}" if year else f"{when:%-d %B}"
