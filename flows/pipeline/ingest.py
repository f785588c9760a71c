"""The first half of a run: request, land, validate, load."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from flows.pipeline import market_kind
from flows.pipeline.fetch import fetch_from_source
from flows.pipeline.plan import Request, Window, last_closed
from flows.pipeline.plan import requests as plan_requests
from warehouse import landing
from warehouse.landing import Batch
from warehouse.load.batch import Loaded, is_loaded
from warehouse.load.batch import load as load_batch

if TYPE_CHECKING:
    from flows.pipeline.run import Run


def requests(run: Run, window: Window | None = None) -> list[Request]:
    """Return the requests that are pending for a window, by default the run's."""
    if not (window := window or run.window):
        return []
    run.read_clock()
    with run.settings.home.warehouse() as con:
        return planned(con, run, window)


def planned(con: duckdb.DuckDBPyConnection, run: Run, window: Window) -> list[Request]:
    return plan_requests(con, run.settings.catalog, window, run.clock.now, run.again,
                         replay=run.settings.base_url is not None)


def fetch(run: Run, request: Request) -> Batch:
    """Fetch one batch and land it; raise SourceError if the source fails for every key."""
    run.say(f"fetching {request}: {len(request.fetch_keys)} key{'s' if len(request.fetch_keys) > 1 else ''}")
    requested_at = run.settings.clock().now  # read before the response: a bar that ends meanwhile counts as unfinished
    fetched = fetch_from_source(run.settings, request, run.newest_fetch)
    run.keys_failed += int((fetched.outcomes.status == "failed").sum())
    keys = [fetch_key.key for fetch_key in request.fetch_keys]
    return landing.land(
        run.settings.home.landing, request.feed, request.source, requested_at, str(last_closed(requested_at)),
        {**fetched.frames, "outcomes": fetched.outcomes},
        {"keys": keys, "from": str(min(a.start for a in request.fetch_keys)),
         "to": str(max(a.end for a in request.fetch_keys))},
        run.clock.simulated)


def load(run: Run, batch: Batch) -> Loaded:
    """Validate the batch against its suite, then load the rows that passed."""
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
    """Explain why a step that raised no error has no result: every key failed, or every row was quarantined."""
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
    """Load the batches that an interrupted run landed, so that no fetched row is lost or requested twice."""
    with run.settings.home.warehouse() as con:
        pending = [f for f in landing.batches(run.settings.home.landing) if not is_loaded(con, f.name)]
    for folder in pending:
        run.say(f"loading {folder.name}, which an interrupted run landed")
        batch = landing.read(folder)
        if run.window:
            market_kind.refuse_another(run.settings.home, {batch.simulated}, run.clock.simulated)
        load(run, batch)
