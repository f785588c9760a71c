"""Open a run: take the writer's lock, record the run in the audit, and recover an interrupted one."""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from flows.pipeline import ingest, market_kind
from flows.pipeline.plan import NOTHING_AGAIN, Again, Window, last_closed
from flows.pipeline.windows import own_clock
from flows.settings import Clock, Settings
from flows.sources import clock as source_clock
from warehouse.catalog.record import record
from warehouse.drafts import sweep
from warehouse.errors import BadRequest, BuildDamaged, NothingPublished, RallyscopeError, RunIncomplete
from warehouse.publication.gate import Acceptance
from warehouse.publication.publish import Publication
from warehouse.zones import as_stored

log = logging.getLogger("rallyscope")

Progress = Callable[[float, str], None]
"""Receives the fraction of the run's requests that is done, 0 to 1, and what is being requested."""


@dataclass
class Run:
    """The context of one run, and the problems and counts it collects."""

    settings: Settings
    clock: Clock
    command: str
    window: Window | None
    run_id: str
    say: Callable[[str], None]
    progress: Progress = lambda share, label: None
    again: Again = NOTHING_AGAIN
    acceptance: Acceptance | None = None
    problems: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    unreachable: set[str] = field(default_factory=set)
    rows_added: int = 0
    rows_quarantined: int = 0
    keys_failed: int = 0
    cells_revised: int = 0
    publication: Publication | None = None
    newest_fetch: datetime | None = None
    """The time of the newest fetch that was loaded when the run started."""

    def refuse_earlier_clock(self) -> None:
        """Raise ClockWentBack if the clock is before the newest fetch that is loaded."""
        source_clock.refuse_earlier(self.settings.base_url or "this machine", self.clock.now, self.newest_fetch)

    def read_clock(self) -> None:
        """Read the clock again, so that all data fetched so far counts as known; a run without a window keeps its time."""
        if self.window:
            self.clock = self.settings.clock()

    def finish(self, status: str, message: str | None) -> None:
        """Complete the run's record in the audit."""
        with self.settings.home.warehouse() as con:
            # A run with a failed key loses its request key, so that the same request later fetches that key again.
            ended_at = (self.settings.clock() if self.window else self.clock).now
            con.execute("""update audit.run set finished_at = ?, status = ?, message = ?,
                               request_key = if(?, null, request_key) where run_id = ?""",
                        [as_stored(ended_at), status, message, self.keys_failed > 0, self.run_id])


# Marks the runs that did not finish, and the finished ones whose publication did not.
_INTERRUPTED = """
    update audit.run set status = 'interrupted' where status = 'running' or status in ('completed', 'incomplete')
        and run_id not in (select run_id from audit.publication)"""


@contextmanager
def open_run(settings: Settings, command: str, window: Window | None = None, say: Callable[[str], None] = log.info,
        *, wait: bool = True, request_key: str | None = None) -> Iterator[Run]:
    """Take the writer's lock, record the catalog and the run, and load the batches that an interrupted run landed.

    An exception of the body is recorded and raised again. Collected problems raise RunIncomplete at the end. Without
    `wait`, WriterLocked is raised at once if another process holds the lock. `request_key` identifies the request for
    `already_done`.
    """
    catalog = settings.catalog  # raise an error in the catalog before the wait for the lock
    waiting = (lambda lock_owner: say(f"waiting for {lock_owner} to finish writing")) if wait else None
    with settings.home.writer_lock(waiting):
        sweep(settings.home)
        # Read the clock after the wait, so that data fetched by another run meanwhile does not lie in the future.
        clock = settings.clock() if window else own_clock(settings)
        this = Run(settings, clock, command, window, f"{command}-{uuid.uuid4().hex[:12]}", say)
        with settings.home.warehouse() as con:
            if window:
                market_kind.refuse_another(settings.home, market_kind.loaded_kinds(con), clock.simulated)
            this.newest_fetch = source_clock.newest_fetch(con)
            record(con, catalog, clock.now)
            con.execute(_INTERRUPTED)  # no other run is active, since we hold the lock
            con.execute("insert into audit.run values (?, ?, ?, ?, ?, null, 'running', null, ?)",
                        [this.run_id, command, window and window.start, window and window.end, as_stored(clock.now),
                         request_key])
        try:
            if window:
                this.refuse_earlier_clock()
            with settings.home.kept_open():  # but not after an error: a database that failed must be opened anew
                ingest.recover(this)
                yield this
            if this.problems:
                raise RunIncomplete(tuple(this.problems))
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) or str(error) == "Query interrupted":
                raise  # the next run marks it as interrupted, as after a kill
            status = {RunIncomplete: "incomplete", BadRequest: "refused"}.get(type(error), "failed")
            this.finish(status, str(error) if isinstance(error, RallyscopeError) else type(error).__name__)
            raise


def already_done(settings: Settings, request_key: str, present: bool) -> str | None:
    """Return the run that completed the same request; None if no such run exists or its publication is no longer current.

    A later publication of the present also satisfies a request for the `present`.
    """
    try:
        with settings.home.marts() as con:
            row = con.execute("""
                select r.run_id from audit.run r join audit.publication p on p.is_current
                where r.request_key = ? and r.status = 'completed' and (p.run_id = r.run_id or (? and p.is_present))""",
                              [request_key, present]).fetchone()
    except (NothingPublished, BuildDamaged):
        return None
    return row[0] if row else None


def request_key(settings: Settings, *arguments: object) -> str:
    """Return a hash of the request's arguments, the catalog and the last closed session; equal requests share it."""
    parts = [*map(str, arguments), settings.catalog.hash, str(last_closed(settings.clock().now))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
