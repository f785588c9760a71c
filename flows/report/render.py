"""Render the pages of a publication: the data dictionary, and the newest session's page with its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from warehouse.errors import RallyscopeError
from warehouse.visible import visible

if TYPE_CHECKING:
    from flows.pipeline.run import Run


def render(run: Run) -> None:
    """Write the pages. If a page cannot be rendered, the run reports it, records it in the audit and does not fail."""
    from flows.report import dictionary
    from flows.report.page.separate_process import PageNotMade
    from flows.report.page.write import refresh
    from transforms.engine.project import models

    try:
        with run.settings.home.warehouse() as con:
            dictionary.refresh(run.settings.home, con, models())
        run.say(f"the day's page is {refresh(run.settings.home, run.settings.catalog)}")
    except (PageNotMade, RallyscopeError, duckdb.Error, OSError, ValueError) as error:
        reason = str(error) if isinstance(error, PageNotMade) else f"{type(error).__name__}: {error}"
        warning = visible(f"warning: the day's page was not rendered, {reason}")
        run.say(warning)
        with run.settings.home.warehouse() as con:
            con.execute("update audit.run set message = concat_ws('; ', message, ?) where run_id = ?",
                        [warning, run.run_id])
