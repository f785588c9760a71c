"""Apply the publication gate to a run: a failed check withholds the build or becomes a problem of the run."""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

import duckdb

from warehouse.errors import BadRequest, PublicationWithheld
from warehouse.publication.gate import Acceptance, Build, Verdict, judge
from warehouse.publication.publish import Stamp, current_build

if TYPE_CHECKING:
    from flows.pipeline.run import Run


def pass_gate(run: Run, con: duckdb.DuckDBPyConnection, stamp: Stamp) -> Verdict:
    """Check the last build: record what is missing, print the reports, and raise PublicationWithheld if a check fails."""
    window = run.window
    verdict = judge(con, run.settings.home, Build(run.run_id, stamp.published_at, stamp.is_present,
                                                  window and window.start, window and window.end), run.acceptance)
    run.problems.extend(violation.sentence for violation in verdict.incomplete)
    run.reports.extend(violation.sentence for violation in verdict.reported)
    for sentence in run.reports:
        run.say(sentence)
    if verdict.withheld:
        raise PublicationWithheld((*(f"{violation.check.name}: {violation.sentence}" for violation in verdict.withheld),
                                   *run.problems), current_build(run.settings.home))
    return verdict


def acceptance(reason: str | None) -> Acceptance | None:
    """Return the acceptance with the user's reason; raise BadRequest if the reason is empty."""
    if reason is None:
        return None
    if not reason.strip():
        raise BadRequest("--accept", "the reason is empty", "Say why the figures are right; the audit records it")
    return Acceptance(reason.strip(), _user())


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"
