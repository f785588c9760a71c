"""The README's two commands, everything after them, and docs/querying.md, typed on a simulated market."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import duckdb
import in_process
import pytest
from tiny_market import ROOT, clean_environment, rallyscope, table_hashes

from warehouse.publication.publish import table_hash

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+) ?(\w*)\n(.*?)```", README, re.DOTALL)
QUERYING = (ROOT / "docs" / "querying.md").read_text()
RECIPES = re.findall(r"```(\w+) ?(\w*)\n(.*?)```", QUERYING, re.DOTALL)
QUESTIONS = dict(re.findall(r"\n### (.*?)\n.*?```sql\n(.*?)```", QUERYING, re.DOTALL))

# How many rows each question has at least on the simulated market, and what each of them keeps.
ANSWERS = {
    "Which regime are we in, and since when?":
        (5, "since <= until and until <= '2026-05-29' and sessions > 0 and lowest_vix between 9 and highest_vix"),
    "Who moved the index this week, and how much of it do five companies carry?":
        (5, "abs(share_of_return * index_bp - contribution_bp) < 1e-9 and cumulative_share between share_of_return and 1"),
    "How concentrated is the index against its last 252 sessions?":
        (2, "date = '2026-05-29' and sessions = 252 and top10_weight_percentile between 0 and 1"),
    "Do the contributions add up, and on which ten days are they furthest off?":
        (10, "abs(sum_of_contributions - index_return) < 1e-12 and coverage_share >= 0.9 and abs(residual_bp) > 30"),
    "Who led first after each peak of the VIX?":
        (14, """sessions_after_peak between 1 and 63 and contains(order_observed, first_to_lead)
            and (episode <> '2026-03-27' or first_to_lead = 'ai_leaders' and verdict = 'match')"""),
    "How have the sectors' weights changed since the VIX peak of March 2026?":
        (11, """since = '2026-03-27' and until = '2026-05-29' and weight_then between 0 and 1
            and (sector = 'Information Technology') = (change_in_weight > 0)"""),
    "On which days did the Nasdaq-100 fall although NVIDIA rose?":
        (10, "index_return < 0 and nvidia_return > 0 and abs(nvidia_bp + all_others_bp - index_return * 1e4) < 1e-9"),
    "Does the average company keep up with the index?":
        (12, "sessions between 18 and 23 and (cap_weighted_return > equal_weighted_return) = (cap_over_equal_return > 0)"),
    "What did the Nasdaq do after each band was known?":
        (4, "sessions > 100 and share_of_gains between 0.3 and 0.7 and volatility between 0.05 and 0.5"),
    "Which statements of the thesis does the data not support?":
        (5, "verdict in ('contradicted', 'partial') and observed is not null"),
    # The demo's first publications change no past row; test_querying.py has one that did.
    "Which past figures have changed, and why?": (0, "changes > 0"),
    "Which later revisions of the financial conditions does each session rightly ignore?":
        (5, "revised_at > date + 1 and revised_to <> nfci"),
    "What was missing, late or kept out, and when?":
        (20, "which <> '' and (feed = 'shares') = (what = 'kept out' and which similar to '(TXN|FANG): Shares [0-9].*')"),
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo ran, as in a fresh clone."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / ".venv").symlink_to(ROOT / ".venv")
    (folder / "my-catalog").mkdir()
    (folder / "my-catalog" / "baskets.toml").write_text(next(text for language, _, text in BLOCKS if language == "toml"))
    return folder


@pytest.fixture(scope="module")
def demo(checkout: Path) -> str:
    ran = rallyscope("demo", cwd=checkout)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def server(checkout: Path, demo: str) -> Iterator[str]:
    """The README's replay server, started by its own command."""
    command = next(text for language, note, text in BLOCKS if text.startswith("rallyscope replay --archive")).split()
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


def typed(line: str, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A line as a shell runs it, with our commands on the path."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(line, shell=True, cwd=cwd, text=True, capture_output=True, check=False, timeout=900,
                          env=clean_environment({"PATH": path, **(env or {})}))


def test_make_run_is_the_demo() -> None:
    assert re.search(r"^run: .*\n\t\$\(BIN\)/rallyscope demo$", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("reported", [
    "Friday, 29 May 2026", "simulated market", "drive the market", "Regime", "The ten largest issuers", "NVDA", "Who leads",
    "crypto_equity", "Quarantined", "Shares 5 times", "Where to look next"])
def test_the_demo_prints_who_drives_the_market(reported: str, demo: str) -> None:
    assert reported in demo


def test_the_demo_fits_a_hundred_columns(demo: str) -> None:
    tables = demo.partition("Where to look next")[0]
    assert max(len(line) for line in tables.splitlines()) <= 100


def test_the_demos_last_session_is_loaded_by_its_own_run(checkout: Path, demo: str) -> None:
    ran = in_process.rallyscope("query", "select command, last_session, status from audit.run order by last_session",
                                "--format", "csv", cwd=checkout)
    assert ran.stdout.splitlines()[1:] == ["backfill,2026-05-28,completed", "run,2026-05-29,completed"]


def test_every_question_of_the_page_has_an_expected_answer() -> None:
    assert set(ANSWERS) == set(QUESTIONS)


@pytest.mark.parametrize("question", ANSWERS)
def test_the_pages_questions_are_answered(question: str, checkout: Path, demo: str) -> None:
    rows, kept = ANSWERS[question]
    sql = f"select count(*), count(*) filter (not ({kept})) from (\n{QUESTIONS[question]})"
    ran = in_process.rallyscope("query", sql, "--format", "csv", cwd=checkout)
    assert ran.returncode == 0, ran.stderr
    found, broken = map(int, ran.stdout.splitlines()[1].split(","))
    assert found >= rows
    assert broken == 0


@pytest.mark.parametrize("command", [line for language, note, text in RECIPES if (language, note) == ("sh", "")
                                     for line in text.strip().splitlines()])
def test_every_command_of_the_page_runs(command: str, checkout: Path, demo: str) -> None:
    ran = typed(command, checkout)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(("note", "code"), [(note, code) for language, note, code in RECIPES if language == "python"])
def test_the_pages_python_runs(note: str, code: str, checkout: Path, demo: str) -> None:
    if note and find_spec(note) is None:
        pytest.skip(f"{note} is not installed here")
    if "data/parquet" in code:
        assert in_process.rallyscope("export", "--out", "data/parquet", cwd=checkout).returncode == 0
    ran = subprocess.run([sys.executable, "-c", code], cwd=checkout, text=True, capture_output=True, check=False,
                         env=clean_environment())
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stdout.splitlines()) > 4


def test_the_pages_own_table_meets_only_what_was_known(checkout: Path, demo: str) -> None:
    session, = (text for language, note, text in RECIPES if (language, note) == ("sql", "session"))
    with duckdb.connect() as con:
        rows = con.execute(session.replace("'data/", f"'{checkout}/data/")).fetchall()
        known = [con.execute("select max(date) from marts.regime_daily where known_at <= ?", [row[0]]).fetchall()[0][0]
                 for row in rows]
    assert [row[3] for row in rows] == known
    assert [str(day) for day in known] == ["2026-03-26", "2026-04-08", "2026-05-28"]


def test_an_export_of_the_demo_is_the_publication_and_says_simulated(checkout: Path, demo: str) -> None:
    ran = in_process.rallyscope("export", "--out", "data/parquet", cwd=checkout)
    assert "Simulated market" in ran.stderr
    reported = json.loads((checkout / "data/parquet/export.json").read_text())
    published = {name: value for name, value in table_hashes(checkout / "data").items() if name.startswith("marts.")}
    assert reported["is_simulated"] is True
    assert {name: table["hash"] for name, table in reported["tables"].items() if name in published} == published
    with duckdb.connect() as con:
        assert {name: table_hash(con, f"'{checkout / 'data/parquet' / reported['tables'][name]['file']}'")
                for name in published} == published


@pytest.mark.parametrize("command", [
    line for language, note, text in BLOCKS if language == "sh" and note != "background"
    for line in text.strip().splitlines() if line.startswith(("rallyscope", "python"))])
def test_every_command_of_the_readme_runs(command: str, checkout: Path, server: str) -> None:
    """Also the commands for the live market: against the replay server, whose wire is the same."""
    ran = typed(command, checkout, {"RALLYSCOPE_SOURCE": server, "PREFECT_HOME": str(checkout / "prefect"),
                                    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120"})
    assert ran.returncode == 0, ran.stderr
    # Prefect's temporary server writes tracebacks of its own when its SQLite file is busy or it is stopped.
    assert "Traceback" not in ran.stderr or command.startswith("python")


def test_every_other_shell_command_of_the_readme_is_known() -> None:
    """What the test above leaves out must be set-up that the fixtures and this very run stand for."""
    lines = {line for language, note, text in BLOCKS if language == "sh" and note != "background"
             for line in text.strip().splitlines() if not line.startswith(("rallyscope", "python"))}
    assert lines == {"git clone https://github.com/rallyscope/rallyscope && cd rallyscope", "make run", "make test",
                     'export PATH="$PWD/.venv/bin:$PATH"', "export RALLYSCOPE_SOURCE=http://127.0.0.1:8765",
                     "export RALLYSCOPE_HOME=data/real RALLYSCOPE_SOURCE=live"}


def test_the_cron_line_runs_and_the_others_are_commands(checkout: Path, server: str) -> None:
    from typer.main import get_command

    from flows.cli.app import app

    lines = next(text for language, _, text in BLOCKS if language == "cron").splitlines()[1:]
    user = checkout / "user"
    (user / ".local" / "bin").mkdir(parents=True)
    (user / ".local" / "bin" / "rallyscope").symlink_to(Path(sys.executable).with_name("rallyscope"))
    commands = [line.split(maxsplit=5)[5] for line in lines]
    for command in commands:
        name, *arguments = command.partition(" >>")[0].removeprefix("$HOME/.local/bin/rallyscope ").split()
        get_command(app).commands[name].make_context(name, arguments)  # type: ignore[attr-defined]
    ran = typed(commands[0], checkout, {"HOME": str(user), "RALLYSCOPE_HOME": str(checkout / "data"),
                                        "RALLYSCOPE_SOURCE": server})
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert "0 rows added" in (user / "rallyscope.log").read_text()


def test_the_timer_of_systemd_runs_when_the_deployment_does() -> None:
    """And cron's first line; systemd-analyze is not everywhere, so the units are read as the INI files that they are."""
    import configparser

    import yaml

    from flows.service.service import DEPLOYMENTS

    service, timer = (configparser.ConfigParser(interpolation=None) for _ in range(2))
    texts = [text for language, _, text in BLOCKS if language == "ini"]
    for unit, text in zip((service, timer), texts, strict=True):
        unit.optionxform = str  # type: ignore[assignment]
        unit.read_string(text)
    daily = next(one for one in yaml.safe_load(DEPLOYMENTS.read_text())["deployments"] if one["name"] == "daily")
    schedule, = daily["schedules"]
    minute, hour, *_, days = schedule["cron"].split()
    assert days == "1-5"
    assert dict(service["Service"]) == {"Type": "oneshot", "ExecStart": "%h/.local/bin/rallyscope run"}
    assert dict(timer["Timer"]) == {"OnCalendar": f"Mon..Fri {hour}:{minute} {schedule['timezone']}", "Persistent": "true"}
    cron = next(text for language, _, text in BLOCKS if language == "cron")
    assert f"CRON_TZ={schedule['timezone']}\n{schedule['cron']} " in cron


def test_the_readmes_output_is_what_the_query_prints(checkout: Path, demo: str) -> None:
    query = re.search(r'rallyscope query "(.*?)"\n```', README, re.DOTALL)
    printed = re.search(r"The last one prints:\n\n```text\n(.*?)```", README, re.DOTALL)
    assert query
    assert printed
    ran = in_process.rallyscope("query", query[1], cwd=checkout)
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

    assert rallyscope("build", "--as-of", "2025-04-11", cwd=checkout).returncode == 0
    assert "2025-04-11" in newest()
    assert "as of 2025-04-11 23:59 New York, not the present" in rallyscope("show", "regime", cwd=checkout).stdout
    assert rallyscope("build", cwd=checkout).returncode == 0
    assert "2026-05-29" in newest()
    compared = re.search("rallyscope (diff .*)", README)
    assert compared
    assert re.search(r"marts\.regime_daily +0 +[1-9]", rallyscope(*compared[1].split(), cwd=checkout).stdout)


@pytest.mark.parametrize(("form", "begins"), [("csv", "date,band\n"), ("json", "["), ("table", "\n"), ("parquet", "PAR1")])
def test_query_writes_each_format(form: str, begins: str, checkout: Path, demo: str) -> None:
    ran = in_process.rallyscope_bytes("query", "select date, band from marts.regime_daily limit 3", "--format", form,
                                      cwd=checkout)
    assert ran.returncode == 0
    assert ran.stdout.decode(errors="replace").lstrip("\n").startswith(begins.strip("\n"))


@pytest.mark.parametrize("sql", [
    "create table t as select 1", "delete from marts.regime_daily", "from read_csv('/etc/passwd')",
    "copy marts.regime_daily to 'x.csv'", "attach 'other.duckdb'", "set enable_external_access = true", "from nowhere",
    "select 1; select 2", "install httpfs"])
def test_query_reads_the_marts_and_nothing_else(sql: str, checkout: Path, demo: str) -> None:
    ran = in_process.rallyscope("query", sql, cwd=checkout)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.startswith("rallyscope: query:")
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("view", ["regime", "concentration", "rotation", "sectors", "day", "status"])
def test_every_view_prints_and_has_a_machines_form(view: str, checkout: Path, demo: str) -> None:
    command = [view] if view == "status" else ["show", view]
    printed = in_process.rallyscope(*command, cwd=checkout)
    assert printed.returncode == 0, printed.stderr
    assert max(len(line) for line in printed.stdout.splitlines()) <= 100
    told = json.loads(in_process.rallyscope(*command, "--json", cwd=checkout).stdout)
    assert told["simulated"] is True
    assert told["date"] == (None if view == "status" else "2026-05-29")
    assert all(re.fullmatch("[a-z_]+", key) for key in told)


@pytest.mark.parametrize(("command", "code", "sentence"), [
    (["show", "regime", "--date", "2026-05-30"], 2, "The nearest before it is 2026-05-29"),
    (["show", "weather"], 2, "Views: regime"),
    (["failed-rows", "marts.weather"], 2, "no model has this name"),
    (["run", "--source", "http://127.0.0.1:9"], 1, "cannot be reached"),
    (["run", "--source", "somewhere"], 2, "neither “live” nor a base URL"),
    (["run", "--catalog", "nowhere"], 2, "catalog"),
    (["build", "--as-of", "soon"], 2, "neither a date nor an instant"),
    (["build", "--as-of", ""], 2, "neither a date nor an instant"),
    (["query", "select 1", "--home", "elsewhere"], 2, "nothing is published"),
])
def test_a_mistake_is_answered_in_one_sentence(command: list[str], code: int, sentence: str, checkout: Path,
                                               demo: str) -> None:
    ran = in_process.rallyscope(*command, cwd=checkout)
    assert ran.returncode == code, ran.stderr
    assert sentence in ran.stderr
    assert "Traceback" not in ran.stderr


def test_every_command_has_help_with_an_example() -> None:
    from typer.main import get_command

    from flows.cli.app import app

    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        assert command.help, name
        assert command.epilog, name
        spelled = "failed-rows" if command.hidden else name
        assert command.epilog.startswith(f"Example: rallyscope {spelled}"), name
