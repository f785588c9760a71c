"""The SQL says what rows and quantities are: no name of the old vocabulary, and no table alias of one letter."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlglot import exp, parse_one

from transforms.engine.lineage import Select

FOLDER = Path(__file__).parents[3] / "transforms"
FILES = sorted(FOLDER.glob("*/*.sql"))
OLD_TABLES = {"capped_base", "capped_limit", "capped_review", "capped_share", "listed_share", "anchored_share"}
OLD_NAMES = OLD_TABLES | {"physical_minus_leaders_21d", "sp500_decline_calm_credit", "recontraction_fired",
                          "recontraction_confirmed", "residual_is_large", "was_band_above_25_63d", "agrees_with_band"}
OLD_CTES = {"held", "said", "told", "whole", "chosen", "apart", "spoken", "known"}
LONGEST_LINE = 124


def forbidden_names(sql: str) -> set[str]:
    """The names of a SELECT that the word list forbids."""
    query = parse_one(sql, dialect=Select)
    tables = {table for kind in (exp.Table, exp.Subquery, exp.Values) for table in query.find_all(kind)}
    return ({f"alias {table.alias}" for table in tables if len(table.alias) == 1}
            | {f"CTE {cte.alias}" for cte in query.find_all(exp.CTE) if cte.alias in OLD_CTES or len(cte.alias) == 1}
            | {name.name for name in query.find_all(exp.Identifier) if name.name in OLD_NAMES})


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}.{file.stem}")
def test_no_model_uses_a_word_of_the_list(file: Path) -> None:
    header, _, sql = file.read_text(encoding="utf-8").partition("*/")
    assert not {name for name in OLD_NAMES if name in header.replace('"', " ").replace(".", " ").split()}
    if sql.strip():
        assert forbidden_names(sql) == set()
    assert [number for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
            if len(line) > LONGEST_LINE] == []


def test_the_list_finds_what_it_forbids() -> None:
    found = forbidden_names("with held as (select s.recontraction_fired from core.capped_base s) from held")
    assert found == {"CTE held", "alias s", "recontraction_fired", "capped_base"}
