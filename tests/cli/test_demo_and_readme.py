"""The two commands of the README and everything after them, as a newcomer types it, on the simulated market."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_market import ROOT, clean_environment, rallyscope

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+) ?(\w*)\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo ran, as in a fresh clone."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


@pytest.fixture(scope="module")
def demo(checkout: Path) -> str:
    ran = rallyscope("demo", cwd=checkout)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def server(checkout: Path, demo: str) -> Iterator[str]:
    """The README's replay server, started by its own command."""
    command = next(text for language, note, text in BLOCKS if note == "background").split()
    assert command[0] == "rallyscope"
    process = subprocess.Popen([sys.executable, "-m", "flows.cli", *command[1:]], cwd=checkout, env=clean_environment(),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    base = "http://127.0.0.1:" + command[command.index("--port") + 1]
    for _ in range(100):
        if rallyscope("doctor", "--source", base, cwd=checkout).returncode == 0:
            break
        time.sleep(0.1)
    yield base
    process.terminate()
    process.wait()


def test_make_run_is_the_demo() -> None:
    assert re.search(r"^run: .*\n\t\$\(BIN\)/rallyscope demo$", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("said", [
    "Friday, 29 May 2026", "simulated market", "Regime", "The ten largest issuers", "NVDA", "Who leads", "crypto_equity",
    "Quarantined", "Shares 5 times", "Where to look next"])
def test_the_demo_prints_who_drives_the_market(said: str, demo: str) -> None:
    assert said in demo


def test_the_demo_fits_a_hundred_columns(demo: str) -> None:
    tables = demo.partition("Where to look next")[0]
    assert max(len(line) for line in tables.splitlines()) <= 100


def test_the_demos_last_session_is_loaded_by_its_own_run(checkout: Path, demo: str) -> None:
    ran = rallyscope("query", "select command, last_session, status from audit.run order by last_session",
                     "--format", "csv", cwd=checkout)
    assert ran.stdout.splitlines()[1:] == ["backfill,2026-05-28,completed", "run,2026-05-29,completed"]


@pytest.mark.parametrize("command", [
    line for language, note, text in BLOCKS if language == "sh" and note != "background"
    for line in text.strip().splitlines() if line.startswith(("rallyscope", "python"))])
def test_every_command_of_the_readme_runs(command: str, checkout: Path, server: str) -> None:
    """Also the commands for the live market: against the replay server, whose wire is the same."""
    bin_folder = str(Path(sys.executable).parent)
    ran = subprocess.run(command, shell=True, cwd=checkout, text=True, capture_output=True, check=False, timeout=900,
                         env=clean_environment({"RALLYSCOPE_SOURCE": server, "PATH": f"{bin_folder}:{os.environ['PATH']}",
                                                "PREFECT_HOME": str(checkout / "prefect"),
                                                "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120"}))
    assert ran.returncode == 0, ran.stderr
    # Prefect's temporary server writes tracebacks of its own when its SQLite file is busy or it is stopped.
    assert "Traceback" not in ran.stderr or command.startswith("python")


def test_every_other_shell_command_of_the_readme_is_known() -> None:
    """What the test above leaves out must be set-up that the fixtures and this very run stand for."""
    lines = {line for language, note, text in BLOCKS if language == "sh" and note != "background"
             for line in text.strip().splitlines() if not line.startswith(("rallyscope", "python"))}
    assert lines == {"git clone https://github.com/rallyscope/rallyscope && cd rallyscope", "make run", "make test",
                     'export PATH="$PWD/.venv/bin:$PATH"', "export RALLYSCOPE_SOURCE=http://127.0.0.1:8765"}


def test_the_readmes_output_is_what_the_query_prints(checkout: Path, demo: str) -> None:
    query = re.search(r'rallyscope query "(.*?)"\n```', README, re.DOTALL)
    printed = re.search(r"The last one prints:\n\n```text\n(.*?)```", README, re.DOTALL)
    assert query
    assert printed
    ran = rallyscope("query", query[1], cwd=checkout)
    assert _without_blank_lines(ran.stdout) == _without_blank_lines(printed[1])


def _without_blank_lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_the_readmes_python_runs(checkout: Path, demo: str) -> None:
    code, = (text for language, _, text in BLOCKS if language == "python")
    ran = subprocess.run([sys.executable, "-c", code], cwd=checkout, text=True, capture_output=True, check=False,
                         env=clean_environment())
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("│") > 20


def test_a_second_run_and_a_week_of_the_past_change_nothing(checkout: Path, server: str) -> None:
    for command in (["run"], ["backfill", "2025-04-07", "2025-04-11"]):
        ran = rallyscope(*command, "--source", server, cwd=checkout)
        assert ran.returncode == 0, ran.stderr
        assert "0 rows added" in ran.stderr


def test_as_of_shows_the_market_of_that_day_and_build_brings_back_today(checkout: Path, server: str) -> None:
    def newest() -> str:
        return rallyscope("query", "select max(date) from marts.regime_daily", "--format", "csv", cwd=checkout).stdout

    assert rallyscope("build", "--as-of", "2025-04-11", "--source", server, cwd=checkout).returncode == 0
    assert "2025-04-11" in newest()
    assert rallyscope("build", "--source", server, cwd=checkout).returncode == 0
    assert "2026-05-29" in newest()


@pytest.mark.parametrize(("form", "begins"), [("csv", "date,band\n"), ("json", "["), ("table", "\n"), ("parquet", "PAR1")])
def test_query_writes_each_format(form: str, begins: str, checkout: Path, demo: str) -> None:
    ran = subprocess.run([sys.executable, "-m", "flows.cli", "query", "select date, band from marts.regime_daily limit 3",
                          "--format", form], cwd=checkout, env=clean_environment(), capture_output=True, check=False)
    assert ran.returncode == 0
    assert ran.stdout.decode(errors="replace").lstrip("\n").startswith(begins.strip("\n"))


@pytest.mark.parametrize("sql", [
    "create table t as select 1", "delete from marts.regime_daily", "from read_csv('/etc/passwd')",
    "copy marts.regime_daily to 'x.csv'", "attach 'other.duckdb'", "set enable_external_access = true", "from nowhere",
    "select 1; select 2", "install httpfs"])
def test_query_reads_the_marts_and_nothing_else(sql: str, checkout: Path, demo: str) -> None:
    ran = rallyscope("query", sql, cwd=checkout)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.startswith("rallyscope: query:")
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("view", ["regime", "concentration", "rotation", "sectors", "day", "status"])
def test_every_view_prints_and_has_a_machines_form(view: str, checkout: Path, demo: str) -> None:
    command = [view] if view == "status" else ["show", view]
    printed = rallyscope(*command, cwd=checkout)
    assert printed.returncode == 0, printed.stderr
    assert max(len(line) for line in printed.stdout.splitlines()) <= 100
    assert all(rows is not None for rows in json.loads(rallyscope(*command, "--json", cwd=checkout).stdout).values())


@pytest.mark.parametrize(("command", "code", "sentence"), [
    (["show", "regime", "--date", "2026-05-30"], 2, "The nearest before it is 2026-05-29"),
    (["show", "weather"], 2, "Views: regime"),
    (["broken", "marts.regime_daily"], 2, "no build has broken a promise"),
    (["run", "--source", "http://127.0.0.1:9"], 1, "cannot be reached"),
    (["run", "--source", "somewhere"], 2, "neither “live” nor a base URL"),
    (["run", "--catalog", "nowhere"], 2, "catalogue"),
    (["build", "--as-of", "soon", "--source", "http://127.0.0.1:9"], 2, "neither a date nor an instant"),
    (["query", "select 1", "--home", "elsewhere"], 2, "nothing is published"),
])
def test_a_mistake_is_answered_in_one_sentence(command: list[str], code: int, sentence: str, checkout: Path,
                                               demo: str) -> None:
    ran = rallyscope(*command, cwd=checkout)
    assert ran.returncode == code, ran.stderr
    assert sentence in ran.stderr
    assert "Traceback" not in ran.stderr


def test_every_command_has_help_with_an_example() -> None:
    from typer.main import get_command

    from flows.cli import app

    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        assert command.help, name
        assert command.epilog, name
        assert command.epilog.startswith(f"Example: rallyscope {name}"), name
