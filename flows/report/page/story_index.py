"""Build the sections of the page about the index: its regime, contributions, concentration and breadth."""

from __future__ import annotations

from collections.abc import Sequence

from flows.report.answer import band, movers
from flows.report.facts import Facts, QueryResult, Row
from flows.report.page import drawings_index as drawings
from flows.report.page.chart import drawing
from flows.report.page.sections import Section, Table, lacks, queries_of, table, upright
from flows.report.words import cell, count, day, listed, name, number, percent

CONDITIONS = {
    "is_recontraction_confirmed_5d": "A re-contraction was confirmed within 5 sessions",
    "is_vix_above_22": "VIX above 22",
    "is_band_above_30": "Band above 30",
    "is_band_25_to_30": "Band 25 to 30",
    "is_band_20_to_25": "Band 20 to 25",
    "has_band_above_25_63d": "Band above 25 within 63 sessions",
    "is_vix_calm_63d": "VIX below 20 on 80% of the last 63 sessions",
    "has_5_ath_closes_63d": "Five record closes in the last 63 sessions",
    "is_band_below_20": "Band below 20",
    "is_near_ath": "Within 2% of the record",
    "is_top10_return_share_high": "Ten largest made half of the 63-session return",
    "is_rotation_fast": "Rotation among its fastest 40% of 252 sessions",
    "is_crypto_leading": "Crypto equity ahead over 21 sessions",
}


def oldest_first(answer: QueryResult) -> list[Row]:
    """Sort the rows of a timeline, which are ordered newest first, by date."""
    return sorted(answer.rows, key=lambda row: row["date"])


def regime(facts: Facts) -> Section:
    """Show the stage and its conditions, the VIX in its bands, and the records."""
    timeline, stage, model = facts["timeline"], facts["stage"], facts["model"]
    message = _regime_message(facts)
    conditions = tuple((words, cell("", stage.row.get(column))) for column, words in CONDITIONS.items()
                       if column in stage.row)
    return Section(
        "regime", "Regime", message,
        drawing("regime", message, drawings.regime(oldest_first(timeline), facts["stages"].rows))
        if timeline.rows else None,
        tables=(*((Table("What the stage is judged by", ("condition", "holds"), conditions, (False, False)),)
                  if conditions else ()),
                *upright(facts["regime"], "Volatility, trend and credit"), *upright(model),
                *table(timeline, "Sessions", last=10), *table(facts["stages"])),
        queries=queries_of(facts["regime"], stage, model, timeline, facts["stages"]),
        lacks=lacks(facts["regime"], stage, timeline, also=(model, facts["stages"])))


def _regime_message(facts: Facts) -> str:
    today, stage, sentences = facts["regime"].row, facts["stage"].row.get("stage"), []
    if today.get("vix_close") is not None:
        fallen = today.get("vix_from_peak_63d_points")
        below = f", {number(-fallen, 1)} points under its highest close of 63 sessions" if fallen else ""
        inside = f", in the {band(today)}" if today["band"] else ""
        sentences.append(f"The VIX closed at {number(today['vix_close'], 2)}{inside}{below}.")
    if today.get("nasdaq_close") is not None:
        recent = sum(bool(row["is_ath_close"]) for row in facts["timeline"].rows[:21])
        sentences.append("The Nasdaq Composite closed at a record" if today["is_ath_close"] else
                    f"The Nasdaq Composite closed {percent(-today['drawdown_return'])} below its record of "
                    f"{count(today['sessions_since_ath'], 'session')} ago")
        sentences[-1] += f"; {recent or 'none'} of the last 21 sessions brought one."
    if stage:
        sentences.append(f"Stage: {name(stage)}.")
    if facts["model"].row.get("turbulent_probability") is not None:
        sentences.append("The two-state model of the Nasdaq's variance gives turbulence a probability of "
                    f"{percent(facts['model'].row['turbulent_probability'], 0)}.")
    return " ".join(sentences)


def contributions(facts: Facts) -> Section:
    """Show who moved the index on the day: the steps from the companies to the published return, with the residual."""
    rows, message = facts["day"].rows, waterfall_message(facts["day"].rows, "on the day")
    scheme = f"Weights: {name(facts.scheme)}. " if facts.scheme else ""
    return Section(
        "contributions", "Who moved the index on the day", message,
        drawing("day", message, drawings.waterfall(rows, "basis points of the index")) if rows else None,
        tables=(*table(facts["day"], "Contributions to the day's return"), *table(facts["closure"])),
        queries=queries_of(facts["day"], facts["closure"]), lacks=lacks(facts["day"], facts["closure"]),
        notes=(scheme + "A contribution is a company's weight at the open times its return. The residual is what is "
               "left to the published index, above all because our weights are not exactly the index's own.",))


def window(facts: Facts) -> Section:
    """Show who carried the index over 21 sessions; the linked contributions add up to the compounded return."""
    rows, message = facts["window"].rows, waterfall_message(facts["window"].rows, "over 21 sessions")
    since = rows[0]["start_date"] if rows else None
    return Section(
        "window", "Who carried it over 21 sessions", message,
        drawing("window", message, drawings.waterfall(rows, "basis points of the index")) if rows else None,
        tables=table(facts["window"], "Linked contributions" + (f" since the close of {day(since)}" if since else ""),
                     ("kind", "label", "name", "bp")),
        queries=queries_of(facts["window"]), lacks=lacks(facts["window"]),
        notes=("Contributions of single sessions are linked after Carino, so that they add up to the compounded return.",))


def waterfall_message(rows: Sequence[Row], span: str) -> str:
    """Name the companies that added and subtracted most, and the gap between the sum and the published index."""
    by_kind = {row["kind"]: row["bp"] for row in rows if row["kind"] != "company"}
    if "sum" not in by_kind:
        return ""
    first = movers(rows)
    against = sorted((row for row in rows if row["kind"] == "company" and row["bp"] * by_kind["sum"] < 0),
                     key=lambda row: -abs(row["bp"]))[:2]

    def companies(some: Sequence[Row]) -> str:
        return listed([f"{row['label']} ({number(row['bp'], 1, True)})" for row in some])

    verb, other = ("added", "took") if by_kind["sum"] >= 0 else ("took", "added")
    sentences = [f"{companies(first)} {verb} most {span}, in basis points of the index"] if first else []
    if first and against:
        sentences[-1] += f"; {companies(against)} {other} most"
    closing = f"All companies together make {number(by_kind['sum'], 1, True)} bp"
    if "index" in by_kind and "residual" in by_kind:
        closing += (f" of the published {number(by_kind['index'], 1, True)} bp; the residual is "
                    f"{number(by_kind['residual'], 1, True)} bp")
    return ". ".join([*sentences, closing]) + "."


def concentration(facts: Facts) -> Section:
    """Show the weight of the largest companies in the index over two years."""
    answer = facts["concentration"]
    message = ""
    if answer.rows:
        today = answer.rows[0]
        before = answer.rows[min(252, len(answer.rows) - 1)]
        largest = (today["top10_issuers"] or "").split(" ")[0]
        message = (f"The ten largest companies hold {percent(today['top10_weight'])} of the index "
                   f"({percent(before['top10_weight'])} on {day(before['date'])}), {largest} alone "
                   f"{percent(today['top1_weight'])}; it is as concentrated as {number(today['effective_names'])} "
                   "equal names.")
        if facts.scheme != "full_cap" and today["market_value_top10_weight"] is not None:
            message += f" By market value alone the ten would be {percent(today['market_value_top10_weight'])}."
        if today["top10_return_share_63d"] is not None:
            message += (" Those that were the ten largest 63 sessions ago made "
                        f"{percent(today['top10_return_share_63d'], 0)} of the return since.")
    return Section(
        "concentration", "Concentration", message,
        drawing("concentration", message, drawings.concentration(oldest_first(answer), facts.scheme == "full_cap"))
        if answer.rows else None,
        tables=table(answer, "Weights by session", last=10), queries=queries_of(answer), lacks=lacks(answer))


def breadth(facts: Facts) -> Section:
    """Show how many members take part in the moves of the index."""
    answer, message = facts["breadth"], ""
    if answer.rows:
        today = answer.rows[0]
        at_high = f"{count(today['new_highs_252d'])} {'is' if today['new_highs_252d'] == 1 else 'are'}"
        message = (f"{percent(today['above_50d_share'], 0)} of the members stand above their 50-day mean and "
                   f"{percent(today['above_200d_share'], 0)} above their 200-day mean; {count(today['advancers'])} rose "
                   f"and {count(today['decliners'])} fell on the day, {at_high} at a high of "
                   f"252 sessions, {count(today['new_lows_252d'])} at a low.")
        if today["cap_minus_equal_return"] is not None:
            side = "better" if today["cap_minus_equal_return"] >= 0 else "worse"
            message += (f" The index did {percent(abs(today['cap_minus_equal_return']), 2)} {side} than its equally "
                        "weighted members.")
    return Section(
        "breadth", "Breadth", message,
        drawing("breadth", message, drawings.breadth(oldest_first(answer))) if answer.rows else None,
        tables=table(answer, "Breadth by session", last=10), queries=queries_of(answer), lacks=lacks(answer))
