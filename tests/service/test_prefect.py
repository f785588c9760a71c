"""The flows as Prefect runs them, without a standing server: names, artifacts, final states."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from fault_matrix import RECORD
from tiny_market import ROOT, published

from flows.pipeline.windows import parse_instant
from flows.prefect_run import STATE_NAMES, from_shell
from flows.replay.faults import Fault, parse_faults
from flows.replay.server import running
from flows.service.service import DEPLOYMENTS

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def prefect_server() -> Iterator[None]:
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def home(prefect_server: None, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RALLYSCOPE_HOME", str(tmp_path))
    monkeypatch.setenv("RALLYSCOPE_CATALOG", str(tiny / "catalog"))
    monkeypatch.setattr("flows.prefect_run.RETRY_AFTER_SECONDS", [0])
    return tmp_path


def state_of(flow, *arguments):
    return flow(*arguments, return_state=True)


def exit_code(state) -> int:
    """What `python -m` ends with."""
    with pytest.raises(SystemExit) as end:
        from_shell(state)
    return end.value.code


def flow_runs() -> list:
    from prefect import get_client

    async def read():
        async with get_client() as client:
            return await client.read_flow_runs()

    return asyncio.run(read())


def task_runs() -> list:
    """The tasks of the newest flow run."""
    from prefect import get_client

    newest = max(flow_runs(), key=lambda run: run.start_time).id

    async def read():
        async with get_client() as client:
            return [run for run in await client.read_task_runs() if run.flow_run_id == newest]

    return asyncio.run(read())


def artifacts() -> list:
    from prefect import get_client

    async def read():
        async with get_client() as client:
            return await client.read_artifacts()

    return asyncio.run(read())


def test_backfill_then_daily_completes_with_the_sessions_in_their_names_and_a_summary(
        home: Path, tiny_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.backfill import backfill
    from flows.daily import daily

    monkeypatch.setenv("RALLYSCOPE_SOURCE", tiny_server)
    assert state_of(backfill, date(2026, 3, 2), date(2026, 5, 28)).is_completed()
    assert state_of(daily).is_completed()
    assert {"backfill 2026-03-02 to 2026-05-28", "daily 2026-05-29"} <= {run.name for run in flow_runs()}
    left = {a.key: a for a in artifacts() if a.flow_run_id == max(flow_runs(), key=lambda run: run.start_time).id}
    assert left.keys() >= {"summary", "picture", "coverage", "quarantine", "validation", "progress"}
    assert left["summary"].description.startswith("daily 2026-05-29: ")
    assert left["summary"].data.startswith("# Friday, 29 May 2026")
    assert "| vix_close |" in left["summary"].data
    assert left["coverage"].description.startswith("no holes")
    assert published(home, "select max(date)::varchar from marts.regime_daily") == [("2026-05-29",)]


def test_a_holiday_is_skipped_once_the_last_session_is_published_and_says_so(
        home: Path, tiny_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.daily import daily

    monkeypatch.setenv("RALLYSCOPE_SOURCE", tiny_server)  # whose clock stands on a Saturday
    first, second = (state_of(daily, None, True) for _ in range(2))
    assert (first.is_completed(), first.name) == (True, "Completed")
    assert (second.is_completed(), second.name) == (True, "Skipped")
    assert second.message == "Saturday, 30 May 2026 has no session; 2026-05-29, the last one, is published"


def test_a_feed_is_asked_again_and_the_marts_are_rebuilt_as_of_a_day(
        home: Path, tiny_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.backfill import rebuild
    from flows.daily import daily, refresh
    from flows.pipeline.plan import Feed

    monkeypatch.setenv("RALLYSCOPE_SOURCE", tiny_server)
    assert state_of(daily).is_completed()
    again = state_of(refresh, [Feed.observations])
    assert again.is_completed()
    assert again.message.startswith("0 rows added")
    assert state_of(rebuild, date(2026, 4, 10)).is_completed()
    assert published(home, "select max(date)::varchar from marts.regime_daily") == [("2026-04-10",)]
    assert {"refresh 2026-05-29", "rebuild as of 2026-04-10"} <= {run.name for run in flow_runs()}
    assert any((a.description or "").startswith("rebuild as of 2026-04-10: 0 rows added") for a in artifacts())


def test_a_signal_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.prefect_run import emit_signals

    reported = []
    monkeypatch.setattr("flows.prefect_run.emit_event",
                        lambda event, resource, payload: reported.append((event, payload["signal"])))
    band, stage = {"signal": "band", "date": "2026-05-29"}, {"signal": "stage", "date": "2026-05-29"}
    emit_signals([band], [band, stage])
    assert reported == [("rallyscope.signal", "stage")]


def test_a_double_click_runs_once(home: Path, tiny_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.backfill import backfill

    monkeypatch.setenv("RALLYSCOPE_SOURCE", tiny_server)
    for _ in range(2):
        assert state_of(backfill, date(2026, 5, 4), date(2026, 5, 8)).is_completed()
    assert published(home, "select count(*) from audit.run") == [(1,)]


def test_a_failed_source_is_not_a_completed_run(home: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.daily import daily

    with running(tiny / "archive", faults=[Fault(match="/fred/*", kind="status", times=None, status=503)]) as base:
        monkeypatch.setenv("RALLYSCOPE_SOURCE", base)
        state = state_of(daily)
    assert (state.is_failed(), state.name) == (True, "Failed")
    assert "run the same command again" in state.message
    assert exit_code(state) == 1


def test_a_task_whose_keys_all_failed_is_not_green(home: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The source knows none of the series: the rest is published, and the flow's message says what is missing."""
    from flows.daily import daily

    with running(tiny / "archive", faults=[Fault(match="/fred/*", kind="unknown", times=None)]) as base:
        monkeypatch.setenv("RALLYSCOPE_SOURCE", base)
        state = state_of(daily)
    assert state.is_failed()
    assert "observations: 2 of 2 keys failed: DGS10" in state.message
    states = {run.name: run.state for run in task_runs()}
    assert states["fetch observations"].is_failed()
    assert "all 2 keys failed" in states["fetch observations"].message
    assert states["fetch bars"].is_completed()
    assert states["publish"].is_completed()
    assert published(home, "select count(*) > 0 from marts.regime_daily") == [(True,)]


@pytest.mark.parametrize(("start", "end", "sentence"), [
    (date(2026, 5, 8), date(2026, 5, 4), "it ends before it begins"),
    (date(2027, 1, 4), date(2027, 1, 8), "none of its sessions has closed yet")])
def test_a_range_that_cannot_be_fails_in_one_sentence(start: date, end: date, sentence: str, home: Path, tiny_server: str,
                                                      monkeypatch: pytest.MonkeyPatch,
                                                      capsys: pytest.CaptureFixture[str]) -> None:
    from flows.backfill import backfill

    monkeypatch.setenv("RALLYSCOPE_SOURCE", tiny_server)
    state = state_of(backfill, start, end)
    assert (state.is_failed(), state.name) == (True, "Refused")
    assert sentence in state.message
    assert exit_code(state) == 2
    assert capsys.readouterr().err.endswith(f"rallyscope: {state.message}\n")


def test_a_catalog_that_cannot_be_read_is_refused(home: Path, tiny_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.daily import daily

    monkeypatch.setenv("RALLYSCOPE_SOURCE", tiny_server)
    monkeypatch.setenv("RALLYSCOPE_CATALOG", "/nowhere")
    state = state_of(daily)
    assert (state.is_failed(), state.name, exit_code(state)) == (True, "Refused", 2)
    assert "name a folder with --catalog or RALLYSCOPE_CATALOG" in state.message


@pytest.mark.parametrize("fault", ["volume-off:symbol=BBB", "null-bar:symbol=BBB", "clock-back", "clock-in-words"])
def test_a_run_ends_in_the_state_that_the_matrix_of_faults_gives_it(fault: str, home: Path, tiny: Path,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    """One evening of each kind: whole, with a part missing, stopped before anything is loaded, and refused."""
    from flows.backfill import backfill
    from flows.daily import daily

    with running(tiny / "archive", parse_instant("2026-04-16")) as base:
        monkeypatch.setenv("RALLYSCOPE_SOURCE", base)
        assert exit_code(state_of(backfill, date(2026, 3, 2), date(2026, 4, 16))) == 0
    with running(tiny / "archive", parse_instant("2026-04-17"), parse_faults([fault], 0)) as base:
        monkeypatch.setenv("RALLYSCOPE_SOURCE", base)
        state = state_of(daily)
    recorded = json.loads(RECORD.read_text())[fault]["exit"]
    assert (state.name, exit_code(state)) == (STATE_NAMES[recorded], recorded)


def test_the_deployments_name_flows_that_exist() -> None:
    import importlib

    import yaml

    deployments = yaml.safe_load(DEPLOYMENTS.read_text())["deployments"]
    assert {d["name"] for d in deployments} >= {"daily", "backfill"}
    for deployment in deployments:
        module, _, name = deployment["entrypoint"].rpartition(".")
        assert hasattr(importlib.import_module(module), name)


def test_only_the_flows_import_prefect_and_only_each_source_its_library() -> None:
    """The arrows of the house, read from the imports."""
    import re

    allowed = {"prefect": {"flows/daily.py", "flows/backfill.py", "flows/prefect_run.py", "flows/service/door.py"},
               "yfinance": {"flows/sources/yahoo.py"}, "fredapi": {"flows/sources/fred.py"}}
    for file in (f for part in ("flows", "warehouse", "expectations", "transforms") for f in (ROOT / part).rglob("*.py")):
        path, text = file.relative_to(ROOT).as_posix(), file.read_text()
        for library, files in allowed.items():
            if re.search(rf"^\s*(from|import) {library}\b", text, re.MULTILINE):
                assert path in files, f"{path} imports {library}"
        if re.search(r"^\s*(from|import) great_expectations\b", text, re.MULTILINE):
            assert path.startswith("expectations/"), path
        if re.search(r"^\s*from flows\b", text, re.MULTILINE):
            assert path.startswith("flows/"), path
        if "os.environ" in text or "getenv" in text:
            assert path in {"flows/settings.py", "expectations/validate.py"}, f"{path} reads the environment"
