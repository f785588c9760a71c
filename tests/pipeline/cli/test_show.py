"""What `rallyscope show` says of a session: its page's answer and weighting, what was missing, of which moment it is."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest
from rich.console import Console
from story import DAYS, LAST
from tiny_market import ROOT, clean_environment

from flows.report.answer import answer
from flows.report.facts import SCHEMES, facts
from flows.report.terminal import print_rows, show
from flows.report.views import VIEWS
from warehouse.data_folder import DataFolder
from warehouse.errors import BadRequest


@pytest.fixture
def mine(home: DataFolder, tmp_path: Path) -> DataFolder:
    """A copy of the story's data folder, to be changed."""
    return DataFolder(shutil.copytree(home.folder, tmp_path / "data"))


def change(home: DataFolder, *statements: str) -> None:
    with duckdb.connect(str(home.published)) as con:
        for statement in statements:
            con.execute(statement)


def printed(home: DataFolder, view: str, capsys: pytest.CaptureFixture[str], day: date | None = None) -> str:
    show(home, view, day)
    return capsys.readouterr().out


def reported(home: DataFolder, view: str, capsys: pytest.CaptureFixture[str], day: date | None = None) -> dict:
    show(home, view, day, as_json=True)
    return json.loads(capsys.readouterr().out)


ANCHORED = """insert into marts.concentration_daily by name
    select * replace ('anchored' as weight_scheme) from marts.concentration_daily where weight_scheme = 'capped'"""
SHARES = """insert into marts.contribution_daily by name
    select * replace ('anchored' as weight_scheme) from marts.contribution_daily where weight_scheme = 'capped'"""
NO_RETURN = f"update marts.concentration_daily set index_return = null where date = '{LAST}' and weight_scheme in "


@pytest.mark.parametrize(("statements", "scheme"), [
    ([], "capped"), ([ANCHORED, SHARES], "anchored"), ([ANCHORED, SHARES, NO_RETURN + "('anchored')"], "capped"),
    ([NO_RETURN + "('capped')"], "full_cap")])
def test_the_largest_issuers_are_weighted_as_on_the_page_and_say_how(statements: list[str], scheme: str, mine: DataFolder,
                                                                     capsys: pytest.CaptureFixture[str]) -> None:
    change(mine, *statements, "update marts.contribution_daily set open_weight = 0.01 * length(weight_scheme)")
    with mine.marts() as con:
        found = facts(con, None)
    assert found.scheme == scheme in SCHEMES
    for view in ("day", "concentration"):
        rows = reported(mine, view, capsys)["largest"]
        assert {(row["weight_scheme"], row["weight"]) for row in rows} == {(scheme, 0.01 * len(scheme))}
        assert f"contribution in bp (weight scheme: {scheme})\n" in printed(mine, view, capsys)


def test_sectors_are_weighted_as_on_the_page_and_say_how(mine: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    change(mine, f"""insert into marts.sector_weight_daily by name
        select date '{LAST}' as date, 'NDX' as index_code, unnest(['full_cap', 'capped']) as weight_scheme,
            'gics' as taxonomy, 'Energy' as sector, 0.01 * length(weight_scheme) as weight""")
    assert [(row["weight_scheme"], row["weight"]) for row in reported(mine, "sectors", capsys)["sectors"]] == [("capped",
                                                                                                                0.06)]
    assert "Sector weights and contributions (weight scheme: capped)\n" in printed(mine, "sectors", capsys)


def test_the_day_begins_with_the_sentence_of_its_page(home: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    with home.marts() as con:
        sentence = answer(facts(con, DAYS[200]))
    assert reported(home, "day", capsys, DAYS[200])["answer"] == sentence
    lines = printed(home, "day", capsys, DAYS[200]).partition("\n\n")[0].splitlines()
    assert lines[0] == f"{DAYS[200]:%A, %-d %B %Y}"
    assert " ".join(line.strip() for line in lines[1:]) == sentence


def test_the_sentence_costs_no_large_library(home: DataFolder) -> None:
    code = ("import sys; from pathlib import Path; from flows.report.terminal import show; "
            "from warehouse.data_folder import DataFolder; "
            f"show(DataFolder(Path({str(home.folder)!r})), 'day', None); "
            "sys.exit(bool(sys.modules.keys() & {'altair', 'pandas', 'jinja2', 'prefect'}))")
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=clean_environment(), stdout=subprocess.DEVNULL, check=True)


def test_a_session_with_a_hole_says_what_is_missing(mine: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    change(mine, f"delete from marts.contribution_daily where date = '{LAST}'", NO_RETURN + "('capped', 'full_cap')",
           f"""update audit.coverage set received = 19, missing = 141, missing_keys = ['A', 'B', 'C', 'D', 'E', 'F']
               where date = '{LAST}'""")
    text = printed(mine, "day", capsys)
    assert "contribution in bp\n  no weighting has a return on this session\n" in text
    assert [line.split() for line in text.splitlines() if line.startswith(f" {LAST}   bars ")] == [
        [str(LAST), "bars", "160", "19", "141", "1", *"ABCDE", "…", "and", "136", "more"]]
    row, = reported(mine, "day", capsys, DAYS[3])["coverage"]
    assert (row["date"], row["missing"], row["missing_keys"]) == (str(DAYS[3]), 2, "AAA BBB")


def test_what_is_quarantined_later_is_not_of_the_session(mine: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    change(mine, "delete from audit.quarantine", f"""insert into audit.quarantine by name
        select * from (values ('before', date '{DAYS[9]}', timestamp '{DAYS[9]} 21:15'),
            ('of it, found later', date '{DAYS[10]}', timestamp '{LAST} 21:15'),
            ('before, known later', date '{DAYS[9]}', timestamp '{DAYS[11]} 21:15'),
            ('after', date '{DAYS[11]}', timestamp '{DAYS[11]} 21:15')) t(key, date, known_at)""")

    def keys(day: date | None, view: str = "day") -> set[str]:
        return {row["key"] for row in reported(mine, view, capsys, day)["quarantine"]}

    assert keys(DAYS[10]) == {"before", "of it, found later"}
    assert keys(DAYS[8]) == set()
    assert len(keys(LAST)) == len(keys(None, "status")) == 4


@pytest.mark.parametrize("view", [view for view in VIEWS if view != "sectors"])  # of which the story tells nothing
def test_a_script_finds_each_section_under_a_key_that_stays(view: str, home: DataFolder,
                                                            capsys: pytest.CaptureFixture[str]) -> None:
    keys = [*(["answer"] if view == "day" else []), *(section.key for section in VIEWS[view].sections)]
    assert len(set(keys)) == len(keys)
    answered = reported(home, view, capsys)
    assert list(answered) == ["date", "simulated", "as_of", *keys]
    assert answered["date"] == (str(LAST) if VIEWS[view].table else None)


def test_those_keys_are_these() -> None:
    assert {section.key for view in VIEWS.values() for section in view.sections} == {
        "regime", "concentration", "largest", "tiers", "funds", "sectors", "signals", "quarantine", "coverage",
        "publication", "freshness", "runs", "checks", "gate", "holes", "revisions", "labels"}


def test_a_simulated_market_says_so(mine: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    change(mine, "update audit.publication set is_simulated = true")
    assert reported(mine, "concentration", capsys)["simulated"] is True
    assert printed(mine, "status", capsys).startswith("simulated market\n")


def test_a_publication_as_of_a_past_moment_says_so_in_new_yorks_time(mine: DataFolder,
                                                                     capsys: pytest.CaptureFixture[str]) -> None:
    assert "not the present" not in printed(mine, "regime", capsys)
    change(mine, "update audit.publication set is_present = false, as_of = '2026-05-01 03:59:59'")
    assert "   as of 2026-04-30 23:59 New York, not the present\n" in printed(mine, "regime", capsys)
    assert printed(mine, "status", capsys).startswith("as of 2026-04-30 23:59 New York, not the present\n")
    assert reported(mine, "regime", capsys)["as_of"] == "2026-05-01 03:59:59+00:00"


def test_status_says_moments_to_the_second_as_a_build_is_asked_for_them(mine: DataFolder,
                                                                         capsys: pytest.CaptureFixture[str]) -> None:
    change(mine, "update audit.publication set as_of = '2026-05-01 03:59:59', recorded_by = '2026-06-01 00:00:07'")
    text = printed(mine, "status", capsys)
    assert re.search("^ *as_of +2026-05-01 03:59:59[+]00 ", text, re.MULTILINE)
    assert re.search("^ *recorded_by +2026-06-01 00:00:07[+]00 ", text, re.MULTILINE)


@pytest.mark.parametrize(("name", "shown"), [
    ("A" * 26, "A" * 26), ("A" * 27, "A" * 25 + "…"), (None, None)])
def test_a_name_that_is_cut_is_marked(name: str | None, shown: str | None, mine: DataFolder,
                                      capsys: pytest.CaptureFixture[str]) -> None:
    with duckdb.connect(str(mine.published)) as con:
        con.execute("update core.instrument set name = ?", [name])
    assert {row["name"] for row in reported(mine, "day", capsys)["largest"]} == {shown}


def test_a_message_that_is_cut_is_marked(mine: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    change(mine, "update audit.run set message = repeat('x', 121)")
    assert reported(mine, "status", capsys)["runs"][0]["message"] == "x" * 119 + "…"


def test_a_date_before_the_first_session_is_told_the_first(home: DataFolder) -> None:
    with pytest.raises(BadRequest, match=f"date 1999-01-01: marts.regime_daily has no row for it. The first is {DAYS[0]}"):
        show(home, "day", date(1999, 1, 1))
    with pytest.raises(BadRequest, match=f"The nearest before it is {LAST}"):
        show(home, "day", date(2100, 1, 1))


@pytest.mark.parametrize("width", range(20, 101))
def test_a_columns_name_goes_on_only_after_its_words(width: int) -> None:
    screen = Console(file=io.StringIO(), width=width, highlight=False)
    columns = ["scheme", "effective_names", "beta_implied_return", "over 4.5 % weight"]
    print_rows(columns, [("full_cap", 15.1, 0.01, 0.5)], screen=screen, by_suffix=True)
    text = screen.file.getvalue()  # type: ignore[attr-defined]
    words = [word for name in columns for word in name.replace("_", "_ ").split()]
    assert all(word in text for word in words)


# Which index

SECOND = (
    "insert into core.index_definition values ('SPX', 'S&P 500', '^GSPC', false)",
    """insert into marts.concentration_daily by name
       select * replace ('SPX' as index_code, 0.25 as top10_weight) from marts.concentration_daily""")


def weights(home: DataFolder, capsys: pytest.CaptureFixture[str], index_code: str | None) -> set[tuple[str, bool]]:
    show(home, "concentration", None, as_json=True, index_code=index_code)
    rows = json.loads(capsys.readouterr().out)["concentration"]
    return {(row["index_code"], row["top10_weight"] == 0.25) for row in rows}


def test_a_view_is_of_the_primary_index_or_of_the_one_that_is_named(mine: DataFolder,
                                                                    capsys: pytest.CaptureFixture[str]) -> None:
    change(mine, *SECOND)
    assert weights(mine, capsys, None) == weights(mine, capsys, "NDX") == {("NDX", False)}
    assert weights(mine, capsys, "SPX") == {("SPX", True)}
    with mine.marts() as con:
        known = facts(con, None, "SPX")
    assert [(row["kind"], row["label"]) for row in known["day"].rows] == [("residual", "Residual"), ("index", "S&P 500")]


def test_an_index_that_is_not_published_names_those_that_are(mine: DataFolder) -> None:
    change(mine, *SECOND)
    with pytest.raises(BadRequest, match=r"index 'DJI': no index with this code is published\. Use NDX or SPX"):
        show(mine, "day", None, index_code="DJI")


def test_a_build_of_an_earlier_release_has_no_index_to_name(mine: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    change(mine, "drop table core.index_definition")
    assert "Regime" in printed(mine, "day", capsys)
    with pytest.raises(BadRequest, match="Publish again: rallyscope build"):
        show(mine, "day", None, index_code="NDX")
