"""What `rallyscope doctor` looks at in the data folder: room, the writer's turn, the publication, the raw tables."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from flows.cli.doctor.check_result import CheckResult, Outcome, fix, ok, run_check
from warehouse import file_lock, landing
from warehouse.check import duplicates
from warehouse.data_folder import NO_LOCK
from warehouse.errors import HomeUnusable, RallyscopeError, WriterLocked
from warehouse.publication.publish import table_hash
from warehouse.stray import trouble

if TYPE_CHECKING:
    from flows.settings import Clock
    from warehouse.data_folder import DataFolder

ROOM_WANTED = 1 << 30
# No run takes longer; the service's automations say so too.
TURN_AT_MOST = timedelta(hours=3)


def folder(home: DataFolder) -> Outcome:
    """Whether the data folder can be written, or made."""
    there = _nearest(home.folder)
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise HomeUnusable(str(home.folder), f"{there} is no folder that can be written")
    return ok(str(home.folder) if home.folder.exists() else f"{home.folder}, which the first run will make")


def disk(home: DataFolder) -> Outcome:
    """Whether there is room for a run."""
    free = shutil.disk_usage(_nearest(home.folder)).free
    if free < ROOM_WANTED:
        return fix(f"only {free >> 20} MB free at {home.folder}: make room (rallyscope prune --dry-run says what could go)")
    return ok(f"{free >> 30} GB free")


def _nearest(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())


def publication(home: DataFolder) -> Outcome:
    """Whether the published file opens and holds the marts that were published, row for row."""
    with home.marts() as con:
        try:
            build, as_of, hashes = con.execute(
                "select build_id, as_of, table_hashes from audit.publication where is_current").fetchone()  # type: ignore[misc]
            marts = [name for name in hashes if name.startswith("marts.")]
            changed = [name for name in marts if table_hash(con, name) != hashes[name]]
            foreign = con.execute("""select table_name from duckdb_tables() where schema_name = 'main'
                                         and not list_contains($marts, 'marts.' || table_name) order by 1""",
                                  {"marts": marts}).fetchall()
        except duckdb.Error as error:
            return fix(f"{home.published} is damaged ({str(error).splitlines()[0]}): rallyscope build makes it anew")
    if changed:
        return fix(f"{build} does not hold the {', '.join(changed)} that was published: rallyscope build makes it anew")
    if foreign:
        return fix(f"{home.published} also holds {', '.join(name for name, in foreign)}, which another program wrote there "
                   "and the next publication will not have: keep your own tables in a file of your own")
    if line := trouble(home.published):
        return fix(line)
    if not (home.builds / f"{build}.duckdb").exists():
        return fix(f"{build} is not among the kept builds, so no rollback leads back to it: rallyscope build")
    return ok(f"{build}, as of {as_of:%Y-%m-%d}, {len(marts)} marts whole")


def freshness(home: DataFolder, clock: Clock) -> Outcome:
    """How many closed sessions of the pipeline's clock the publication does not have."""
    from flows.pipeline.plan import last_closed
    from warehouse.calendar import sessions

    with home.marts() as con:
        newest, simulated, as_of, published_at, requested = con.execute("""
            select (select max(date) from marts.regime_daily), is_simulated, as_of, published_at,
                (select max(date) from audit.coverage where feed = 'bars' and date not in (
                    select p.date from core.security_price p join core.instrument i using (symbol)
                    where i.kind = 'stock'))
            from audit.publication where is_current""").fetchone()  # type: ignore[misc]
    if simulated != clock.simulated:
        kinds = ("a simulated", "the real") if simulated else ("a real", "a simulated")
        return fix(f"{home.folder} holds {kinds[0]} market and the source is {kinds[1]} one: name the other source with "
                   "--source, or another folder with --home")
    last = last_closed(clock.now)
    behind = sum((newest or date.min) < day <= last for day, _, _ in sessions(clock.now.year + 1))
    if not behind:
        return ok(f"{newest} is the last closed session")
    if behind == 1 and requested == last:
        return fix(f"{newest} is published; the source was asked for {last} and has nothing of it: rallyscope run asks "
                   "again. If the exchange was closed, nothing is missing, and the next session's run is whole again")
    way = ("it was built as of a past moment: rallyscope build" if published_at - as_of > timedelta(days=1)
           else "rallyscope run")
    return fix(f"{newest or 'no session'} is published, {behind} behind {last}, the last closed session: {way}")


def writer(home: DataFolder) -> Outcome:
    """Who holds the writer's turn, and how long; nobody is waited for."""
    if home.lock.is_symlink() or (home.lock.exists() and not home.lock.is_file()):
        raise HomeUnusable(str(home.lock), NO_LOCK)
    try:
        with home.lock.open() as lock:
            since = datetime.now(UTC) - datetime.fromtimestamp(os.fstat(lock.fileno()).st_mtime, UTC)
            if file_lock.is_taken(lock):
                lock_owner = lock.read().strip() or "another process"
                line = f"{lock_owner} is writing, for {since // timedelta(minutes=1)} minutes now"
                if since > TURN_AT_MOST:
                    return fix(f"{line}, and no run takes so long: see what it waits for, or end it (kill "
                               f"{lock_owner.removeprefix('pid ')}); nothing is lost by that")
                return ok(line)
            left = lock.read().strip()
    except (FileNotFoundError, NotADirectoryError):
        left = ""
    return ok(f"nobody; {left}, the last one, ended in the middle and locks nothing" if left else "nobody")


def working(home: DataFolder) -> list[CheckResult]:
    """What only the working database knows; while a run is writing, only that it is."""
    looks: dict[str, Callable[[duckdb.DuckDBPyConnection], Outcome]] = {
        "landing": lambda con: _landed(con, home), "raw tables": _unique, "last run": _last_run}
    if not home.working.exists():
        return []
    try:
        with home.writer_lock(None), home.warehouse() as con:
            return [run_check(name, lambda look=look: look(con)) for name, look in looks.items()]
    except WriterLocked as error:
        line = f"not looked at: {error.lock_owner} is writing"
        return [CheckResult(name, True, line) for name in looks]
    except RallyscopeError as error:
        return [CheckResult("raw tables", False, str(error))]


def _landed(con: duckdb.DuckDBPyConnection, home: DataFolder) -> Outcome:
    known = {batch for (batch,) in con.execute("select batch_id from audit.batch").fetchall()}
    batches = [batch.name for batch in landing.batches(home.landing)]
    if left := [name for name in batches if name not in known]:
        return fix(f"{len(left)} landed and not loaded, the first {left[0]}: rallyscope run loads them")
    return ok(f"{len(batches)} folders, all loaded")


def _unique(con: duckdb.DuckDBPyConnection) -> Outcome:
    if twice := duplicates(con):
        tables = ", ".join(f"{table} ({keys} keys)" for table, keys in twice.items())
        return fix(f"keys held twice for one moment, which no run does: {tables}. Restore warehouse.duckdb from a backup, "
                   "or load all anew into another folder with --home")
    return ok("every key once a moment")


def _last_run(con: duckdb.DuckDBPyConnection) -> Outcome:
    run = con.execute("""select run_id, command, first_session, last_session, status, message, finished_at
                         from audit.run where status <> 'refused'
                         order by started_at desc, rowid desc limit 1""").fetchone()
    if not run:
        return ok("none yet")
    run_id, command, first, last, status, message, finished_at = run
    if status != "completed":
        what = {"run": "rallyscope run", "backfill": f"rallyscope backfill {first} {last}"}.get(command, "rallyscope build")
        return fix(f"{run_id} was ended in the middle: {what} goes on where it was" if status in ("running", "interrupted")
                   else f"{run_id}, {status}: {message}")
    kept_out = con.execute("select feed, count(*) from raw.rejected_row where run_id = ? group by 1 order by 1",
                           [run_id]).fetchall()
    rows = ", ".join(f"{feed} {count}" for feed, count in kept_out)
    return ok(f"{run_id}, completed {finished_at:%Y-%m-%d %H:%M} UTC; rows quarantined: {rows or 'none'}")
