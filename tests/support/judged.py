"""Evaluate one claim of the thesis on drawn tables, by its own file and the ledger's own SELECT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spec import LATE, Spec

from transforms.engine.build import AsOf, set_as_of
from transforms.engine.header import header_and_sql
from transforms.engine.ledger import Claim, claims, with_claims
from transforms.engine.project import CLAIMS, FOLDER, LEDGER

CLAIM = {claim.claim_id: claim for claim in claims(FOLDER / CLAIMS)}
SELECT = header_and_sql((FOLDER / f"{LEDGER.replace('.', '/')}.sql").read_text(), LEDGER)[1]


def judged(spec: Spec, claim: str | Claim, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the claim's row of the ledger without a time limit, over tables that hold only the given rows."""
    wanted = CLAIM[claim] if isinstance(claim, str) else claim
    set_as_of(spec.con, AsOf(LATE, LATE))
    spec.con.begin()
    try:
        for table, text in {**spec.STANDING, **given}.items():
            spec.insert(table, text)
        answer = spec.con.execute(with_claims(SELECT, [wanted]))
        columns = [column[0] for column in answer.description or []]
        (row,) = answer.fetchall()
        return dict(zip(columns, row, strict=True))
    finally:
        spec.con.rollback()


def verdict(spec: Spec, claim: str | Claim, given: Mapping[str, str]) -> tuple[float | None, str]:
    """Return the claim's figure and verdict."""
    row = judged(spec, claim, given)
    return row["observed"], row["verdict"]
