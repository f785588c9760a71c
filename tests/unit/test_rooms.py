"""The rooms of the code: what each may import. Arrows point down, from what people use to where data is kept."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Each room may import those below it, besides itself; the first prefix that fits is a module's room.
ROOMS = {
    "flows.daily": 7, "flows.backfill": 7, "flows.cli.__main__": 7,
    "flows.cli": 6,
    "flows.prefect_run": 5,
    "flows.report": 4, "flows.service": 4,
    "flows.pipeline": 3,
    "flows.settings": 2, "flows.replay": 2,
    "flows.simulator": 1, "flows.sources": 1, "expectations": 1, "transforms": 1,
    "warehouse": 0,
}
FILES = sorted(path.relative_to(ROOT) for room in ("flows", "expectations", "transforms", "warehouse")
               for path in (ROOT / room).rglob("*.py"))


def room(module: str) -> str:
    return next((name for name in ROOMS if module == name or module.startswith(f"{name}.")), module)


def imports(path: Path) -> set[str]:
    """Every module of the project that a file imports, also inside functions and for type checkers."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.split(".")[0] in ("flows", "expectations", "transforms", "warehouse")}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_point_down(path: Path) -> None:
    here = room(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
    if here == "flows":
        assert not imports(path)
        return
    assert sorted(name for name in imports(path)
                  if room(name) != here and ROOMS[room(name)] >= ROOMS[here]) == []
