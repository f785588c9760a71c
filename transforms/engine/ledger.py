"""Read the claims of the market thesis, one SQL file each, as the rows that marts.claim_ledger judges.

A claim's file is `transforms/claims/<claim_id>.sql`. Its header has these TOML keys:

    statement      what is claimed
    lower, upper   the bounds between which the figure supports the claim (one of them is enough)
    and_also       a further condition, in words; the SELECT returns in `holds` whether it is met
    otherwise      another reading under which the claim holds in part; the SELECT returns that in `holds_otherwise`
    shown_by       a short query that shows the rows behind the figure
    absent         instead of a SELECT: why no figure exists
    untestable     instead of a SELECT: why no figure could exist

Its SELECT returns at most one row: `observed` (NULL: not known), `evidence` (a sentence), and the columns that the header
requires. It reads only marts and core, so that the text in the ledger also runs on the published file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from transforms.engine.header import header_and_sql
from warehouse.errors import ModelError

HEADER_KEYS = {"statement", "lower", "upper", "and_also", "otherwise", "shown_by", "absent", "untestable"}
CLAIM_ID = re.compile(r"[A-Z]\d\d")


@dataclass(frozen=True)
class Claim:
    """One statement with the SELECT that measures it; `sql` is empty if the claim is absent or untestable."""

    claim_id: str
    statement: str
    sql: str
    lower: float | None = None
    upper: float | None = None
    and_also: str | None = None
    otherwise: str | None = None
    shown_by: str | None = None
    absent: str | None = None
    untestable: str | None = None


def claims(folder: Path) -> list[Claim]:
    """Read the claims of a folder, sorted by id; raise ModelError, which names the file, if one is invalid."""
    return [read(path) for path in sorted(folder.glob("*.sql"))]


def read(path: Path) -> Claim:
    """Read one claim from its file."""
    name = f"claims.{path.stem}"
    header, sql = header_and_sql(path.read_text(), name)
    if header.keys() - HEADER_KEYS or "statement" not in header:
        raise ModelError(name, f"has a header with {', '.join(header)}; it needs statement and may have "
                               f"{', '.join(sorted(HEADER_KEYS - {'statement'}))}")
    claim = Claim(path.stem, sql=sql, **header)
    if problem := _problem(claim):
        raise ModelError(name, problem)
    return claim


def _problem(claim: Claim) -> str | None:
    reasons = [reason for reason in (claim.absent, claim.untestable) if reason]
    texts = (claim.statement, claim.and_also, claim.otherwise, claim.shown_by, claim.absent, claim.untestable)
    bounds = (claim.lower, claim.upper)
    if not all(isinstance(text, str | None) for text in texts) or any(isinstance(b, bool | str) for b in bounds):
        return "has a bound that is no number, or a text that is none"
    if not CLAIM_ID.fullmatch(claim.claim_id):
        return "is not named like a claim: a letter and two digits"
    if bool(claim.sql) == bool(reasons) or len(reasons) > 1:
        return "needs a SELECT, or else either `absent` or `untestable`"
    if claim.sql and claim.lower is None and claim.upper is None:
        return "has a SELECT and no bound that its figure is held against"
    if claim.lower is not None and claim.upper is not None and claim.lower > claim.upper:
        return "has its bounds the wrong way round"
    if claim.sql and not claim.shown_by:
        return "has a SELECT and no query that shows its rows"
    return None


def with_claims(sql: str, claims: list[Claim]) -> str:
    """Add a CTE `claim` to the ledger's SELECT: it evaluates every claim, one row each even if its SELECT returns none."""
    if not claims:
        raise ModelError("marts.claim_ledger", "finds no claims to judge")
    rows = "\n    union all\n".join(_row(claim) for claim in claims)
    return f"with claim as (\n{rows}\n)\n{sql}"


def _row(claim: Claim) -> str:
    constants = ", ".join(f"{_literal(getattr(claim, key))} as {key}" for key in (
        "claim_id", "statement", "lower", "upper", "and_also", "otherwise", "shown_by", "absent", "untestable"))
    found = {
        "observed": "q.observed::double" if claim.sql else "null::double",
        "holds": "q.holds" if claim.and_also else "true",
        "holds_otherwise": "q.holds_otherwise" if claim.otherwise else "false",
        "evidence": "q.evidence" if claim.sql else "null::varchar",
    }
    columns = ", ".join(f"{expression} as {name}" for name, expression in found.items())
    source = f"(select 1) left join (\n{claim.sql}\n    ) q on true" if claim.sql else "(select 1)"
    return f"    select {constants}, {_literal(claim.sql or None)} as metric_sql, {columns}\n    from {source}"


def _literal(value: str | float | None) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "null" if value is None else f"{float(value)!r}::double"
