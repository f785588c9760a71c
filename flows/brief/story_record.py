"""The parts of the page about the record itself: claims, changes since yesterday, freshness and coverage."""

from __future__ import annotations

from dataclasses import dataclass

from flows.brief.facts import Facts
from flows.brief.sections import Section, Table, asked, lacks, table, upright
from flows.brief.words import cell, count, listed, name

VERDICTS = ("supported", "partial", "contradicted", "data_missing", "not_testable")
MARKS = {"supported": "✓", "partial": "◐", "contradicted": "✗", "data_missing": "○", "not_testable": "–"}
FEEDS = {"bars": "bars", "observations": "macro observations"}


@dataclass(frozen=True)
class Claim:
    """A statement with its verdict as words; `queries` are its own and the one that shows its rows."""

    id: str
    statement: str
    verdict: str
    mark: str
    figure: str
    needed: str
    evidence: str
    queries: tuple[str, ...]


def claims(facts: Facts) -> tuple[Claim, ...]:
    """The ledger's rows."""
    made = []
    for row in facts["claims"].rows:
        said, _, shown = (row["evidence"] or "").rpartition(" See: ")
        made.append(Claim(
            row["claim_id"], row["statement"] or "", row["verdict"], MARKS.get(row["verdict"], "?"),
            _figure(row["observed"]), _needed(row["lower"], row["upper"]), said or shown,
            tuple(sql for sql in (row["metric_sql"], shown if said else None) if sql)))
    return tuple(made)


def ledger(facts: Facts) -> Section:
    """How the statements of the thesis stand."""
    answer, message = facts["claims"], ""
    if answer.rows:
        counts = {verdict: sum(row["verdict"] == verdict for row in answer.rows) for verdict in VERDICTS}
        said = listed([f"{count} {name(verdict)}" for verdict, count in counts.items() if count])
        message = (f"Of {len(answer.rows)} statements of the thesis: {said}, "
                   f"with what was known at {answer.row['as_of']:%Y-%m-%d %H:%M} UTC.")
    return Section("claims", "The claim ledger", message, answers=asked(answer), lacks=lacks(answer),
                   notes=("The ledger is of the publication's own moment, also on the page of an earlier session.",))


def changes(facts: Facts) -> Section:
    """What is different from the session before, which signals changed state, what history says differently."""
    yesterday, signals, revisions = facts["yesterday"], facts["signals"], facts["revisions"]
    rows = tuple((row["figure"].replace("_", " "), _typed(row["figure"], row["before"]), _typed(row["figure"], row["now"]))
                 for row in yesterday.rows)
    said = []
    if signals.rows:
        said.append("Signals that changed: " + "; ".join(
            f"{row['signal'].replace('_', ' ')} from {name(row['previous'])} to {name(row['current'])}"
            for row in signals.rows) + ".")
    elif signals.columns:
        said.append("No signal changed its state today.")
    if revisions.rows:
        causes = listed(sorted({row["cause"] for row in revisions.rows}))
        said.append(f"{count(sum(row['cells'] for row in revisions.rows))} cells of the past are said differently than in "
                    f"the publication before; causes: {causes}.")
    elif revisions.columns:
        said.append("No cell of the past is said differently than in the publication before.")
    shown = (Table("This session against the one before", ("figure", "before", "now"), rows, (False, True, True)),)
    return Section(
        "changes", "What changed since yesterday", " ".join(said),
        open_tables=(*(shown if rows else ()), *table(signals, only=("signal", "previous", "current", "severity")),
                     *table(revisions)),
        answers=asked(yesterday, signals, revisions),
        lacks=tuple(answer.lack for answer in (yesterday, signals, revisions) if answer.lack and not answer.columns))


def coverage(facts: Facts) -> Section:
    """How fresh and how whole the session is."""
    came, said = facts["coverage"], []
    for row in came.rows:
        said.append(f"{count(row['received'])} of {count(row['expected'])} {FEEDS.get(row['feed'], row['feed'])} came"
                    + (f" ({row['missing_keys']} missing)" if row["missing"] else "")
                    + (f", {row['late']} of them late" if row["late"] else ""))
    run = facts["run"].row
    if run:
        said.append(f"the run behind this page is {run['status']}")
    message = "; ".join(said)
    return Section(
        "coverage", "Freshness and coverage", message and message[0].upper() + message[1:] + ".",
        open_tables=(*table(came), *table(facts["macro"]), *table(facts["freshness"])),
        tables=(*table(facts["quarantine"]), *upright(facts["run"])),
        answers=asked(came, facts["macro"], facts["freshness"], facts["quarantine"], facts["run"], facts["publication"]),
        lacks=lacks(came, facts["freshness"]))


def _typed(figure: str, text: str | None) -> str:
    """A figure that came as text, with its unit."""
    try:
        return cell(figure, float(text)) if text is not None else cell(figure, None)
    except ValueError:
        return cell(figure, text)


def _figure(value: float | None) -> str:
    return cell("", None) if value is None else f"{value:,.4g}".replace("-", "−")


def _needed(lower: float | None, upper: float | None) -> str:
    if lower is not None and upper is not None:
        return f"{_figure(lower)} to {_figure(upper)}"
    return f"at least {_figure(lower)}" if lower is not None else f"at most {_figure(upper)}" if upper is not None else ""

