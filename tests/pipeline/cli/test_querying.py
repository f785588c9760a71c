"""docs/querying.md holds on a publication of which everything is known; test_demo_and_readme.py runs it on the demo."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import duckdb
import pytest
from tiny_market import ROOT

from flows.report.query import query
from warehouse.data_folder import DataFolder
from warehouse.errors import BadRequest

PAGE = (ROOT / "docs" / "querying.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+) ?(\w*)\n(.*?)```", PAGE, re.DOTALL)
QUESTIONS = re.findall(r"\n### (.*?)\n.*?```sql\n(.*?)```", PAGE, re.DOTALL)


def answer(home: DataFolder, sql: str, capsys: pytest.CaptureFixture[str]) -> list[dict]:
    query(home, sql, "json")
    return json.loads(capsys.readouterr().out)


def test_each_of_thirteen_questions_has_one_query() -> None:
    assert len(QUESTIONS) == len(re.findall(r"^### ", PAGE, re.MULTILINE)) == 13
    assert "## Thirteen questions" in PAGE
    assert all(question.endswith("?") for question, _ in QUESTIONS)
    assert [sql for _, sql in QUESTIONS] == [text for language, note, text in BLOCKS if (language, note) == ("sql", "")]


def test_every_block_of_the_page_is_of_a_kind_some_test_runs() -> None:
    assert {(language, note) for language, note, _ in BLOCKS} == {
        ("sh", ""), ("python", ""), ("python", "polars"), ("sql", ""), ("sql", "session"), ("sql", "elsewhere"),
        ("sh", "elsewhere"), ("r", "")}


@pytest.mark.parametrize(("question", "sql"), QUESTIONS)
def test_every_query_passes_through_rallyscope_query(question: str, sql: str, home: DataFolder,
                                                     capsys: pytest.CaptureFixture[str]) -> None:
    rows = answer(home, sql, capsys)
    with home.marts() as con:
        columns = [name for name, *_ in con.execute(f"describe {sql}").fetchall()]
    assert len(set(columns)) == len(columns)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in columns)
    assert all(list(row) == columns for row in rows)


def test_the_current_regime_is_its_last_spell(home: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """The story's stages last 40 sessions each; 320 sessions are eight of them."""
    spells = answer(home, dict(QUESTIONS)["Which regime are we in, and since when?"], capsys)
    assert [spell["sessions"] for spell in spells] == [40] * 5
    assert [spell["stage"] for spell in spells] == ["re_entry", "risk_on_expansion", "mid_late_dispersion", "re_entry",
                                                    "risk_on_expansion"]
    assert spells[0]["nasdaq_return"] == pytest.approx((20000 + 10 * 319) / (20000 + 10 * 280) - 1)


def test_concentration_is_ranked_in_its_own_weighting(home: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """The story's concentration only rises, and so do its effective names."""
    rows = answer(home, dict(QUESTIONS)["How concentrated is the index against its last 252 sessions?"], capsys)
    assert [(row["weight_scheme"], row["sessions"], row["top10_weight_percentile"], row["effective_names_percentile"])
            for row in rows] == [("capped", 252, 1.0, 1.0), ("full_cap", 252, 1.0, 1.0)]


def test_a_changed_past_is_told_with_its_cause(home: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    row, = answer(home, dict(QUESTIONS)["Which past figures have changed, and why?"], capsys)
    assert (row["mart"], row["column_name"], row["changes"]) == ("marts.regime_daily", "nfci", 1)
    assert (row["cause"], row["latest_evidence"]) == ("macro vintage", "raw.macro_observation NFCI")


def test_what_was_kept_out_stands_beside_what_was_missing(home: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    rows = answer(home, dict(QUESTIONS)["What was missing, late or kept out, and when?"], capsys)
    assert len(rows) == 20
    assert {row["what"] for row in rows} == {"missing", "late"}
    assert rows[1]["which"] == "AAA BBB"


@pytest.mark.parametrize("sql", [sql for language, _, text in BLOCKS if language == "r" or "duckdb -readonly" in text
                                 for sql in re.findall(r'"\s*(select .*?)"', text, re.DOTALL)])
def test_the_sql_for_tools_that_are_not_here_runs_on_a_file_opened_read_only(sql: str, home: DataFolder) -> None:
    with duckdb.connect(str(home.published), read_only=True) as con:
        assert con.execute(sql).fetchall()


def test_r_and_the_shell_open_the_file_read_only() -> None:
    texts = [text for language, note, text in BLOCKS if language == "r" or (note == "elsewhere" and "duckdb" in text)]
    assert len(texts) == 3
    assert all("read_only = TRUE" in text or "(read_only)" in text
               or text.startswith("duckdb -readonly data/marts.duckdb -c ") for text in texts)


def test_supersets_address_is_absolute_and_read_only(home: DataFolder) -> None:
    """Its driver passes the address's query on to duckdb.connect() as the configuration."""
    uri, = re.findall(r"`(duckdb:////[^`]*)`", PAGE)
    address = urlsplit(uri)
    assert address.path.startswith("//path/")
    with duckdb.connect(str(home.published), config=dict(parse_qsl(address.query))) as con:
        assert con.execute("select count(*) from marts.regime_daily").fetchall() == [(320,)]
        with pytest.raises(duckdb.InvalidInputException, match="read-only"):
            con.execute("create table mine (a integer)")


@pytest.mark.parametrize(("name", "tables"), [
    (None, ["marts.regime_daily", "regime_daily", "audit.coverage", "core.instrument"]),
    ("marts", ["marts.regime_daily", "marts.audit.coverage", "marts.core.instrument"]),
    ("othername", ["othername.regime_daily", "othername.audit.coverage"])])
def test_tables_are_named_as_the_page_says(name: str | None, tables: list[str], home: DataFolder) -> None:
    with duckdb.connect(str(home.published), read_only=True) if name is None else duckdb.connect() as con:
        if name:
            con.execute(f"attach '{home.published}' as {name} (read_only)")
        for table in tables:
            assert con.execute(f"from {table} limit 1").fetchall(), table


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Europe/Berlin", "Asia/Tokyo"])
def test_the_join_of_trades_is_the_same_in_every_zone(zone: str, changed: Callable[..., DataFolder]) -> None:
    """A session is known at 23:59 New York, 03:59 UTC: a trade of Friday afternoon knows Thursday's."""
    home = changed("update regime_daily set known_at = (date + time '23:59') at time zone 'America/New_York'")
    session, = (text for language, note, text in BLOCKS if (language, note) == ("sql", "session"))
    with duckdb.connect() as con:
        con.execute(f"set timezone = '{zone}'")
        rows = con.execute(session.replace("data/marts.duckdb", str(home.published))).fetchall()
    assert [(row[1], str(row[3])) for row in rows] == [("QQQ", "2026-03-26"), ("SMH", "2026-04-08"), ("COIN", "2026-05-22")]


def test_every_query_runs_on_a_copy_that_is_used_as_marts(home: DataFolder, tmp_path: Path) -> None:
    shutil.copy(home.published, tmp_path / "copied.duckdb")
    use, = (text for language, note, text in BLOCKS if (language, note) == ("sql", "elsewhere"))
    with duckdb.connect() as con:
        con.execute(use.replace("'copied.duckdb'", f"'{tmp_path}/copied.duckdb'"))
        for _, sql in QUESTIONS:
            con.execute(sql)
        for table in ("marts.regime_daily", "regime_daily", "core.instrument", "audit.coverage", "marts.core.instrument"):
            con.execute(f"from {table}")


def test_two_kept_builds_tell_which_claims_flipped(home: DataFolder, tmp_path: Path) -> None:
    code, = (text for language, note, text in BLOCKS if language == "python" and "data/builds" in text)
    (tmp_path / "data" / "builds").mkdir(parents=True)
    for build in ("20260601T000000Z-one", "20260602T000000Z-two"):
        shutil.copy(home.published, tmp_path / "data" / "builds" / f"{build}.duckdb")
    with duckdb.connect(str(tmp_path / "data" / "builds" / "20260602T000000Z-two.duckdb")) as con:
        con.execute("update claim_ledger set verdict = 'contradicted' where claim_id = 'A01'")
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, text=True, capture_output=True, check=True)
    flipped = [line for line in ran.stdout.splitlines() if re.search(r"[AB]\d\d", line)]
    assert len(flipped) == 1
    assert re.search(r"A01 .* supported .* contradicted ", flipped[0])


def typed(text: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()))


def test_query_reads_a_statement_from_standard_input(home: DataFolder, monkeypatch: pytest.MonkeyPatch,
                                                     capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", typed("select count(*) as sessions\nfrom marts.regime_daily;\n"))
    assert answer(home, "-", capsys) == [{"sessions": 320}]
    monkeypatch.setattr("sys.stdin", typed(""))
    with pytest.raises(BadRequest, match="it has no statement"):
        query(home, "-", "csv")


def test_the_page_names_no_file_that_is_not_there(home: DataFolder) -> None:
    """Marts that the page names as files of an export are published ones."""
    with home.marts() as con:
        published = {name for name, in con.execute("select table_name from duckdb_tables()").fetchall()}
    assert {Path(name).stem for name in re.findall(r"data/parquet/marts/\w+\.parquet", PAGE)} <= published
