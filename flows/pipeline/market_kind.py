"""One data folder, one market: simulated and real figures never meet in a table."""

from __future__ import annotations

import duckdb

from warehouse.data_folder import DataFolder
from warehouse.errors import BadRequest


def held(con: duckdb.DuckDBPyConnection) -> set[bool]:
    """Whether what was loaded came from a simulated market: one answer, or none yet."""
    return {bool(kind) for kind, in con.execute("select distinct is_simulated from audit.batch").fetchall()}


def refuse_another(home: DataFolder, held: set[bool], simulated: bool) -> None:
    """BadRequest when what a data folder holds is another kind of market than the source's."""
    if not held <= {simulated}:
        kinds = ("real", "simulated") if simulated else ("simulated", "real")
        raise BadRequest(f"data folder {home.folder}", f"it holds a {kinds[0]} market, and the source is a {kinds[1]} one",
                         "Give each a folder of its own with --home or RALLYSCOPE_HOME, and name its source with "
                         "--source or RALLYSCOPE_SOURCE")
