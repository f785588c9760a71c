"""Keep one kind of market per data folder, so that no table mixes simulated and real figures."""

from __future__ import annotations

import duckdb

from warehouse.data_folder import DataFolder
from warehouse.errors import BadRequest


def loaded_kinds(con: duckdb.DuckDBPyConnection) -> set[bool]:
    """Return whether the loaded data is from a simulated market, as a set of one value; empty before the first load."""
    return {bool(kind) for kind, in con.execute("select distinct is_simulated from audit.batch").fetchall()}


def refuse_another(home: DataFolder, loaded_kinds: set[bool], simulated: bool) -> None:
    """Raise BadRequest if the data folder holds another kind of market than the source."""
    if not loaded_kinds <= {simulated}:
        kinds = ("real", "simulated") if simulated else ("simulated", "real")
        raise BadRequest(f"data folder {home.folder}", f"it holds a {kinds[0]} market, but the source is a {kinds[1]} one",
                         "Name another data folder with --home or RALLYSCOPE_HOME, or the right source with --source or "
                         "RALLYSCOPE_SOURCE")
