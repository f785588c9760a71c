"""`rallyscope diff`: two kept builds side by side."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import duckdb

from flows.show import print_rows
from transforms.project import models
from warehouse.builds import find
from warehouse.compare import differences
from warehouse.home import Home


def diff(home: Home, first: str, second: str, as_json: bool = False) -> None:
    """Print every table that differs between two builds: rows on one side only, and cells changed in rows of both."""
    builds = [find(home, text) for text in (first, second)]
    with duckdb.connect() as con:
        for name, build in zip(("first", "second"), builds, strict=True):
            con.execute(f"attach '{str(build).replace(chr(39), chr(39) * 2)}' as {name} (read_only)")
        found = differences(con, "first", "second", {m.name: m.grain for m in models() if m.layer in ("marts", "core")})
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
