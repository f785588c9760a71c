"""A user's own catalog, and the commands that fetch all of a range, again, nothing new or nothing at all, as typed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from tiny_market import published, table_hashes
from typer.testing import CliRunner, Result

from flows.cli.app import app
from warehouse import catalog
from warehouse.errors import RallyscopeError

RANGE = ("2026-03-02", "2026-05-29")
TIERS, FUNDS = [f"tier_{n}" for n in range(2, 6)], [f"fund_{n}" for n in range(1, 12)]
MEMBERS = ["BBB", "CCC", "XLK", "XLP"]
GONE = "http://127.0.0.1:9"


def entry(name: str, role: str, member: str, rank: str = "") -> str:
    return (f'[{name}]\ntitle = "{name}"\nrole = "{role}"\n{rank}weighting = "equal"\n'
            f'members = [{{ symbol = "{member}", valid_from = 2026-01-01 }}]\n')


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four more tiers than the one packaged, eleven sector funds, and a fund that the source does not have."""
    folder = tmp_path_factory.mktemp("own")
    tiers = [entry(name, "tier", member, f"rank = {n}\n") for n, (name, member) in enumerate(
        zip(TIERS, MEMBERS, strict=True), start=2)]
    funds = [entry(name, "sector_fund", MEMBERS[n % 4]) for n, name in enumerate(FUNDS)]
    (folder / "baskets.toml").write_text("\n".join(tiers + funds))
    (folder / "funds.toml").write_text('ZZZ = { name = "Of another exchange" }')
    return folder


@pytest.fixture(scope="module")
def tiny_is_packaged(tiny: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "PACKAGED", tiny / "catalog")
        patch.setenv("RALLYSCOPE_PAGES", "false")
        for name in ("RALLYSCOPE_HOME", "RALLYSCOPE_SOURCE", "RALLYSCOPE_CATALOG", "FRED_API_KEY"):
            patch.delenv(name, raising=False)
        yield


def typed(*arguments: object, **env: str) -> Result:
    ran = CliRunner().invoke(app, [*map(str, arguments)], env=env)
    if ran.exception and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return ran


@pytest.fixture(scope="module")
def filled(own: Path, tiny_server: str, tiny_is_packaged: None,
           tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder filled by a backfill with the user's catalog, and what that wrote."""
    home = tmp_path_factory.mktemp("filled")
    ran = typed("backfill", *RANGE, "--home", home, "--source", tiny_server, "--catalog", own)
    assert ran.exit_code == 0
    return home, ran.stderr


@pytest.fixture
def home(filled: tuple[Path, str], tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled[0], tmp_path / "home"))


def test_a_fifth_tier_and_an_eleventh_sector_fund_are_ranked_and_published(filled) -> None:
    assert published(filled[0], """
        select max(rs_rank), count(rs_rank), count(sector_rank) from marts.rotation_daily
        where date = '2026-05-29'""") == [(5, 5, 11)]


def test_the_last_line_of_a_run_says_what_was_lost(filled) -> None:
    last = filled[1].splitlines()[-1]
    assert last.endswith(" rows added, 0 quarantined, 1 key not received (ZZZ); see rallyscope status")


def test_a_backfill_with_nothing_new_builds_nothing(home: Path, own: Path, tiny_server: str) -> None:
    before = published(home, "select build_id, published_at from audit.publication")
    ran = typed("backfill", "2026-04-01", "2026-05-29", "--home", home, "--source", tiny_server, "--catalog", own)
    assert ran.exit_code == 0
    *_, kept, last = ran.stderr.splitlines()
    assert kept == f"nothing new: {before[0][0]} stays current, and nothing was built"
    assert last == "0 rows added, 0 quarantined, 1 key not received (ZZZ); see rallyscope status"
    assert "building the marts" not in ran.stderr
    assert published(home, "select build_id, published_at from audit.publication") == before


def test_without_the_users_entries_the_same_backfill_builds_and_says_why_rows_are_gone(home, tiny_server: str) -> None:
    ran = typed("backfill", *RANGE, "--home", home, "--source", tiny_server)
    assert ran.exit_code == 0, ran.stderr
    assert published(home, "select count(distinct basket) from marts.rotation_daily") == [(1,)]
    assert published(home, "select distinct cause from audit.revision where mart = 'marts.rotation_daily'") == [
        ("catalog",)]


@pytest.mark.parametrize("command", [
    "build", "build --as-of 2026-04-30", "show regime", "show day --date 2026-05-05", "status", "claims", "claims A06",
    "revisions", "what-if AAA=-0.1", "prune --dry-run"])
def test_what_fetches_nothing_asks_no_source(command: str, home: Path, own: Path) -> None:
    before = table_hashes(home)
    ran = typed(*command.split(), "--home", home, RALLYSCOPE_SOURCE=GONE, RALLYSCOPE_CATALOG=str(own))
    assert ran.exit_code == 0, ran.stderr
    if "--as-of" not in command:
        assert table_hashes(home) == before


def test_a_symbol_refreshed_brings_a_correction_beside_what_was_held(home: Path, own: Path, tiny: Path,
                                                                     tmp_path: Path) -> None:
    from flows.pipeline.windows import parse_instant
    from flows.replay.server import running

    corrected = Path(shutil.copytree(tiny / "archive", tmp_path / "corrected"))
    with duckdb.connect() as con:
        con.execute(f"create table bars as from '{corrected}/bars.parquet'")
        con.execute("""update bars set close = if(symbol = 'CCC', 21, 208), high = greatest(high, close + 1)
                       where symbol in ('CCC', 'XLV') and date = '2026-03-10'""")
        con.execute(f"copy bars to '{corrected}/bars.parquet' (format parquet)")
    with running(corrected, parse_instant("2026-05-31")) as base:
        ran = typed("refresh", "bars", "--symbol", "CCC", "--home", home, "--source", base, "--catalog", own)
    assert ran.exit_code == 0, ran.stderr
    assert ran.stderr.splitlines()[-1].startswith("1 row added, ")
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        assert con.execute("select symbol, close from raw.price_bar where symbol in ('CCC', 'XLV') and date = '2026-03-10' "
                           "order by all").fetchall() == [("CCC", 20), ("CCC", 21), ("XLV", 207)]


@pytest.mark.parametrize(("arguments", "words"), [
    (("refresh", "bars", "--symbol", "AAB"), "the catalog has no bars for it; did you mean 'AAA'? "),
    (("run", "--catalog", "nowhere"), "does not exist; name a folder with --catalog"),
])
def test_what_cannot_be_asked_is_refused(arguments, words, tiny_is_packaged, tiny_server: str, tmp_path: Path) -> None:
    with pytest.raises(RallyscopeError, match=re.escape(words)) as refused:
        typed(*arguments, "--home", tmp_path, "--source", tiny_server)
    assert refused.value.exit_code == 2
