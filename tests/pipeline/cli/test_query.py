"""What `rallyscope query` writes: tables a person can read at any width, files a program can read whatever is in them."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from datetime import date

import pyarrow.parquet as parquet
import pytest
from rich.console import Console
from story import COMPANIES, SESSIONS
from tiny_market import ROOT, clean_environment, rallyscope

from flows.report import query as requesting
from flows.report.query import ONLY_READS, query
from flows.report.terminal import print_rows
from warehouse.data_folder import DataFolder
from warehouse.errors import BadRequest


def printed(columns: list[str], rows: list[tuple], width: int, **more) -> str:
    screen = Console(file=io.StringIO(), width=width, highlight=False)
    print_rows(columns, rows, screen=screen, **more)
    return screen.file.getvalue()  # type: ignore[attr-defined]


def in_bytes(home: DataFolder, sql: str, form: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "flows.cli", "query", sql, "--format", form, "--home", str(home.folder)],
                          cwd=ROOT, env=clean_environment(), capture_output=True, check=True)


def shown(home: DataFolder, sql: str, capsys: pytest.CaptureFixture[str], format: str = "table") -> str:
    query(home, sql, format)
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("table", ["marts.regime_daily", "marts.concentration_daily"])
def test_a_row_of_many_columns_is_printed_upright_name_and_value_a_line(table: str, width: int, home: DataFolder) -> None:
    with home.marts() as con:
        answer = con.execute(f"from {table} limit 2")
        columns, rows = [name for name, *_ in answer.description or []], answer.fetchall()
    text = printed(columns, rows, width)
    assert max(map(len, text.splitlines())) <= width
    assert [line.split()[0] for line in text.splitlines() if line.strip()] == columns * 2
    assert text.count("\n\n") == 2
    assert re.search(rf"^ +date +{rows[0][0]}$", text, re.MULTILINE)


def test_in_a_pipe_every_value_of_a_wide_row_is_there(home: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(home, "select * from marts.regime_daily order by date limit 1", capsys)
    assert re.search(r"^  stage +risk_on_expansion$", text, re.MULTILINE)
    assert re.search(r"^  nfci +-0\.4$", text, re.MULTILINE)


def test_columns_that_fit_stand_side_by_side(home: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(home, "select date, stage, nfci from marts.regime_daily order by date limit 2", capsys)
    assert [line.split() for line in text.splitlines() if "2025" in line] == [
        ["2025-03-03", "risk_on_expansion", "-0.4"], ["2025-03-04", "risk_on_expansion", "-0.4"]]


@pytest.mark.parametrize("width", range(18, 40))
def test_no_width_cuts_a_value_off_or_a_number_in_two(width: int) -> None:
    text = printed(["what", "value"], [("x" * 16, 12345.5)], width)
    assert "12345.5" in text
    assert text.count("x") == 16


@pytest.mark.parametrize(("width", "upright"), [(26, False), (25, True)])
def test_upright_begins_where_a_column_would_get_fewer_than_six_characters(width: int, upright: bool) -> None:
    """Three texts of six need 18, two gaps of three and the edges."""
    text = printed(["a", "b", "c"], [("x" * 20, "y" * 20, "z" * 7)], width)
    assert ("  a   x" in text) is upright


def test_a_value_longer_than_the_screen_goes_on_below_itself() -> None:
    text = printed([f"column_{n}" for n in range(20)], [("x" * 100, *[1] * 19)], 60)
    assert text.count("x") == 100
    assert max(map(len, text.splitlines())) <= 60


def test_a_title_stands_above_upright_rows_and_no_rows_are_said() -> None:
    assert printed(["a" * 30, "b" * 30] * 9, [], 60, title="Of [interest]") == "Of [interest]\nno rows\n"


def test_text_is_printed_as_it_is() -> None:
    assert "[bold]:smile:" in printed(["a"], [("[bold]:smile:",)], 60)
    assert "[bold]:smile:" in printed([f"column_{n}" for n in range(20)], [("[bold]:smile:", *[1] * 19)], 60)


def test_a_table_shows_a_thousand_rows_and_says_how_many_more_there_are(home: DataFolder,
                                                                        capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(home, "select issuer from marts.contribution_daily", capsys).splitlines()
    more = SESSIONS * len(COMPANIES) * 2 - 1_000
    assert lines[-1] == f"… {more:,} more rows; --format csv or parquet writes all"
    assert sum(line.strip() in COMPANIES for line in lines) == 1_000


def test_a_thousand_rows_are_all(home: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert "more rows" not in shown(home, "select issuer from marts.contribution_daily limit 1000", capsys)


def test_one_row_more_is_one_row(home: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert "… 1 more row;" in shown(home, "select unnest(range(1001))", capsys)


TABLES = 'To list the tables: rallyscope query "show all tables"'


@pytest.mark.parametrize(("sql", "ends", "next_step"), [
    ("select 1 +", "LINE 1: select 1 +\n                 ^", TABLES),
    ("from marts.nothing", "LINE 1: from marts.nothing\n             ^^^^^^^^^^^^^", TABLES),
    ("create table x (a integer)", 'on database "marts" which is attached in read-only mode', ONLY_READS),
    ("set memory_limit = '9GB'", "the configuration has been locked", ONLY_READS),
    ("attach 'x.duckdb'", "file system operations are disabled by configuration", ONLY_READS),
    ("select ?", "Values were not provided for the following parameters: 1", "Write each value in place of its parameter"),
    ("select cast('a' as integer)", "INT32\n\nLINE 1: select cast('a' as integer)\n               ^^^^^^^^^^^^^^^^^^^^",
     "Correct the statement; try_cast gives NULL for a value that cannot be converted")])
def test_the_next_step_stands_below_what_duckdb_says(sql: str, ends: str, next_step: str, home: DataFolder) -> None:
    with pytest.raises(BadRequest) as refused:
        query(home, sql, "table")
    assert str(refused.value).endswith(f"{ends}\n{next_step}")


def test_csv_json_and_parquet_hold_all_rows(home: DataFolder) -> None:
    sql = "select date, issuer, contribution from marts.contribution_daily"
    written = {form: in_bytes(home, sql, form) for form in ("csv", "json", "parquet")}
    rows = SESSIONS * len(COMPANIES) * 2
    assert len(written["csv"].stdout.splitlines()) == rows + 1
    assert len(json.loads(written["json"].stdout)) == rows
    assert parquet.read_table(io.BytesIO(written["parquet"].stdout)).num_rows == rows
    assert {ran.stderr for ran in written.values()} == {b""}


@pytest.mark.parametrize(("sql", "value"), [
    ("'nan'::double", None), ("'inf'::double", None), ("'-inf'::float", None), ("'nan'", "nan"), ("0.5::double", 0.5),
    ("['inf'::double, 1]", [None, 1.0]), ("{'x': 'nan'::double}", {"x": None}), ("map {date '2026-01-05': 1}",
                                                                                 {"2026-01-05": 1}),
    ("date '2026-01-05'", "2026-01-05"), ("null", None), ("true", True)])
def test_json_is_json_and_has_null_for_what_is_no_number(sql: str, value: object, home: DataFolder,
                                                         capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    assert json.loads(shown(home, f"select {sql} as a", capsys, "json"), parse_constant=refuse) == [{"a": value}]


def test_json_of_no_rows_is_an_empty_list(home: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(shown(home, "select 1 as a where false", capsys, "json")) == []


@pytest.mark.parametrize("form", ["json", "parquet"])
def test_two_columns_of_one_name_ask_for_an_alias(form: str, home: DataFolder, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadRequest, match=f'query --format {form}: two columns are named a. Give one an alias: as "a_2"'):
        query(home, "select 1 as a, 2 as a", form)
    assert capfd.readouterr().out == ""


def test_csv_and_table_show_two_columns_of_one_name(home: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(home, "select 1 as a, 2 as a", capsys, "csv") == "a,a\n1,2\n"
    assert shown(home, "select 1 as a, 2 as a", capsys).count("a") == 2


@pytest.mark.parametrize("sql", ["interval 3 month", "[interval 3 month]", "{'x': interval 3 month}",
                                 "union_value(x := 1)"])
def test_parquet_names_the_column_it_has_no_type_for(sql: str, home: DataFolder) -> None:
    ran = rallyscope("query", f"select 1 as fine, {sql} as span", "--format", "parquet", "--home", home.folder, cwd=ROOT)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert "no type for column span" in ran.stderr
    assert '"span"::varchar' in ran.stderr


def test_parquet_keeps_types(home: DataFolder) -> None:
    ran = in_bytes(home, "select date, advancers from marts.concentration_daily order by date limit 1", "parquet")
    assert parquet.read_table(io.BytesIO(ran.stdout)).to_pylist() == [{"date": date(2025, 3, 3), "advancers": 9}]


# Bounds


@pytest.mark.parametrize("format", ["table", "csv", "json", "parquet"])
def test_a_statement_that_takes_all_memory_is_refused(home: DataFolder, format: str) -> None:
    done = rallyscope("query", "select range(1000000000)", "--format", format, "--home", home.folder, cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr == ("rallyscope: query: it needs more memory than the limit for a query (2GB). Request less data (a "
                           "date range, a limit, an aggregate), or write full tables with rallyscope export\n")


@pytest.mark.parametrize("format", ["table", "csv", "json"])
def test_a_statement_without_end_is_ended(home: DataFolder, format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requesting, "SECONDS", 0.2)
    with pytest.raises(BadRequest, match=r"it took more than 0\.2 seconds\. Request less data"):
        query(home, "with recursive t as (select 1 x union all select x + 1 from t) select count(*) from t", format)


def test_a_table_says_that_there_is_more_than_it_counts(home: DataFolder, capsys: pytest.CaptureFixture[str],
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requesting, "ROWS", 5_000)
    assert "… more than 5,000 more rows: request less data" in shown(home, "from range(100000000000)", capsys)


@pytest.mark.parametrize("format", ["csv", "json"])
def test_more_rows_than_a_question_may_have_are_not_written(home: DataFolder, format: str,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requesting, "ROWS", 5_000)
    with pytest.raises(BadRequest, match="it has more than 5,000 rows, of which the first are written"):
        query(home, "from range(100000000000)", format)


@pytest.mark.parametrize(("given", "why"), [
    (b"select \xff", "it cannot be read as UTF-8 text"), (b"select 1\0", "it holds a NUL character"),
    (b"select " + b"(" * 3000 + b"1" + b")" * 3000, "Max expression depth")])
def test_what_is_no_statement_is_said(home: DataFolder, given: bytes, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
    with pytest.raises(BadRequest, match=why):
        query(home, "-", "table")


def test_a_statement_writes_nothing_to_the_disk(home: DataFolder) -> None:
    before = sorted(home.folder.rglob("*"))
    with home.marts() as con:
        assert con.execute("select current_setting('max_temp_directory_size')").fetchone() == ("0 bytes",)
    assert sorted(home.folder.rglob("*")) == before
