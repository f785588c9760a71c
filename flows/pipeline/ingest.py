"""Data comes in: request, land, validate, load."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from flows.pipeline import market_kind
from flows.pipeline.fetch import ask
from flows.pipeline.plan import Request, Window, last_closed
from flows.pipeline.plan import requests as plan_requests
from warehouse import landing
from warehouse.landing import Batch
from warehouse.load.batch import Loaded, is_loaded
from warehouse.load.batch import load as load_batch

if TYPE_CHECKING:
    from flows.pipeline.run import Run


def requests(run: Run, window: Window | None = None) -> list[Request]:
    """What is still to ask for a window, by default the run's."""
    if not (window := window or run.window):
        return []
    run.read_clock()
    with run.settings.home.warehouse() as con:
        return planned(con, run, window)


def planned(con: duckdb.DuckDBPyConnection, run: Run, window: Window) -> list[Request]:
    return plan_requests(con, run.settings.catalog, window, run.clock.now, run.again,
                         replay=run.settings.base_url is not None)


def fetch(run: Run, request: Request) -> Batch:
    """Ask one batch and land what came; a SourceError when the source as a whole cannot be asked."""
    run.say(f"asking {request} for {len(request.fetch_keys)} keys")
    requested_at = run.settings.clock().now  # before the answer: a bar that ends meanwhile counts as unfinished
    fetched = ask(run.settings, request, run.newest_fetch)
    run.keys_failed += int((fetched.outcomes.status == "failed").sum())
    keys = [ask.key for ask in request.fetch_keys]
    return landing.land(
        run.settings.home.landing, request.feed, request.source, requested_at, str(last_closed(requested_at)),
        {**fetched.frames, "outcomes": fetched.outcomes},
        {"keys": keys, "from": str(min(a.start for a in request.fetch_keys)),
         "to": str(max(a.end for a in request.fetch_keys))},
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


def recover(run: Run) -> None:
    """Load what an interrupted run landed and did not load; nothing fetched is asked twice or lost."""
    with run.settings.home.warehouse() as con:
        pending = [f for f in landing.batches(run.settings.home.landing) if not is_loaded(con, f.name)]
    for folder in pending:
        run.say(f"loading {folder.name}, landed by an interrupted run")
        batch = landing.read(folder)
        if run.window:
            market_kind.refuse_another(run.settings.home, {batch.simulated}, run.clock.simulated)
        load(run, batch)
