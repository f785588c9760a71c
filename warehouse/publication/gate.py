"""The publication gate: run the checks of gate.toml on a complete build before it becomes current.

A check compares the observed value of each place with a bound. By the check's severity, a value above its bound withholds
the publication, makes the run incomplete or is only reported. A user can accept a finding that withholds. It then stays
accepted in later runs as long as it does not grow by more than SLACK. Every check of every build is recorded in
audit.publication_check with the observed value.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

import duckdb

from warehouse.data_folder import DataFolder, damage_in
from warehouse.publication.builds import kept, problem
from warehouse.publication.publish import current_build
from warehouse.stray import undisturbed

FILE = Path(__file__).with_name("gate.toml")
SEVERITIES = ("withhold", "incomplete", "report")
# An accepted finding may grow by this factor before it must be accepted again.
SLACK = 1.05


@dataclass(frozen=True)
class Check:
    """One entry of gate.toml."""

    name: str
    doc: str
    severity: str
    sql: str
    present_only: bool = False
    compares: bool = False


@dataclass(frozen=True)
class Violation:
    """The observed value of a check at a place where it is above the bound."""

    check: Check
    place: str
    observed: float
    bound: float
    sentence: str


@dataclass(frozen=True)
class Build:
    """The build that the gate checks; `first` and `last` are the first and last requested sessions of the run."""

    run_id: str
    checked_at: datetime
    is_present: bool
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Acceptance:
    """A user's reason for publishing despite a check that withholds, and the name of that user."""

    reason: str
    by: str


@dataclass(frozen=True)
class Verdict:
    """The findings by their effect; accepted findings are not included."""

    withheld: tuple[Violation, ...] = ()
    incomplete: tuple[Violation, ...] = ()
    reported: tuple[Violation, ...] = ()


@cache
def checks(file: Path = FILE) -> tuple[Check, ...]:
    """Read the declared checks, in the order of the file."""
    entries = tomllib.loads(file.read_text())
    found = tuple(Check(name, **entry) for name, entry in entries.items())
    assert all(check.severity in SEVERITIES for check in found), "a severity we know"
    return found


def judge(con: duckdb.DuckDBPyConnection, home: DataFolder, build: Build, acceptance: Acceptance | None = None,
          declared: Sequence[Check] | None = None) -> Verdict:
    """Run every check on the build in the working database, record the observed values, and return the verdict."""
    con.execute("""
        create or replace temp table span as
        select ? as run_id, ? as is_present, ?::date as first, ?::date as last, max(date) as newest from staging.session""",
                [build.run_id, build.is_present, build.first, build.last])
    con.execute("delete from audit.publication_check where run_id = ?", [build.run_id])
    found: dict[str, list[Violation]] = {severity: [] for severity in SEVERITIES}
    with _before(con, home) as has_before:
        for check in checks() if declared is None else declared:
            if (build.is_present or not check.present_only) and (has_before or not check.compares):
                try:
                    found[check.severity].extend(_measure(con, build, check, acceptance))
                except duckdb.Error as error:
                    if not check.compares or not (damage := damage_in(error)):
                        raise
                    # A damaged earlier publication must not block a new one; the gate reports it, and so does doctor.
                    found["report"].append(Violation(check, "last publication", 0.0, 0.0, (
                        f"the check “{check.name}” was passed over, since the last publication cannot be read: {damage}")))
    return Verdict(*(tuple(found[severity]) for severity in SEVERITIES))


def _measure(con: duckdb.DuckDBPyConnection, build: Build, check: Check, acceptance: Acceptance | None) -> list[Violation]:
    """Measure and record all findings, and return those not accepted.

    If there are no findings, record the place nearest to its bound.
    """
    con.execute(f"create or replace temp table measured as select place, observed::double as observed, "
                f"bound::double as bound, sentence from ({check.sql})")
    accepts = acceptance if check.severity == "withhold" else None
    con.execute("""
        insert into audit.publication_check
        with judged as (
            select *, coalesce(observed <= bound, true) as is_passed from measured
            qualify not is_passed or (bool_and(is_passed) over () and row_number() over (
                order by observed / nullif(bound, 0) desc nulls last, place) = 1)
        ), accepted as (
            select place, arg_max(accepted_reason, checked_at) as reason, arg_max(accepted_by, checked_at) as by,
                max(observed) as observed
            from audit.publication_check where check_name = $name and accepted_reason is not null group by place
        )
        select $run_id, $checked_at, $name, $severity, j.place, j.observed, j.bound, coalesce(j.is_passed, true),
            if(j.is_passed, null, j.sentence),
            if(j.is_passed, null, coalesce(a.reason, $reason)), if(j.is_passed, null, coalesce(a.by, $by))
        from (select 1) left join judged j on true
        left join accepted a on a.place = j.place and j.observed <= a.observed * $slack""",
                {"run_id": build.run_id, "checked_at": build.checked_at.replace(tzinfo=None), "name": check.name,
                 "severity": check.severity, "slack": SLACK, "reason": accepts and accepts.reason,
                 "by": accepts and accepts.by})
    rows = con.execute("""
        select place, observed, bound, sentence from audit.publication_check
        where run_id = ? and check_name = ? and not is_passed and accepted_reason is null order by place""",
                       [build.run_id, check.name]).fetchall()
    return [Violation(check, *row) for row in rows]


@contextmanager
def _before(con: duckdb.DuckDBPyConnection, home: DataFolder) -> Iterator[bool]:
    """Attach the newest undamaged publication of the present as `before`; yield whether there is one."""
    for file in _presents(con, home):
        with undisturbed(file) as path:
            try:
                con.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as before (read_only)")
            except duckdb.Error as error:
                if not damage_in(error):
                    raise
                continue
            try:
                yield True
            finally:
                con.execute("detach before")
        return
    yield False


def _presents(con: duckdb.DuckDBPyConnection, home: DataFolder) -> Iterator[Path]:
    """Yield the readable files of the publications of the present, newest first."""
    files = {file.stem: file for file in kept(home)}
    if current := current_build(home):
        files.setdefault(current, home.published)
    for build_id, in con.execute("select build_id from audit.publication where is_present "
                                 "order by published_at desc, rowid desc").fetchall():
        if (file := files.get(build_id)) and not problem(file, build_id):
            yield file
