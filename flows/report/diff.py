"""Compare two kept builds (`rallyscope diff`)."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import duckdb

from flows.report.terminal import print_rows
from transforms.engine.project import models
from warehouse.data_folder import DataFolder, damage_in
from warehouse.errors import BuildDamaged
from warehouse.publication.builds import find
from warehouse.publication.compare import Difference, differences
from warehouse.stray import undisturbed
from warehouse.zones import use_utc


def diff(home: DataFolder, first: str, second: str, as_json: bool = False) -> None:
    """Print every table that differs between two builds: rows on one side only, and cells changed in rows of both."""
    builds = [find(home, text) for text in (first, second)]
    found = _differences(*builds)
    if as_json:
        json.dump([asdict(difference) for difference in found], sys.stdout, indent=1)
        sys.stdout.write("\n")
        return
    if not found:
        print(f"{builds[0].stem} and {builds[1].stem} hold the same tables")
        return
    columns = ["table", "only first", "only second", "changed rows", "changed cells", "in columns"]
    print_rows(columns, [(d.table, d.only_first, d.only_second, d.changed_rows, d.changed_cells,
                          ", ".join(d.columns[:4]) + (" …" if len(d.columns) > 4 else "")) for d in found],
               f"{builds[0].stem} against {builds[1].stem}")


def _differences(*builds: Path) -> list[Difference]:
    """Return the differences between two build files; raise BuildDamaged with the file that cannot be read."""
    grains = {m.name: m.grain for m in models() if m.layer in ("marts", "core")}
    with ExitStack() as stack, duckdb.connect() as con:
        use_utc(con)
        for name, build in zip(("first", "second"), builds, strict=True):
            file = stack.enter_context(undisturbed(build))
            try:
                con.execute(f"attach '{str(file).replace(chr(39), chr(39) * 2)}' as {name} (read_only)")
            except duckdb.Error as error:
                raise BuildDamaged(str(build), str(error).splitlines()[0]) from None
        try:
            return differences(con, "first", "second", grains)
        except duckdb.Error as error:
            if damage := damage_in(error):
                raise BuildDamaged(" or ".join(map(str, builds)), damage) from None
            raise
