"""The faults a user names: each one changes what the source says, and a wrong name or argument is one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from fastapi.testclient import TestClient
from tiny_market import rallyscope

from flows.pipeline import windows
from flows.replay.faults import LIBRARY, listing, parse_faults
from flows.replay.server import create_app
from warehouse.errors import BadRequest

CLOCK = windows.parse_instant("2026-05-20")
KEY = {"api_key": "0" * 32}
PERIOD = {"period1": 1, "period2": 2_000_000_000, "interval": "1d", "events": "div,splits"}
ONES = {"symbol": "AAA", "series": "DGS10", "key": "AAA"}
SLOW = {"timeout", "slow-drip", "rate-limited-retry-after", "huge", "bomb"}


@pytest.fixture(scope="module")
def archive(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny market with a dividend and a list of weights."""
    import shutil

    folder = shutil.copytree(tiny / "archive", tmp_path_factory.mktemp("faulty") / "archive")
    with duckdb.connect() as con:
        con.execute(f"""
            create table actions as from '{folder}/actions.parquet'
                union all select 'AAA', date '2026-05-11', 0.5, null;
            copy actions to '{folder}/actions.parquet' (format parquet);
            copy (select 'NDX' as "index", date '2026-05-01' as date, date '2026-05-04' as published_on, symbol, weight
                  from (values ('AAA', 0.5), ('BBB', 0.3), ('CCC', 0.2)) member(symbol, weight))
                to '{folder}/index_weights.parquet' (format parquet)""")
    return folder


def reported(archive: Path, *faults: str) -> dict[str, Any]:
    """Everything a source with these faults says of what a run asks."""
    with TestClient(create_app(archive, CLOCK, parse_faults(faults)), raise_server_exceptions=False) as client:
        answers = {
            "bars": client.get("/v8/finance/chart/AAA", params=PERIOD, follow_redirects=False),
            "others": client.get("/v8/finance/chart/BBB", params=PERIOD, follow_redirects=False),
            "shares": client.get("/ws/fundamentals-timeseries/v1/finance/timeseries/AAA", params=PERIOD),
            "statements": client.get("/ws/fundamentals-timeseries/v1/finance/timeseries/AAA",
                                     params={**PERIOD, "type": "quarterlyTotalRevenue"}),
            "DGS10": client.get("/fred/series/observations", params={**KEY, "series_id": "DGS10"}),
            "NFCI": client.get("/fred/series/observations", params={**KEY, "series_id": "NFCI"}),
            "weights": client.get("/weights/NDX.csv"),
            "clock": client.get("/clock"),
        }
    return {name: (answer.status_code, answer.content) for name, answer in answers.items()}


@pytest.fixture(scope="module")
def undisturbed(archive: Path) -> dict[str, Any]:
    return reported(archive)


@pytest.mark.parametrize("name", [name for name in LIBRARY if name not in SLOW | {"reset", "broken-off"}])
def test_each_fault_changes_what_the_source_says(name: str, archive: Path, undisturbed: dict[str, Any]) -> None:
    takes, of_series = LIBRARY[name].takes, LIBRARY[name].among == "series"
    given = [f"{argument}={'DGS10' if of_series else ONES[argument]}" for argument in takes if takes[argument] == ""]
    changed = reported(archive, f"{name}:{','.join(given)}")
    assert changed != undisturbed
    if given:  # nobody else is struck
        assert changed["NFCI" if of_series else "others"] == undisturbed["NFCI" if of_series else "others"]


def test_faults_add_up(archive: Path) -> None:
    one, other = reported(archive, "bar-x2:symbol=AAA"), reported(archive, "missing-bar:symbol=BBB")
    both = reported(archive, "bar-x2:symbol=AAA", "missing-bar:symbol=BBB", "truncated:key=AAA")
    assert both["bars"] == (200, one["bars"][1][:len(one["bars"][1]) // 2])
    assert both["others"] == other["others"]


@pytest.mark.parametrize("broken", ["truncated:key=AAA", "malformed:key=AAA", "empty-body:key=AAA", "not-text:key=AAA"])
def test_an_answer_that_a_fault_has_broken_is_as_broken_after_the_next(broken: str, archive: Path) -> None:
    assert reported(archive, broken, "year-10000:key=AAA")["bars"] == reported(archive, broken)["bars"]


def test_the_seed_decides_what_is_left_open(archive: Path) -> None:
    def struck(seed: int) -> list[str]:
        app = create_app(archive, CLOCK, parse_faults(["bar-x100", "value-spike"], seed))
        return [str(fault) for fault in app.state.archive.faults]

    assert struck(1) == struck(1)
    assert len({tuple(struck(seed)) for seed in range(8)}) > 1


def test_a_fault_strikes_so_many_times(archive: Path) -> None:
    with TestClient(create_app(archive, CLOCK, parse_faults(["server-error:key=AAA,after=1,times=1"]))) as client:
        assert [client.get("/v8/finance/chart/AAA").status_code for _ in range(3)] == [200, 500, 200]


@pytest.mark.parametrize(("text", "sentence"), [
    ("bar-x1000", "--fault bar-x1000: there is no such fault. Did you mean bar-x100"),
    ("no such thing at all", "there is no such fault. See them all: rallyscope replay --fault list"),
    ("bar-x2:colour=red", "bar-x2 has no argument 'colour'. It takes symbol, days, back, factor"),
    ("bar-x2:AAA", "'AAA' is not argument=value. It takes symbol"),
    ("bar-x2:days=many", "days=many is not a whole number it can use. For example days=1"),
    ("bar-x2:factor=nan", "factor=nan is not a number it can use"),
    ("bar-x2:days=-1", "days=-1 is not a whole number it can use"),
    ("server-error:on=moon", "on=moon names no requests. It is one of bars, shares"),
    ("clock-in-words:days=2", "clock-in-words has no argument 'days'. It takes none"),
    ("bar-x2:symbol=NOBODY", "the archive has no symbol NOBODY. Name one it has, or leave it out"),
    ("value-spike:series=GDP", "the archive has no series GDP"),
    ("stale-feed:days=4000", "sessions by then. Strike fewer of them"),
])
def test_what_is_no_fault_is_one_sentence(text: str, sentence: str, archive: Path) -> None:
    with pytest.raises(BadRequest) as refused:
        create_app(archive, CLOCK, parse_faults([text]))
    assert sentence in str(refused.value)
    assert refused.value.exit_code == 2


def test_the_command_lists_them_and_refuses_others(archive: Path, tmp_path: Path) -> None:
    listed = rallyscope("replay", "--fault", "list", cwd=tmp_path)
    assert (listed.returncode, listed.stdout) == (0, listing() + "\n")
    refused = rallyscope("replay", "--archive", archive, "--fault", "bar-x2:symbol=NOBODY", cwd=tmp_path)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
