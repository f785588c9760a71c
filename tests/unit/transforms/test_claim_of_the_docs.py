"""The claim that docs/extend/claim.md shows is one, and is judged as its text says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from judged import verdict
from tiny_market import ROOT

from transforms.engine.ledger import Claim, read

SHOWN = re.search(r"```sql\n(.*?)```", (ROOT / "docs" / "extend" / "claim.md").read_text(), re.DOTALL)


@pytest.fixture
def claim(tmp_path: Path) -> Claim:
    assert SHOWN
    file = tmp_path / "B99.sql"
    file.write_text(SHOWN[1])
    return read(file)


@pytest.mark.parametrize(("closes", "expected"), [
    ({"2026-04-15": 19.5}, (19.5, "supported")),
    ({"2026-04-15": 21.0, "2026-04-30": 20.5}, (20.5, "contradicted")),
    ({"2026-04-15": 21.0}, (None, "data_missing")),
    ({"2026-05-04": 18.0}, (None, "data_missing"))])
def test_the_example_is_supported_contradicted_or_not_known_yet(spec, claim, closes, expected):
    table = "\n".join(["date | vix_close", *(f"{day} | {close}" for day, close in closes.items())])
    assert verdict(spec, claim, {"marts.regime_daily": table}) == expected
