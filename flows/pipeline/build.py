"""The second half of a run: fit the regime model, build the models, compare, finish the run's record, publish."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

from flows.pipeline import market_kind
from flows.pipeline.gate import pass_gate
from warehouse.errors import BadRequest
from warehouse.publication.publish import Publication, Stamp
from warehouse.publication.publish import publish as publish_build
from warehouse.publication.revisions.ledger import record_revisions

if TYPE_CHECKING:
    from flows.pipeline.run import Run


def fit(run: Run) -> int:
    """Fit the regime model at the month-ends without a fit, starting with the one in force when the window starts."""
    from transforms.regime_model import fit_missing

    run.read_clock()
    with run.settings.home.warehouse() as con:
        return fit_missing(con, run.window and run.window.start, run.clock.now, run.run_id, run.say,
                           lambda month: run.progress(1.0, month))


def build(run: Run, as_of: datetime | None = None, recorded_by: datetime | None = None) -> None:
    """Build every model as of the given times, by default now; raise BadRequest if no session was known by then."""
    from transforms.engine.build import AsOf
    from transforms.engine.build import build as build_models
    from transforms.engine.project import models

    run.say("building the marts")
    run.read_clock()
    # Round up to a second, so that --as-of with the time that `status` prints builds the same publication again.
    now = run.clock.now
    run.clock = replace(run.clock, now=now.replace(microsecond=0) + timedelta(seconds=now.microsecond > 0))
    with run.settings.home.warehouse() as con:
        build_models(con, models(), AsOf(as_of or run.clock.now, recorded_by or run.clock.now),
                     run.settings.home.failed_rows)
        if (as_of or recorded_by) and con.execute("select count(*) from marts.regime_daily").fetchone() == (0,):
            known = con.execute("select min(known_at), min(fetched_at) from raw.price_bar").fetchone() or (None, None)
            raise BadRequest(" and ".join(f"{what} {instant:%Y-%m-%dT%H:%M:%SZ}" for what, instant in (
                ("as_of", as_of), ("recorded_by", recorded_by)) if instant), "no session was known and recorded by then",
                f"The first price was known at {known[0]} UTC, and the first one was fetched at {known[1]} UTC"
                if known[0] else "Nothing is loaded yet; to load a session: rallyscope run")


def publish(run: Run, as_of: datetime | None = None, recorded_by: datetime | None = None) -> Publication:
    """Check the last build, publish it, and finish the run's record."""
    from transforms.engine.project import models

    def computed_from() -> list[tuple[str, str, str]]:
        from transforms.engine.lineage import raw_tables

        return raw_tables(con, project)

    project = models()
    with run.settings.home.warehouse() as con:
        stamp = Stamp(run.clock.now, as_of or run.clock.now, recorded_by or run.clock.now, code_version(project),
                      run.settings.catalog.hash, True in market_kind.loaded_kinds(con), run.run_id,
                      as_of is None and recorded_by is None)
        run.cells_revised = record_revisions(con, run.settings.home, stamp, project, computed_from)
        pass_gate(run, con, stamp)
    run.finish("incomplete" if run.problems else "completed", "; ".join([*run.problems, *run.reports]) or None)
    with run.settings.home.warehouse() as con:
        run.publication = publish_build(con, run.settings.home, stamp, [m.name for m in project])
    run.say(f"published {run.publication.build_id}" if run.publication.changed
            else f"nothing changed: {run.publication.build_id} stays current")
    if run.publication.note:
        run.say(run.publication.note)
    return run.publication


def code_version(project) -> str:
    """Return the package version and a digest of every model and the macros; they identify the code that built a table."""
    from transforms.engine.build import MACROS

    texts = (f"{name}\n{sql}\n" for name, sql in (*((m.name, m.sql) for m in project), ("macros", MACROS.read_text())))
    digest = hashlib.sha256("".join(texts).encode()).hexdigest()
    return f"{version('rallyscope')}+{digest[:10]}"
