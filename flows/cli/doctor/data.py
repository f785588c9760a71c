"""The checks of `rallyscope doctor` in the data folder: disk space, the writer's lock, the publication, the raw tables."""

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

FREE_BYTES_NEEDED = 1 << 30
# No run takes longer; the automations of the service use the same limit.
LONGEST_RUN = timedelta(hours=3)


def folder(home: DataFolder) -> Outcome:
    """Whether the data folder can be written to or created."""
    parent = _nearest_existing(home.folder)
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise HomeUnusable(str(home.folder), f"{parent} is not a writable folder")
    return ok(str(home.folder) if home.folder.exists() else f"{home.folder}, which the first run creates")


def disk(home: DataFolder) -> Outcome:
    """Whether there is enough disk space for a run."""
    free = shutil.disk_usage(_nearest_existing(home.folder)).free
    if free < FREE_BYTES_NEEDED:
        return fix(f"only {free >> 20} MB free at {home.folder}. Free disk space; rallyscope prune --dry-run lists what it "
                   "can delete")
    return ok(f"{free >> 30} GB free")


def _nearest_existing(path: Path) -> Path:
    return next(candidate for candidate in (path, *path.parents) if candidate.exists())


def publication(home: DataFolder) -> Outcome:
    """Whether the published file opens and its marts have the rows that were published."""
    with home.marts() as con:
        try:
            build, as_of, hashes = con.execute(  # type: ignore[misc]
                "select build_id, as_of, table_hashes from audit.publication where is_current").fetchone()
            marts = [name for name in hashes if name.startswith("marts.")]
            changed = [name for name in marts if table_hash(con, name) != hashes[name]]
            foreign = con.execute("""select table_name from duckdb_tables() where schema_name = 'main'
                                         and not list_contains($marts, 'marts.' || table_name) order by 1""",
                                  {"marts": marts}).fetchall()
        except duckdb.Error as error:
            return fix(f"{home.published} is damaged ({str(error).splitlines()[0]}). To rebuild it: rallyscope build")
    if changed:
        return fix(f"{', '.join(changed)} of {build} changed after the publication. To rebuild: rallyscope build")
    if foreign:
        return fix(f"{home.published} has tables that another program wrote: {', '.join(name for name, in foreign)}. The "
                   "next publication removes them; keep your own tables in another file")
    if line := trouble(home.published):
        return fix(line)
    if not (home.builds / f"{build}.duckdb").exists():
        return fix(f"{build} is missing in the kept builds, so a rollback cannot restore it. To keep it: rallyscope build")
    return ok(f"{build}, as of {as_of:%Y-%m-%d}, {len(marts)} marts intact")


def freshness(home: DataFolder, clock: Clock) -> Outcome:
    """How many sessions that are closed by the pipeline's clock the publication lacks."""
    from flows.pipeline.plan import last_closed
    from warehouse.calendar import sessions

    with home.marts() as con:
        newest, simulated, as_of, published_at, newest_requested = con.execute("""
            select (select max(date) from marts.regime_daily), is_simulated, as_of, published_at,
                (select max(date) from audit.coverage where feed = 'bars' and date not in (
                    select p.date from core.security_price p join core.instrument i using (symbol)
                    where i.kind = 'stock'))
            from audit.publication where is_current""").fetchone()  # type: ignore[misc]
    if simulated != clock.simulated:
        kinds = ("a simulated", "the real") if simulated else ("a real", "a simulated")
        return fix(f"{home.folder} holds {kinds[0]} market, but the source is {kinds[1]} one. Name the right source with "
                   "--source, or another folder with --home")
    last = last_closed(clock.now)
    behind = sum((newest or date.min) < day <= last for day, _, _ in sessions(clock.now.year + 1))
    if not behind:
        return ok(f"{newest} is the last closed session")
    if behind == 1 and newest_requested == last:
        return fix(f"{newest} is published; the source had no data for {last} yet. To request it again: rallyscope run. If "
                   "the exchange was closed, nothing is missing, and the run of the next session completes")
    way = ("It was built as of a past time. To publish the present: rallyscope build"
           if published_at - as_of > timedelta(days=1) else "To catch up: rallyscope run")
    behind_by = f"{behind} session{'s' if behind > 1 else ''} behind {last}, the last closed one"
    return fix(f"{newest or 'no session'} is published, {behind_by}. {way}")


def writer(home: DataFolder) -> Outcome:
    """Who holds the writer's lock, and for how long; the check does not wait for the lock."""
    if home.lock.is_symlink() or (home.lock.exists() and not home.lock.is_file()):
        raise HomeUnusable(str(home.lock), NO_LOCK)
    try:
        with home.lock.open() as lock:
            since = datetime.now(UTC) - datetime.fromtimestamp(os.fstat(lock.fileno()).st_mtime, UTC)
            if file_lock.is_taken(lock):
                lock_owner = lock.read().strip() or "another process"
                line = f"{lock_owner} has been writing for {since // timedelta(minutes=1)} minutes"
                if since > LONGEST_RUN:
                    return fix(f"{line}; no run takes that long. Check what it waits for, or end it (kill "
                               f"{lock_owner.removeprefix('pid ')}); no data is lost")
                return ok(line)
            left = lock.read().strip()
    except (FileNotFoundError, NotADirectoryError):
        left = ""
    return ok(f"idle ({left} exited in the middle of a run; no lock is held)" if left else "idle")


def working(home: DataFolder) -> list[CheckResult]:
    """The checks of the working database; skipped while a run is writing."""
    looks: dict[str, Callable[[duckdb.DuckDBPyConnection], Outcome]] = {
        "landing": lambda con: _landed(con, home), "raw tables": _unique, "last run": _last_run}
    if not home.working.exists():
        return []
    try:
        with home.writer_lock(None), home.warehouse() as con:
            return [run_check(name, lambda look=look: look(con)) for name, look in looks.items()]
    except WriterLocked as error:
        line = f"skipped, because {error.lock_owner} is writing"
        return [CheckResult(name, True, line) for name in looks]
    except RallyscopeError as error:
        return [CheckResult("raw tables", False, str(error))]


def _landed(con: duckdb.DuckDBPyConnection, home: DataFolder) -> Outcome:
    known = {batch for (batch,) in con.execute("select batch_id from audit.batch").fetchall()}
    batches = [batch.name for batch in landing.batches(home.landing)]
    if left := [name for name in batches if name not in known]:
        return fix(f"{len(left)} landed but not loaded, the first is {left[0]}. To load them: rallyscope run")
    return ok(f"{len(batches)} folders, all loaded")


def _unique(con: duckdb.DuckDBPyConnection) -> Outcome:
    if twice := duplicates(con):
        tables = ", ".join(f"{table} ({keys} keys)" for table, keys in twice.items())
        return fix(f"duplicate keys, which no run writes: {tables}. Restore warehouse.duckdb from a backup, or load "
                   "everything again into another folder with --home")
    return ok("no duplicate keys")


def _last_run(con: duckdb.DuckDBPyConnection) -> Outcome:
    run = con.execute("""select run_id, command, first_session, last_session, status, message, finished_at
                         from audit.run where status <> 'refused'
                         order by started_at desc, rowid desc limit 1""").fetchone()
    if not run:
        return ok("no run yet")
    run_id, command, first, last, status, message, finished_at = run
    if status != "completed":
        what = {"run": "rallyscope run", "backfill": f"rallyscope backfill {first} {last}"}.get(command, "rallyscope build")
        return fix(f"{run_id} was interrupted. To continue it: {what}" if status in ("running", "interrupted")
                   else f"{run_id}, {status}: {message}")
    kept_out = con.execute("select feed, count(*) from raw.rejected_row where run_id = ? group by 1 order by 1",
                           [run_id]).fetchall()
    rows = ", ".join(f"{feed} {count}" for feed, count in kept_out)
    return ok(f"{run_id}, completed {finished_at:%Y-%m-%d %H:%M} UTC; rows quarantined: {rows or 'none'}")
