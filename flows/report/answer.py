"""Compose the day's answer, one sentence and six figures, by rules from the results of the queries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flows.report.facts import Facts, Row
from flows.report.words import NOTHING, count, listed, name, number, percent

# A move of the index below this is attributed to no company, since shares of it would be shares of noise.
FLAT_BP = 50.0
VERY_CONCENTRATED, CONCENTRATED = 0.50, 0.45


@dataclass(frozen=True)
class Tile:
    """One figure of the day with its label and its comparison."""

    label: str
    value: str
    note: str


def answer(facts: Facts) -> str:
    """Compose the sentence: who drives the index or that it is not known, and if known its concentration and regime."""
    sentence = "; ".join(part for part in (_drivers(facts), _concentration(facts), _regime(facts)) if part)
    return sentence[0].upper() + sentence[1:] + "."


def movers(rows: Sequence[Row], fewest: int = 3) -> list[Row]:
    """Return the companies that moved the index most in its direction, largest first."""
    total = next((row["bp"] for row in rows if row["kind"] == "sum"), None)
    if total is None:
        return []
    same_way = [row for row in rows if row["kind"] == "company" and row["bp"] * total > 0]
    return sorted(same_way, key=lambda row: -abs(row["bp"]))[:fewest]


def _drivers(facts: Facts) -> str:
    index = facts.index.title if facts.index else "index"
    phrases = (_carried(facts["window"].rows, index, "over 21 sessions", FLAT_BP)
            or _carried(facts["day"].rows, index, "on the day", FLAT_BP / 5)
            or f"who drives the market is {_unknown(facts)}")
    return ", ".join(filter(None, (phrases, _leader(facts))))


def _unknown(facts: Facts) -> str:
    """State that a figure is not known; if bars of the session are missing, add how many were received."""
    bars: Row = next((row for row in facts["coverage"].rows if row["feed"] == "bars" and row["missing"]), {})
    return "not known" + (f": {count(bars['received'])} of {count(bars['expected'])} bars came" if bars else "")


def _carried(rows: Sequence[Row], index: str, span: str, flat: float) -> str:
    """State which companies carried the index's move; empty if the move is not known."""
    totals = {row["kind"]: row["bp"] for row in rows if row["kind"] in ("sum", "index")}
    if "sum" not in totals:
        return ""
    # Use the published return, unless our weights miss it by so much that a share of it would be meaningless.
    closes = abs(totals.get("index", totals["sum"]) - totals["sum"]) <= abs(totals["sum"]) / 2
    whole = totals.get("index", totals["sum"]) if closes else totals["sum"]
    move, first = percent(whole / 10000, 1, True), movers(rows)
    if abs(totals["sum"]) < flat or not first:
        return f"nobody drives the market, the {index} is flat at {move} {span}"
    made = sum(row["bp"] for row in first)
    verb, part = "drive" if totals["sum"] > 0 else "drag", "of" if abs(made) <= abs(whole) else "against"
    return (f"{listed([row['label'] for row in first])} {verb} the market, with {number(made / 100, 1, True)} points "
            f"{part} the {index}'s {move} {span}")


def _leader(facts: Facts) -> str:
    """Name the strongest tier, or state that no tier is ahead of the Nasdaq Composite."""
    tier = next((row for row in facts["tiers"].rows if row["rs_rank"] == 1), None)
    if tier is None:
        return ""
    if tier["rs_21d"] <= 0:
        return "no tier ahead of the Nasdaq Composite"
    return f"{_within(tier['basket'])} the strongest tier"


def _concentration(facts: Facts) -> str:
    today = _today(facts)
    if today is None:
        return ""
    top10 = today["top10_weight"]
    level = ("very concentrated" if top10 >= VERY_CONCENTRATED
             else "concentrated" if top10 >= CONCENTRATED else "not concentrated by its own standards")
    return f"the index is {level}, ten companies holding {percent(top10, 0)} of it"


def _regime(facts: Facts) -> str:
    today, stage = facts["regime"].row, facts["stage"].row.get("stage")
    phrases = [f"the VIX at {number(today['vix_close'])}"] if today.get("vix_close") is not None else []
    if today.get("is_ath_close"):
        phrases.append("the Nasdaq Composite at a record")
    elif today.get("drawdown_return") is not None:
        phrases.append(f"the Nasdaq Composite {percent(-today['drawdown_return'])} below its record")
    if stage:
        return ", ".join(filter(None, (f"the regime is {name(stage)}", listed(phrases))))
    return listed(phrases)


def tiles(facts: Facts) -> Iterator[Tile]:
    """Yield six figures; an unknown figure is a dash with the reason as its note."""
    regime, stage, today, unknown = facts["regime"].row, facts["stage"].row, _today(facts) or {}, _unknown(facts)
    closure = next((row for row in facts["closure"].rows if row["weight_scheme"] == facts.scheme), {})
    month = next((row["bp"] / 10000 for row in facts["window"].rows if row["kind"] == "index"), None)
    tier = next((row for row in facts["tiers"].rows if row["rs_rank"] == 1), {})
    breadth = facts["breadth"].rows[0] if facts["breadth"].rows and facts["breadth"].rows[0]["date"] == facts.date else {}

    def tile(label: str, value: str, *notes: str) -> Tile:
        return Tile(label, value, unknown if value == NOTHING else ", ".join(filter(None, notes)))

    yield tile(facts.index.title if facts.index else "Index", percent(closure.get("official_return"), 2, True),
               "on the day",
               f"{percent(month, 1, True)} over 21 sessions" if month is not None else "")
    yield tile("VIX", number(regime.get("vix_close"), 2),
               f"{number(regime['vix_change_1d_points'], 2, True)} points on the day"
               if regime.get("vix_change_1d_points") is not None else "", band(regime))
    yield tile("Stage", _sentence(name(stage.get("stage"))),
               f"risk score {number(stage.get('risk_score'), 0)} of 100" if stage.get("risk_score") is not None
               else "no risk score")
    yield tile("Ten largest", percent(today.get("top10_weight")), "of the index"
               + (f"; as {number(today['effective_names'])} equal companies" if today.get("effective_names") else ""))
    yield tile("Above 50-day mean", percent(breadth.get("above_50d_share"), 0), "of the members"
               + (f"; {percent(breadth['above_200d_share'], 0)} above the 200-day mean"
                  if breadth.get("above_200d_share") is not None else ""))
    yield tile("Strongest tier", name(tier.get("basket")),
               f"{percent(tier.get('rs_21d'), 1, True)} on the Nasdaq Composite over 21 sessions")


def band(regime: Row) -> str:
    """Return the confirmed band of the VIX, and the band of today's close if it differs; empty if neither is known."""
    confirmed, raw = regime.get("band"), regime.get("band_raw")
    if confirmed is None or raw in (None, confirmed):
        return f"band {name(confirmed)}" if confirmed else ""
    return f"confirmed band {name(confirmed)} (this close alone: {name(raw)})"


def _today(facts: Facts) -> Row | None:
    rows = facts["concentration"].rows
    return rows[0] if rows and rows[0]["date"] == facts.date else None


def _within(basket: str) -> str:
    """Return a basket's name for use inside a sentence; an abbreviation keeps its capitals."""
    words = name(basket)
    return words if words[:2].isupper() else words[0].lower() + words[1:]


def _sentence(words: str) -> str:
    return words if words == NOTHING else words[0].upper() + words[1:]
