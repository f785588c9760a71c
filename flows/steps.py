"""The steps of a run as plain functions: ask, land, validate, load, build, publish. No Prefect here."""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any

import duckdb

from flows import one_market
from flows.gate import pass_gate
from flows.moments import own_clock, refuse_future
from flows.plan import NOTHING_AGAIN, Again, Chunk, Request, Window, chunks, last_closed
from flows.plan import requests as plan_requests
from flows.settings import Clock, Settings
from flows.sources import clock as source_clock
from flows.sources.asking import ask
from flows.unchanged import still_current
from warehouse import landing
from warehouse.drafts import sweep
from warehouse.errors import BadRequest, BuildDamaged, NothingPublished, RallyscopeError, RunIncomplete, SourceError
from warehouse.gate import Acceptance
from warehouse.landing import Batch
from warehouse.load import Loaded, is_loaded
from warehouse.load import load as load_batch
from warehouse.publish import Publication, Stamp
from warehouse.publish import publish as publish_build
from warehouse.record import record
from warehouse.revisions import record_revisions
from warehouse.visible import visible
from warehouse.zones import as_stored

log = logging.getLogger("rallyscope")

Step = Callable[..., Any]
Progress = Callable[[float, str], None]
"""Told the share of the run's asking that is done, 0 to 1, and what is on."""


@dataclass
class Run:
    """One run's circumstances, and what it noticed on the way."""

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
    """When the newest answer held at its start was fetched."""


# A run that never came to its end, or whose publication did not.
_INTERRUPTED = """
    update audit.run set status = 'interrupted' where status = 'running' or status in ('completed', 'incomplete')
        and run_id not in (select run_id from audit.publication)"""


@contextmanager
def run(settings: Settings, command: str, window: Window | None = None, say: Callable[[str], None] = log.info,
        *, wait: bool = True, request_key: str | None = None) -> Iterator[Run]:
    """Take the writer's turn, record the catalogue, load what an interrupted run landed, and keep the audit.

    What the body raises is recorded and raised again; noticed problems end the run as RunIncomplete. Without `wait`
    a busy writer is TurnTaken at once. `request_key` names what is asked, for `already_done`.
    """
    catalog = settings.catalog  # a mistake in it is told before anything is waited for
    with settings.home.turn((lambda holder: say(f"waiting for the run of {holder}")) if wait else None):
        sweep(settings.home)
        # After the wait: what another run fetched meanwhile is not from the future.
        clock = settings.clock() if window else own_clock(settings)
        this = Run(settings, clock, command, window, f"{command}-{uuid.uuid4().hex[:12]}", say)
        with settings.home.warehouse() as con:
            if window:
                one_market.refuse_another(settings.home, one_market.held(con), clock.simulated)
            this.newest_fetch = source_clock.newest_fetch(con)
            record(con, catalog, clock.now)
            con.execute(_INTERRUPTED)  # we have the turn
            con.execute("insert into audit.run values (?, ?, ?, ?, ?, null, 'running', null, ?)",
                        [this.run_id, command, window and window.start, window and window.end, as_stored(clock.now),
                         request_key])
        try:
            if window:
                _refuse_earlier_clock(this)
            _recover(this)
            yield this
            if this.problems:
                raise RunIncomplete(tuple(this.problems))
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) or str(error) == "Query interrupted":
                raise  # the next run finds it unfinished, as after a kill
            status = {RunIncomplete: "incomplete", BadRequest: "refused"}.get(type(error), "failed")
            _finish(this, status, str(error) if isinstance(error, RallyscopeError) else type(error).__name__)
            raise


def already_done(settings: Settings, request_key: str, present: bool) -> str | None:
    """The run that completed this very request; None when there is none, or another publication than its is current.

    A request of the `present` is as well served by a later present.
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


def request_key(settings: Settings, *asked: object) -> str:
    """What makes two requests one: what is asked, by which catalogue, on the same last closed session."""
    parts = [*map(str, asked), settings.catalog.hash, str(last_closed(settings.clock().now))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def carry_out(run: Run, step: Callable[[Step], Step] = lambda plain: plain,
              moment: tuple[datetime | None, datetime | None] = (None, None), chunk: Chunk = Chunk.whole) -> None:
    """Everything of a run: ask and load chunk by chunk, then build and publish. `step` wraps each function, as a task."""
    refuse_future(run.clock.now, as_of=moment[0], recorded_by=moment[1])
    if not any(moment):
        _refuse_earlier_clock(run)  # a build of the present, too
    windows = chunks(run.window, chunk) if run.window else []
    for place, asking in _to_ask(run, windows):
        for position, request in enumerate(asking):
            run.progress((place + position / len(asking)) / len(windows), f"{windows[place]}: {request}")
            _ask_and_load(run, step, request)
    step(fit)(run)
    if run.command == "backfill" and moment == (None, None) and not run.acceptance and _keep_current(run):
        return
    run.progress(1.0, "build and publication")
    step(build)(run, *moment)
    step(publish)(run, *moment)


def _keep_current(run: Run) -> bool:
    """Whether nothing new came, so that the current publication stays and no build is made."""
    from transforms.project import models

    if run.problems:
        return False
    with run.settings.home.warehouse() as con:
        current = still_current(con, run.settings.home, run.clock.now, code_version(models()))
    if not current:
        return False
    run.reports.extend([current.message] if current.message else [])
    run.publication = Publication(current.build_id, run.settings.home.published, changed=False)
    _finish(run, "completed", current.message)
    for line in (*run.reports, f"nothing new: {current.build_id} stays current, and nothing was built"):
        run.say(line)
    return True


def _to_ask(run: Run, windows: list[Window]) -> Iterator[tuple[int, list[Request]]]:
    """The windows that still have something to ask, each planned once the ones before it are loaded."""
    ahead = iter(enumerate(windows))
    while True:
        _look_at_the_clock(run)
        with run.settings.home.warehouse() as con:  # opened once for all the windows that have nothing
            found = next(((place, asking) for place, window in ahead if (asking := _planned(con, run, window))), None)
        if found is None:
            return
        yield found


def _ask_and_load(run: Run, step: Callable[[Step], Step], request: Request) -> None:
    if request.source in run.unreachable:
        return
    try:
        batch = step(fetch)(run, request)
    except SourceError as error:
        run.unreachable.add(request.source)
        run.problems.append(str(error))
        run.say(str(error))
    else:
        step(load)(run, batch)


def requests(run: Run, window: Window | None = None) -> list[Request]:
    """What is still to ask for a window, by default the run's."""
    if not (window := window or run.window):
        return []
    _look_at_the_clock(run)
    with run.settings.home.warehouse() as con:
        return _planned(con, run, window)


def _planned(con: duckdb.DuckDBPyConnection, run: Run, window: Window) -> list[Request]:
    return plan_requests(con, run.settings.catalog, window, run.clock.now, run.again,
                         replay=run.settings.base_url is not None)


def fetch(run: Run, request: Request) -> Batch:
    """Ask one batch and land what came; a SourceError when the source as a whole cannot be asked."""
    run.say(f"asking {request} for {len(request.asks)} keys")
    asked_at = run.settings.clock().now  # before the answer: a bar that ends meanwhile counts as unfinished
    fetched = ask(run.settings, request, run.newest_fetch)
    run.keys_failed += int((fetched.outcomes.status == "failed").sum())
    keys = [ask.key for ask in request.asks]
    return landing.land(
        run.settings.home.landing, request.feed, request.source, asked_at, str(last_closed(asked_at)),
        {**fetched.frames, "outcomes": fetched.outcomes},
        {"keys": keys, "from": str(min(a.start for a in request.asks)), "to": str(max(a.end for a in request.asks))},
        run.clock.simulated)


def load(run: Run, batch: Batch) -> Loaded:
    """Meet the suites, then load what passed."""
    from expectations.validate import validate

    with run.settings.home.warehouse() as con:
        verdict = validate(batch, run.settings.catalog, con)
        loaded = load_batch(con, batch, run.run_id, verdict.rejected, verdict.results, verdict.stopped)
    run.problems.extend(f"{batch.feed} was stopped: {reason}" for reason in verdict.stopped)
    run.problems.extend((*verdict.held, *loaded.held))
    run.rows_added += loaded.added
    run.rows_quarantined += loaded.quarantined
    return loaded


def lost(outcome: object) -> str | None:
    """What a step that ended without an error lost, where it lost everything: the answers of a batch, or all its rows."""
    match outcome:
        case Batch():
            statuses = duckdb.execute("select count(*), count(*) filter (status = 'failed'), "
                                      "any_value(reason) filter (status = 'failed') from read_parquet(?)",
                                      [str(outcome.frame("outcomes"))]).fetchone() or (0, 0, None)
            return f"all {statuses[0]} keys failed ({statuses[2]})" if statuses[0] and statuses[0] == statuses[1] else None
        case Loaded(landed=landed, quarantined=quarantined) if landed and landed == quarantined:
            return f"all {landed} rows were quarantined"
    return None


def fit(run: Run) -> int:
    """Fit the regime model at the month-ends that have no fit yet, from the one in force when the window starts."""
    from flows.regime_model import fit_missing

    _look_at_the_clock(run)
    with run.settings.home.warehouse() as con:
        return fit_missing(con, run.window and run.window.start, run.clock.now, run.run_id, run.say,
                           lambda month: run.progress(1.0, month))


def build(run: Run, as_of: datetime | None = None, recorded_by: datetime | None = None) -> None:
    """Make every model anew at the moment, by default now; BadRequest for one at which nothing was known."""
    from transforms.build import Moment
    from transforms.build import build as build_models
    from transforms.project import models

    run.say("building the marts")
    _look_at_the_clock(run)
    # A whole second can be typed: --as-of with what `status` says of a publication builds that one again.
    now = run.clock.now
    run.clock = replace(run.clock, now=now.replace(microsecond=0) + timedelta(seconds=now.microsecond > 0))
    with run.settings.home.warehouse() as con:
        build_models(con, models(), Moment(as_of or run.clock.now, recorded_by or run.clock.now),
                     run.settings.home.broken)
        if (as_of or recorded_by) and con.execute("select count(*) from marts.regime_daily").fetchone() == (0,):
            known = con.execute("select min(known_at), min(fetched_at) from raw.price_bar").fetchone() or (None, None)
            raise BadRequest(" and ".join(f"{what} {moment:%Y-%m-%dT%H:%M:%SZ}" for what, moment in (
                ("as_of", as_of), ("recorded_by", recorded_by)) if moment), "no session was known and recorded by then",
                f"The first price was known at {known[0]} UTC, and the first one was fetched at {known[1]} UTC"
                if known[0] else "Nothing is loaded yet: rallyscope run")


def publish(run: Run, as_of: datetime | None = None, recorded_by: datetime | None = None) -> Publication:
    """Pass the gate, publish the last build with its data dictionary, and close the run's record."""
    from flows.dictionary import refresh
    from transforms.project import models

    def computed_from() -> list[tuple[str, str, str]]:
        from transforms.lineage import raw_tables  # seconds, and seldom needed

        return raw_tables(con, project)

    project = models()
    with run.settings.home.warehouse() as con:
        stamp = Stamp(run.clock.now, as_of or run.clock.now, recorded_by or run.clock.now, code_version(project),
                      run.settings.catalog.hash, True in one_market.held(con), run.run_id,
                      as_of is None and recorded_by is None)
        run.cells_revised = record_revisions(con, run.settings.home, stamp, project, computed_from)
        pass_gate(run, con, stamp)
    _finish(run, "incomplete" if run.problems else "completed", "; ".join([*run.problems, *run.reports]) or None)
    with run.settings.home.warehouse() as con:
        run.publication = publish_build(con, run.settings.home, stamp, [m.name for m in project])
        refresh(run.settings.home, con, project)
    run.say(f"published {run.publication.build_id}" if run.publication.changed
            else f"nothing changed: {run.publication.build_id} stays current")
    if run.publication.note:
        run.say(run.publication.note)
    _write_page(run)
    return run.publication


def _write_page(run: Run) -> None:
    """The newest session's page; one that cannot be made is said, and kept in the audit, and fails no run."""
    from flows.brief.apart import PageNotMade
    from flows.brief.write import refresh

    try:
        run.say(f"the day's page is {refresh(run.settings.home, run.settings.catalog)}")
    except (PageNotMade, RallyscopeError, duckdb.Error, OSError, ValueError) as error:
        reason = str(error) if isinstance(error, PageNotMade) else f"{type(error).__name__}: {error}"
        warning = visible(f"warning: the day's page was not made, {reason}")
        run.say(warning)
        with run.settings.home.warehouse() as con:
            con.execute("update audit.run set message = concat_ws('; ', message, ?) where run_id = ?",
                        [warning, run.run_id])


def code_version(project) -> str:
    """The package version and a digest of every model: what made a table, in one word."""
    digest = hashlib.sha256("".join(f"{m.name}\n{m.sql}\n" for m in project).encode()).hexdigest()
    return f"{version('rallyscope')}+{digest[:10]}"


def _recover(run: Run) -> None:
    """Load what an interrupted run landed and did not load; nothing fetched is asked twice or lost."""
    with run.settings.home.warehouse() as con:
        pending = [f for f in landing.batches(run.settings.home.landing) if not is_loaded(con, f.name)]
    for folder in pending:
        run.say(f"loading {folder.name}, landed by an interrupted run")
        batch = landing.read(folder)
        if run.window:
            one_market.refuse_another(run.settings.home, {batch.simulated}, run.clock.simulated)
        load(run, batch)


def _refuse_earlier_clock(run: Run) -> None:
    source_clock.refuse_earlier(run.settings.base_url or "this machine", run.clock.now, run.newest_fetch)


def _look_at_the_clock(run: Run) -> None:
    """Now is after everything this run has fetched so far, and so that counts as known; a build has one moment."""
    if run.window:
        run.clock = run.settings.clock()


def _finish(run: Run, status: str, message: str | None) -> None:
    with run.settings.home.warehouse() as con:
        # A request of which a key failed is not done: asked once more, it asks for that key again.
        ended_at = (run.settings.clock() if run.window else run.clock).now
        con.execute("""update audit.run set finished_at = ?, status = ?, message = ?,
                           request_key = if(?, null, request_key) where run_id = ?""",
                    [as_stored(ended_at), status, message, run.keys_failed > 0, run.run_id])
