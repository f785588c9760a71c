"""Build the sections of the page about the record itself: claims, changes since yesterday, freshness and coverage."""

from __future__ import annotations

from dataclasses import dataclass

from flows.report.facts import Facts, Row
from flows.report.page.sections import Query, Section, Table, lacks, queries_of, table, upright
from flows.report.words import NOTHING, PERCENT, cell, count, listed, name, number, plain, rounded, signal

VERDICTS = ("supported", "partial", "contradicted", "data_missing", "not_testable")
MARKS = {"supported": "✓", "partial": "◐", "contradicted": "✗", "data_missing": "○", "not_testable": "–"}
FIGURES = {
    "vix_close": "VIX at the close", "band": "VIX band", "nasdaq_close": "Nasdaq Composite at the close",
    "drawdown_return": "Nasdaq Composite from its record", "top10_weight": "Weight of the ten largest",
    "above_50d_share": "Members above their 50-day mean", "leading_tier": "Strongest tier over 21 sessions",
    "leading_sector_fund": "Strongest sector fund over 21 sessions",
}


@dataclass(frozen=True)
class Claim:
    """A statement with its verdict in words; `queries` are its metric and the query that shows its rows."""

    id: str
    statement: str
    verdict: str
    mark: str
    found: str
    evidence: str
    queries: tuple[str, ...]


def claims(facts: Facts) -> tuple[Claim, ...]:
    """Return the rows of the ledger as claims."""
    made = []
    for row in facts["claims"].rows:
        evidence, _, shown = (row["evidence"] or "").rpartition(" See: ")
        made.append(Claim(
            row["claim_id"], row["statement"] or "", row["verdict"], MARKS.get(row["verdict"], "?"),
            _found(row), evidence or shown,
            tuple(sql for sql in (row["metric_sql"], shown if evidence else None) if sql)))
    return tuple(made)


def ledger(facts: Facts) -> Section:
    """Show the verdicts on the statements of the thesis."""
    answer, message = facts["claims"], ""
    if answer.rows:
        counts = {verdict: sum(row["verdict"] == verdict for row in answer.rows) for verdict in VERDICTS}
        sentences = listed([f"{count} {name(verdict)}" for verdict, count in counts.items() if count])
        message = (f"Of {len(answer.rows)} statements of the thesis: {sentences}, "
                   f"with what was known at {answer.row['as_of']:%Y-%m-%d %H:%M} UTC.")
    return Section("claims", "The claim ledger", message, queries=queries_of(answer), lacks=lacks(answer),
                   notes=("The ledger is of the publication's own moment, also on the page of an earlier session.",))


def changes(facts: Facts) -> Section:
    """Show the changes since the previous session, the signals that changed state, and the revisions of history."""
    before, signals, revisions = (facts["yesterday"], facts["index_yesterday"]), facts["signals"], facts["revisions"]
    moved = {row["figure"]: _moved(row["figure"], row["before"], row["now"]) for answer in before for row in answer.rows}
    rows = tuple((words, *moved[figure]) for figure, words in FIGURES.items() if figure in moved)
    sentences = []
    if signals.rows:
        sentences.append("Signals that changed: " + "; ".join(
            f"{signal(row['signal'])}: {name(row['current'])} (was {name(row['previous'])})" for row in signals.rows) + ".")
    elif signals.columns:
        sentences.append("No signal changed its state.")
    if revisions.rows:
        causes = listed(sorted({row["cause"] for row in revisions.rows}))
        cells = count(sum(row["cells"] for row in revisions.rows), "cell")
        sentences.append(f"{cells} of the past read differently than in "
                    f"the publication before; causes: {causes}.")
    elif revisions.columns:
        sentences.append("No cell of the past reads differently than in the publication before.")
    shown = (Table("This session against the one before", ("figure", "before", "now", "change"), rows,
                   (False, True, True, True)),)
    return Section(
        "changes", "What changed since the session before", " ".join(sentences),
        open_tables=(*(shown if rows else ()), *table(signals, only=("signal", "previous", "current", "severity")),
                     *table(revisions)),
        queries=(*queries_of(*before, signals, revisions), *(
            Query(f"Evidence of the signal {signal(row['signal'])}", row["evidence"])
            for row in signals.rows if row["evidence"])),
        lacks=lacks(*before, also=(signals, revisions)))


def coverage(facts: Facts) -> Section:
    """Show how fresh and how complete the session is."""
    received, sentences = facts["coverage"], []
    others = [facts[key] for key in ("macro", "quarantine", "run", "publication")]
    for row in received.rows:
        sentences.append(f"{count(row['received'])} of {count(row['expected'])} {name(row['feed'])} came"
                    + (f" ({row['missing_keys'] or count(row['missing'])} missing)" if row["missing"] else "")
                    + (f", {row['late']} of them late" if row["late"] else ""))
    if (status := facts["run"].row.get("status")) is not None:
        sentences.append(f"the run behind this page is {status}")
    message = "; ".join(sentences)
    return Section(
        "coverage", "Freshness and coverage", message and message[0].upper() + message[1:] + ".",
        open_tables=(*table(received, only=("feed", "expected", "received", "late", "missing_keys")),
                     *table(facts["macro"]),
                     *table(facts["freshness"])),
        tables=(*table(facts["quarantine"]), *upright(facts["run"])),
        queries=queries_of(received, facts["freshness"], *others), lacks=lacks(received, facts["freshness"], also=others))


def _moved(figure: str, before: str | None, now: str | None) -> tuple[str, str, str]:
    """Format two figures given as text with their unit, and their change: for numbers, the difference of rounded values."""
    was, now_is = _read(before), _read(now)
    change = NOTHING if was is None or now_is is None else "same" if was == now_is else "changed"
    if isinstance(was, float) and isinstance(now_is, float):
        share = figure.endswith(PERCENT)
        difference = rounded(now_is, 2, 100 if share else 1) - rounded(was, 2, 100 if share else 1)
        change = number(difference, 2, True) + (" points" if share else "")
    return cell(figure, was), cell(figure, now_is), change


def _read(text: str | None) -> float | str | None:
    try:
        return text if text is None else float(text)
    except ValueError:
        return text


def _found(row: Row) -> str:
    """Return the figure, the bounds that would support the claim, and any other unmet condition; empty without a figure."""
    if row["observed"] is None:
        return ""
    found = f"found {plain(row['observed'])}"
    match row["lower"], row["upper"]:
        case None, None:
            return found
        case lower, None:
            bounds = f"at least {plain(lower)}"
        case None, upper:
            bounds = f"at most {plain(upper)}"
        case lower, upper:
            bounds = f"{plain(lower)} to {plain(upper)}"
    if else_missing(row):
        # The ledger's evidence begins with the unmet condition, or with the only reading under which the claim holds.
        return f"{found}, {bounds} as needed. {row['evidence'].partition('. ')[0]}."
    return f"{found}, needs {bounds}"


def else_missing(row: Row) -> bool:
    """Return whether the figure is within its bounds but another condition of the claim is not met."""
    return (row["observed"] is not None and row["verdict"] != "supported"
            and (row["lower"] is None or row["observed"] >= row["lower"])
            and (row["upper"] is None or row["observed"] <= row["upper"]))
