"""Build the artifacts of a run in Prefect: the day as Markdown; coverage, quarantine and validation as tables."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb

from flows.pipeline.run import Run
from flows.report.terminal import readable
from flows.report.views import CONCENTRATION, FUNDS, LARGEST, REGIME, SIGNALS, TIERS, Section
from flows.report.words import count
from warehouse.data_folder import DataFolder
from warehouse.errors import BadRequest, BuildDamaged, NothingPublished
from warehouse.visible import visible

REVISED = Section("Changes of history by this run, and their causes", """
    select mart, cause, min(date) as first_date, max(date) as last_date, count(distinct key) as rows, count(*) as cells,
        any_value(evidence order by date desc, evidence) as evidence
    from audit.revision where run_id = $run group by mart, cause order by cells desc limit 40""")

SECTIONS = (REGIME, SIGNALS, CONCENTRATION, LARGEST, TIERS, FUNDS, REVISED)

COVERAGE = """
    select date, feed, expected, received, missing, late, array_to_string(missing_keys, ' ') as missing_keys
    from audit.coverage where date between $first and $last order by missing = 0, date desc, feed limit 300"""

QUARANTINE = """
    select feed, key, date, reason, row_json as row from raw.rejected_row where run_id = $run
    order by feed, key, date limit 300"""

VALIDATION = """
    select suite, expectation, severity, success, observed, unexpected_rows
    from audit.validation_result where run_id = $run
    order by success, unexpected_rows desc, suite, expectation limit 300"""

QUARANTINED_KEYS = "select distinct key from raw.rejected_row where run_id = $run and key is not null"

FAILED_KEYS = "select distinct key from raw.fetch_outcome where run_id = $run and status not in ('received', 'empty')"

NEWEST_SIGNALS = """
    select date, signal, previous, current, severity from marts.signal_daily
    where date = (select max(date) from marts.regime_daily) order by signal"""


def summary(run: Run) -> str:
    """Summarize the newest session of the publication as Markdown: the problems of the run, then the answer."""
    from flows.report.answer import answer, tiles
    from flows.report.facts import facts

    missing = [*(f"**Missing:** {problem}" for problem in run.problems), *(f"**Reported:** {line}" for line in run.reports)]
    with run.settings.home.marts() as con:
        try:
            found = facts(con, None)
        except BadRequest:
            return visible("\n\n".join(["# No session yet", *missing]))
        parts = [f"# {found.date:%A, %-d %B %Y}", *(["**Simulated market.**"] if found.simulated else []), *missing]
        parts += [f"**{answer(found)}**", _table(["figure", "value", "comparison"],
                                                 [[tile.label, tile.value, tile.note] for tile in tiles(found)])]
        if (page := _site(run) / f"{found.date}.html").exists():
            parts += [f"The day's page: [{page}]({page.as_uri()})"]
        given = {"date": found.date, "run": run.run_id, **(found.index.parameters if found.index else {})}
        for section in SECTIONS:
            columns, rows = _rows(con, section.sql, given) if found.index or "$index" not in section.sql else ([], [])
            parts += _markdown(section, columns, rows)
    return visible("\n\n".join(parts))


def picture(run: Run) -> tuple[str, str] | None:
    """Return the picture of the newest session as a data URI, and that session; None without a publication or picture."""
    if not run.publication:
        return None
    with run.settings.home.marts() as con:
        newest = con.execute("select max(date)::varchar from marts.regime_daily").fetchone()
    file = _site(run) / f"{newest and newest[0]}.png"
    if not file.exists():
        return None
    return f"data:image/png;base64,{base64.b64encode(file.read_bytes()).decode()}", file.stem


def did(run: Run) -> str:
    """Summarize a run in one line."""
    published = run.publication
    outcome = ("nothing published" if not published else f"published {published.build_id}" if published.changed
               else f"nothing changed, {published.build_id} stays current")
    return (f"{count(run.rows_added, 'row')} added, {lost(run)}, "
            f"{count(run.cells_revised, 'cell')} of history revised; {outcome}")


def lost(run: Run) -> str:
    """Describe the rows that a run quarantined and the keys that it did not receive, with the first keys of each."""
    with run.settings.home.warehouse() as con:
        quarantined, missed = (sorted(key for key, in con.execute(sql, {"run": run.run_id}).fetchall())
                               for sql in (QUARANTINED_KEYS, FAILED_KEYS))
    return (f"{run.rows_quarantined} quarantined{_named_keys(quarantined)}"
            + (f", {count(len(missed), 'key')} not received{_named_keys(missed)}" if missed else ""))


def _named_keys(keys: Sequence[str]) -> str:
    shown = [*keys[:5], *([f"{len(keys) - 5} more"] if len(keys) > 5 else [])]
    return f" ({', '.join(shown)})" if keys else ""


def tables(run: Run) -> dict[str, tuple[str, list[dict[str, str]]]]:
    """Return the tables by key: a description of each, and its rows as text."""
    given = {"run": run.run_id, "first": run.window and run.window.start, "last": run.window and run.window.end}
    with run.settings.home.warehouse() as con:  # not the published file, which a run without changes leaves as it was
        coverage = _named(con, COVERAGE, given) if run.window else []
        validation = _named(con, VALIDATION, given)
        quarantine = _named(con, QUARANTINE, given)
    failed = sum(row["success"] == "no" for row in validation)
    holes = sum(row["missing"] != "0" for row in coverage)
    return {
        "coverage": (f"{count(holes, 'hole') if holes else 'no holes'}: expected and received keys, by session and feed"
                     if run.window else "this run requested no session, so its coverage was not checked", coverage),
        "quarantine": (f"{count(run.rows_quarantined, 'row')} quarantined, with the reason"
                       if run.rows_quarantined else "no row was quarantined", quarantine),
        "validation": (f"{failed} of {count(len(validation), 'expectation')} failed" if validation
                       else "this run fetched nothing, so nothing was validated", validation),
    }


def signals(home: DataFolder) -> list[dict[str, str]]:
    """Return the signals that changed on the newest published session; empty if no publication can be read."""
    try:
        with home.marts() as con:
            return _named(con, NEWEST_SIGNALS, {})
    except (NothingPublished, BuildDamaged):  # the run replaces a damaged publication
        return []


def _site(run: Run) -> Path:
    return run.settings.home.folder / "site"


def _markdown(section: Section, columns: Sequence[str], rows: Sequence[tuple]) -> list[str]:
    if not section.upright or not rows:
        cells = [[readable(n, v) for n, v in zip(columns, row, strict=True)] for row in rows]
        return [f"## {section.title}", _table(columns, cells) if rows else f"{section.none[0].upper()}{section.none[1:]}."]
    parts = []
    for row in rows:
        values = dict(zip(columns, row, strict=True))
        pairs = [[n, readable(n, v)] for n, v in values.items() if f"{{{n}}}" not in section.title]
        half = (len(pairs) + 1) // 2
        lines = [left + right for left, right in zip(pairs[:half], [*pairs[half:], ["", ""]], strict=False)]
        parts += [f"## {section.title.format(**values)}", _table(["figure", "value"] * 2, lines)]
    return parts


def _table(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"
                     for line in [columns, ["---"] * len(columns), *cells])


def _rows(con: duckdb.DuckDBPyConnection, sql: str, given: dict[str, date | str | None]) -> tuple[list[str], list[tuple]]:
    answer = con.execute(sql, {name: value for name, value in given.items() if f"${name}" in sql})
    return [column[0] for column in answer.description or []], answer.fetchall()


def _named(con: duckdb.DuckDBPyConnection, sql: str, given: dict[str, date | str | None]) -> list[dict[str, str]]:
    columns, rows = _rows(con, sql, given)
    return [{n: readable(n, v) for n, v in zip(columns, row, strict=True)} for row in rows]
