"""`rallyscope claims` over a tiny market: the ledger as published, one claim whole, and any past moment untouched."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import duckdb
import pytest
from evenings import tiny_home
from in_process import rallyscope
from tiny_market import published
from tiny_market import rallyscope as another_process

from warehouse.data_folder import DataFolder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_home(tmp_path_factory.mktemp("claims") / "home")


def ask(home: Path, *arguments: str, code: int = 0) -> str:
    ran = rallyscope("claims", *arguments, "--home", home, cwd=home.parent)
    assert ran.returncode == code, ran.stderr
    assert "Traceback" not in ran.stderr
    return ran.stdout if code == 0 else ran.stderr


def rows(home: Path, *arguments: str) -> dict[str, dict]:
    return {row["claim_id"]: row for row in json.loads(ask(home, "--json", *arguments))}


def contents(home: Path) -> dict[str, str]:
    return {name: hashlib.sha256((home / name).read_bytes()).hexdigest() for name in ("warehouse.duckdb", "marts.duckdb")}


def test_every_claim_is_a_line_of_a_table_that_fits(home: Path) -> None:
    reported = ask(home)
    assert max(len(line) for line in reported.splitlines()) <= 100
    assert reported.count(" A") >= 29
    assert "The VIX stood near 31 at its late-March 2026" in reported
    assert "not_testable" in reported
    assert "as of 2026-05-31 03:59 UTC" in reported


def test_the_ledger_printed_is_the_one_published(home: Path) -> None:
    reported = rows(home)
    assert [(key, row["verdict"], row["observed"]) for key, row in reported.items()] == published(
        home, "select claim_id, verdict, observed from marts.claim_ledger order by claim_id")
    # The tiny market's VIX stands at 20 at most.
    assert (reported["A02"]["observed"], reported["A02"]["verdict"]) == (20.0, "contradicted")


def test_a_claim_is_shown_whole_and_its_query_gives_its_figure(home: Path) -> None:
    reported = ask(home, "a02")
    assert "A02  contradicted  20  (supported: 30 to 32)" in reported
    assert "Highest VIX close of 15 to 31 March: 20.00 points" in reported
    metric = rows(home, "A02")["A02"]["metric_sql"]
    assert metric in reported
    assert published(home, metric)[0][0] == 20.0
    assert max(len(line) for line in reported.partition(metric)[0].splitlines()) <= 100


def test_a_past_moment_is_judged_by_what_was_known_and_changes_nothing(home: Path) -> None:
    before = contents(home)
    then = rows(home, "--as-of", "2026-03-30")
    assert contents(home) == before
    assert {row["as_of"] for row in then.values()} == {"2026-03-31 03:59:59+00:00"}
    assert then["A02"]["verdict"] == "data_missing"              # March was not over
    assert rows(home, "--as-of", "2026-03-31")["A02"]["observed"] == 20.0
    assert not list((home / "failed-rows").glob("*"))


def test_the_ledger_of_now_is_the_published_one(home: Path) -> None:
    told = {key: {**row, "as_of": None, "known_at": None} for key, row in rows(home, "--as-of", "2026-05-30").items()}
    assert told == {key: {**row, "as_of": None, "known_at": None} for key, row in rows(home).items()}


def test_a_reader_and_a_writer_do_not_stand_in_the_way(home: Path, tmp_path: Path) -> None:
    """Readers hold the published file open; a writer waiting its turn gets it while the ledger is still being built."""
    copy = shutil.copytree(home, tmp_path / "home")
    with duckdb.connect(str(copy / "marts.duckdb"), read_only=True) as reader:
        assert reader.execute("select count(*) from marts.claim_ledger").fetchall() == [(46,)]
        separate_process = another_process("claims", "--as-of", "2026-03-31", "--home", copy, cwd=tmp_path)
        assert "2026-04-01" in separate_process.stdout, separate_process.stderr
    with DataFolder(copy).writer_lock():
        assert len(rows(copy)) == 46


@pytest.mark.parametrize(("arguments", "says"), [
    (["Z99"], "claim Z99: the ledger has no such claim. To list the claims A01 to B17"),
    (["--as-of", "2027-01-01"], "no data that late was fetched yet"),
    (["--as-of", "yesterday"], "neither a date nor an instant")])
def test_what_cannot_be_is_said_in_a_sentence(home: Path, arguments: list[str], says: str) -> None:
    assert says in ask(home, *arguments, code=2)


def test_before_the_first_publication_there_is_nothing_to_judge(tmp_path: Path) -> None:
    assert "nothing is published" in ask(tmp_path / "new", code=2)
    assert "nothing is published" in ask(tmp_path / "new", "--as-of", "2026-03-31", code=2)
