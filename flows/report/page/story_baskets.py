"""Build the sections of the page about leadership: relative rotation, tiers since the last VIX peak, divergence."""

from __future__ import annotations

from flows.report.facts import Facts, Row
from flows.report.page import drawings_baskets as drawings
from flows.report.page.axes import known
from flows.report.page.chart import drawing
from flows.report.page.sections import Section, lacks, queries_of, table
from flows.report.page.story_index import oldest_first
from flows.report.words import FUNDS, TIERS, day, listed, name, number, percent

EXPECTED = "AI leaders, then semiconductors, then crypto equity"
VERDICTS = {
    "match": f"the order expected ({EXPECTED})", "no_match": f"another order than the expected one ({EXPECTED})",
    "tie": f"the order expected ({EXPECTED}), but two on one day",
    "incomplete": f"the order expected ({EXPECTED}) stayed incomplete: {{}} did not lead within 63 sessions",
    "open": "the order is not settled yet",
}


def rotation(facts: Facts) -> Section:
    """Show which baskets lead and which gain strength, each with its recent path."""
    weekly, strength = facts["rotation"], facts["strength"]
    tiers, funds = (tuple(dict.fromkeys((*packaged, *(row["basket"] for row in facts["tiers"].rows if row[rank]))))
                    for packaged, rank in ((TIERS, "rs_rank"), (FUNDS, "sector_rank")))
    shown = tuple(row for row in weekly.rows if row["basket"] in tiers + funds)
    if shown:
        answer, x, y, centre, format = weekly, "rs_ratio", "rs_momentum", 100.0, ".2~f"
        titles = ("strength: rs_ratio", "momentum: rs_momentum")
        note = ("Weekly; 100 is the mean of the last 14 weeks and 1 is one standard deviation (zscore_14w, a formula of "
                "our own). The tails of the tiers go back six weeks, those of the funds four.")
    else:
        answer, x, y, centre, format = strength, "rs_21d", "rs_5d", 0.0, "+.2~%"
        titles = ("strength: 21 sessions", "momentum: 5 sessions")
        note = ("rs_ratio and rs_momentum are not known for this session; shown is log return above the Nasdaq "
                "Composite's over 21 and 5 sessions, with points five sessions apart.")
        shown = tuple(row for row in strength.rows if row["basket"] in tiers + funds)
    # The last row of each basket is its newest.
    message = _rotation_message({row["basket"]: row for row in shown}, funds, x, y, centre)
    return Section(
        "rotation", "Relative rotation", message,
        drawing("rotation", message, drawings.rotation(shown, (tiers, funds), x, y, centre, titles,
                                                        format)) if shown else None,
        tables=(*table(facts["tiers"]), *table(answer)),
        queries=queries_of(facts["tiers"], *((weekly, strength) if answer is strength else (weekly,))),
        lacks=lacks(*(() if shown else (weekly, strength)), also=[facts["tiers"]]), notes=(note,) if shown else ())


def _rotation_message(heads: dict[str, Row], funds: tuple[str, ...], x: str, y: str, centre: float) -> str:
    quadrants: dict[str, list[str]] = {}
    for basket, row in heads.items():
        strong, gaining = row[x] >= centre, row[y] >= centre
        quadrant = "leading" if strong and gaining else "weakening" if strong else "improving" if gaining else "lagging"
        quadrants.setdefault(quadrant, []).append(basket.upper() if basket in funds else name(basket))
    if not quadrants:
        return ""
    order = [quadrant for quadrant in ("leading", "weakening", "improving", "lagging") if quadrant in quadrants]
    return "; ".join(f"{quadrant.capitalize()}: {listed(quadrants[quadrant])}" for quadrant in order) + "."


def since_peak(facts: Facts) -> Section:
    """Show the order in which the tiers took the lead after the last peak of the VIX, as known on the session."""
    peak, leads, paths = facts["peak"], facts["leads"], facts["since_peak"]
    message = ""
    if peak.rows:
        top = peak.row
        message = (f"Since the VIX peak of {day(top['episode'])} (close {number(top['peak_vix_close'], 2)}, declared on "
                   f"{day(top['declared_on'], year=False)}) ")
        took = [f"{name(row['tier'])} ({day(row['lead_date'], year=False)})" for row in leads.rows]
        message += f"the lead was taken by {listed(took)}" if took else "no tier has taken the lead"
        absent = [name(tier) for tier in TIERS[1:] if tier not in {row["tier"] for row in leads.rows}]
        message += f"; {VERDICTS[top['verdict']].format(listed(absent))}." if top["verdict"] in VERDICTS else "."
        newest = {row["basket"]: row["excess_since_peak"] for row in paths.rows}
        if newest:
            ranked = sorted(newest.items(), key=lambda pair: -pair[1])
            message += " Since then: " + ", ".join(f"{name(b)} {percent(e, 1, True)}" for b, e in ranked) + "."
    return Section(
        "since-peak", "The tiers since the last VIX peak", message,
        drawing("peak", message, drawings.since_peak(paths.rows, leads.rows)) if paths.rows else None,
        tables=(*table(leads), *table(peak)), queries=queries_of(peak, leads, paths),
        lacks=lacks(peak) or lacks(paths, also=[leads]),
        notes=("A record of what happened, not a forecast.",) if paths.rows else ())


def divergence(facts: Facts) -> Section:
    """Show whether the Nasdaq and the S&P 500 diverge, and how the physical economy performs."""
    answer, message = facts["divergence"], ""
    if answer.rows:
        today, parted = answer.rows[0], [row for row in answer.rows if row["is_divergent_day"]]
        if today["spread_21d_return"] is not None:
            side = "ahead of" if today["spread_21d_return"] >= 0 else "behind"
            message = (f"Over 21 sessions the Nasdaq Composite is {number(abs(100 * today['spread_21d_return']))} "
                       f"points of return {side} the S&P 500. ")
        message += (f"On {len(parted)} of the last {len(answer.rows)} sessions it set a record while the S&P 500 fell"
                    + (f", last on {day(max(row['date'] for row in parted))}." if parted else "."))
        if today["cyclicals_minus_ai_leaders_rs_21d"] is not None:
            gap = today["cyclicals_minus_ai_leaders_rs_21d"]
            message += (f" Financials, industrials, real estate and energy stand {percent(abs(gap))} "
                        f"{'above' if gap >= 0 else 'below'} the AI leaders in relative strength.")
    return Section(
        "divergence", "Nasdaq against S&P 500", message,
        drawing("divergence", message, drawings.divergence(oldest_first(answer)))
        if known(answer.rows, "spread_21d_return", "spread_63d_return", "cyclicals_minus_ai_leaders_rs_21d") else None,
        tables=table(answer, "Spreads by session", last=10), queries=queries_of(answer), lacks=lacks(answer))
