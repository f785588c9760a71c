"""The words of the code: no name that the project has given up, and no file or line that is too long."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path.relative_to(ROOT) for room in ("flows", "expectations", "transforms", "warehouse")
               for path in (ROOT / room).rglob("*.py"))
LONGEST_FILE, LONGEST_LINE = 300, 124
# A name that is no longer used, and what to call the thing instead. `held` is a state of the data and stays.
INSTEAD = {
    "told": "run_to_state, or the name of what was received", "tell": "print, report or describe",
    "ask": "fetch", "asked": "requested", "asking": "requested", "Ask": "FetchKey",
    "said": "the name of the rows or the text", "came": "received",
    "Answer": "KeyResult, QueryResult or CheckResult",
    "moment": "as_of, instant or timestamp", "moments": "instants",
    "place": "index, sort_order or rank", "places": "indices or decimals",
    "turn": "writer_lock", "TurnTaken": "WriterLocked", "holder": "lock_owner", "Home": "DataFolder",
    "Round": "FetchContext", "round_": "context", "Wire": "HttpSession", "Problem": "FetchError",
    "came_back": "response_summary", "alone": "without_traceback",
    "Leaving": "PruneCandidate", "one_market": "market_kind", "ending": "exit_codes",
    "finding": "check_result or violation", "Finding": "CheckResult or Violation", "well": "ok",
    "promise": "assertion or bound", "promises": "assertions", "keep_promises": "check_assertions",
    "PromiseBroken": "AssertionFailed", "broken": "failed or violated",
    "capped_base": "capping_reference", "capped_limit": "capping_factor", "capped_review": "index_rebalance",
    "capped_share": "index_shares", "listed_share": "investable_weight_factor", "anchored_share": "implied_index_shares",
    "physical_minus_leaders_21d": "cyclicals_minus_ai_leaders_rs_21d",
    "sp500_decline_calm_credit": "is_decline_without_credit_stress", "recontraction_fired": "is_recontraction",
    "catalogue": "catalog", "spoken": "the name of the rows", "chosen": "the name of what was selected",
    "apart": "the name of the rows", "reported": "the name of the value",
}
# Columns of published tables that are read as attributes, and the gate's severity “report”.
KEPT = {("warehouse/publication/gate.py", "reported"), ("flows/pipeline/gate.py", "reported"),
        ("warehouse/publication/gate.py", "place"), ("warehouse/publication/v1.py", "place")}


def names(path: Path) -> set[str]:
    """Every name that a file defines or uses: variables, arguments, attributes, functions, classes, modules."""
    found = {path.stem}
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        match node:
            case ast.Name():
                found.add(node.id)
            case ast.Attribute():
                found.add(node.attr)
            case ast.arg() | ast.keyword():
                found.add(node.arg or "")
            case ast.FunctionDef() | ast.ClassDef():
                found.add(node.name)
            case ast.alias():
                found.add(node.asname or node.name)
    return found


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_name_is_one_that_was_given_up(path: Path) -> None:
    kept = {name for file, name in KEPT if file == str(path)}
    used = {name: INSTEAD.get(name, INSTEAD.get(name.strip("_"))) for name in names(path) - kept}
    assert {name: instead for name, instead in used.items() if instead} == {}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_source_file_has_one_subject_and_at_most_300_lines(path: Path) -> None:
    assert len((ROOT / path).read_text().splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_line_is_longer_than_a_screen(path: Path) -> None:
    # As the linter measures: what a line says to a checker behind its code does not count.
    lines = [line.partition("  # type: ignore")[0].partition("  # noqa")[0]
             for line in (ROOT / path).read_text().splitlines()]
    assert [number for number, line in enumerate(lines, 1) if len(line) > LONGEST_LINE] == []
