"""How the ledger judges, what a claim's file must be, and that it holds every statement of the thesis."""

from __future__ import annotations

from pathlib import Path

import pytest
from assertions import assertions_fail
from judged import CLAIM, judged

from transforms.engine.ledger import Claim, claims, read, with_claims
from transforms.engine.project import LEDGER, models, tables
from warehouse.errors import ModelError

FIGURE = "select 5 as observed, true as holds, false as holds_otherwise, 'Five.' as evidence"


def claim(sql: str = FIGURE, **header: object) -> Claim:
    return Claim("A01", "Five is near.", sql, shown_by=None if not sql else "select 5", **{"lower": 4, **header})  # type: ignore[arg-type]


def test_the_ledger_holds_every_statement_of_the_thesis():
    assert list(CLAIM) == [f"A{n:02}" for n in range(1, 30)] + [f"B{n:02}" for n in range(1, 18)]


@pytest.mark.parametrize(("bounds", "verdict"), [
    ({"lower": 5}, "supported"), ({"lower": 5.1}, "contradicted"), ({"lower": None, "upper": 5}, "supported"),
    ({"lower": None, "upper": 4.9}, "contradicted"), ({"lower": 4, "upper": 6}, "supported"),
    ({"lower": 6, "upper": 7}, "contradicted")])
def test_a_figure_inside_its_bounds_supports(spec, bounds, verdict):
    row = judged(spec, claim(**bounds), {})
    assert (row["observed"], row["verdict"]) == (5.0, verdict)


@pytest.mark.parametrize(("holds", "verdict"), [("true", "supported"), ("false", "contradicted"), ("null", "data_missing")])
def test_a_figure_alone_does_not_support_what_needs_more(spec, holds, verdict):
    sql = f"select 5 as observed, {holds}::boolean as holds, 'Five.' as evidence"
    row = judged(spec, claim(sql, and_also="a reason"), {})
    assert row["verdict"] == verdict
    assert (row["observed"] is None) == (verdict == "data_missing")
    assert ("Not met: a reason." in row["evidence"]) == (verdict == "contradicted")


@pytest.mark.parametrize(("otherwise", "lower", "verdict"), [
    ("true", 6, "partial"), ("false", 6, "contradicted"), ("null", 6, "contradicted"), ("true", 4, "supported")])
def test_partial_is_what_holds_on_another_reading_and_says_which(spec, otherwise, lower, verdict):
    sql = f"select 5 as observed, {otherwise}::boolean as holds_otherwise, 'Five.' as evidence"
    row = judged(spec, claim(sql, lower=lower, otherwise="on Sundays"), {})
    assert row["verdict"] == verdict
    assert row["evidence"].startswith("Only on this reading: on Sundays. Five.") == (verdict == "partial")


@pytest.mark.parametrize("sql", ["null", "'nan'::double", "'inf'::double"])
def test_no_figure_is_missing_data_and_the_evidence_says_why(spec, sql):
    row = judged(spec, claim(f"select {sql} as observed, 'Not counted yet.' as evidence"), {})
    assert (row["observed"], row["verdict"]) == (None, "data_missing")
    assert row["evidence"] == "Not counted yet. See: select 5"


def test_a_select_that_finds_nothing_is_a_row_all_the_same(spec):
    row = judged(spec, claim("select 5 as observed, 'Five.' as evidence where false"), {})
    assert (row["claim_id"], row["verdict"]) == ("A01", "data_missing")
    assert "not known by then" in row["evidence"]


@pytest.mark.parametrize(("reason", "verdict"), [("absent", "data_missing"), ("untestable", "not_testable")])
def test_what_no_query_can_answer_says_why(spec, reason, verdict):
    row = judged(spec, claim("", lower=None, **{reason: "No one wrote it down."}), {})
    assert (row["verdict"], row["evidence"], row["metric_sql"]) == (verdict, "No one wrote it down.", None)


def test_the_row_carries_what_it_was_judged_by(spec):
    row = judged(spec, claim(lower=4, upper=6), {})
    assert (row["statement"], row["metric_sql"], row["lower"], row["upper"]) == ("Five is near.", FIGURE, 4.0, 6.0)
    assert row["as_of"] == row["known_at"]
    assert row["evidence"] == "Five. See: select 5"


def test_quotes_pass_through_whole(spec):
    row = judged(spec, claim("select 5 as observed, 'the market''s' as evidence"), {})
    assert row["evidence"].startswith("the market's")
    assert "''" in row["metric_sql"]


def test_nothing_is_said_of_an_empty_warehouse(spec):
    """Not one verdict about the market without a row of it."""
    verdicts = {claim_id: judged(spec, claim_id, {})["verdict"] for claim_id in CLAIM}
    assert {claim_id for claim_id, reported in verdicts.items() if reported != "data_missing"} == {"B16"}
    assert verdicts["B16"] == "not_testable"


def test_the_ledger_is_built_after_all_that_its_claims_read():
    order = [model.name for model in models()]
    ledger = next(model for model in models() if model.name == LEDGER)
    assert {"marts.regime_daily", "core.forward_window", "marts.rotation_sequence"} <= ledger.reads
    assert all(order.index(table) < order.index(LEDGER) for table in ledger.reads)


@pytest.mark.parametrize("claim_id", CLAIM)
def test_a_claim_reads_only_what_is_published(spec, claim_id):
    """Its queries run on the published file as they stand, without a build's variables and macros."""
    for sql in filter(None, (CLAIM[claim_id].sql, CLAIM[claim_id].shown_by)):
        assert {table.partition(".")[0] for table in tables(sql)} <= {"marts", "core"}
        assert "getvariable" not in sql
        spec.con.cursor().execute(sql).fetchall()  # another connection, which has no macros


@pytest.mark.parametrize(("name", "text", "reported"), [
    ("A01", "select 1", "header"),
    ("A01", "/* statement = 'x', */ select 1", "not TOML"),
    ("A01", "/* lower = 1 */ select 1", "needs statement"),
    ("A01", "/*\nstatement = 'x'\nlowest = 1\n*/ select 1", "lowest"),
    ("A01", "/*\nstatement = 'x'\n*/", "needs a SELECT"),
    ("A01", "/*\nstatement = 'x'\nabsent = 'y'\n*/ select 1", "needs a SELECT"),
    ("A01", "/*\nstatement = 'x'\nabsent = 'y'\nuntestable = 'z'\n*/", "needs a SELECT"),
    ("A01", "/*\nstatement = 'x'\nshown_by = 'select 1'\n*/ select 1", "no bound"),
    ("A01", "/*\nstatement = 'x'\nlower = 1\n*/ select 1", "shows its rows"),
    ("A01", "/*\nstatement = 'x'\nlower = 2\nupper = 1\nshown_by = 'select 1'\n*/ select 1", "wrong way round"),
    ("A01", "/*\nstatement = 'x'\nlower = 'much'\nshown_by = 'select 1'\n*/ select 1", "no number"),
    ("A01", "/*\nstatement = 5\nabsent = 'y'\n*/", "text that is none"),
    ("first", "/*\nstatement = 'x'\nabsent = 'y'\n*/", "named like a claim")])
def test_a_file_that_is_no_claim_names_itself(tmp_path: Path, name, text, reported):
    file = tmp_path / f"{name}.sql"
    file.write_text(text)
    with pytest.raises(ModelError, match=f"claims.{name} .*{reported}"):
        read(file)


def test_a_ledger_without_claims_is_an_error(tmp_path: Path):
    with pytest.raises(ModelError, match="no claims"):
        with_claims("select 1", claims(tmp_path))


def test_the_assertions_can_fail(spec):
    row = {"claim_id": "Z99", "observed": 5.0, "verdict": "supported", "evidence": "Five."}
    assertions_fail(spec, LEDGER, {
        "one of five verdicts": {**row, "verdict": "maybe"},
        "a verdict on the claim has a figure, and no other has": [
            {**row, "observed": None}, {**row, "verdict": "data_missing"}, {**row, "verdict": "not_testable"}],
        "a figure is a number": {**row, "observed": float("nan")},
        "supported is inside the bounds": [{**row, "lower": 6.0}, {**row, "upper": 4.0}],
        "every verdict has evidence": [{**row, "evidence": None}, {**row, "evidence": ""}],
        "a partial verdict names its reading": {**row, "verdict": "partial"}})
