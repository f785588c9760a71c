"""A shell completes commands and what they take: views, claims, kept builds, models with a failed assertion."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_market import clean_environment
from typer.main import get_command

from flows.cli.app import app
from flows.report.views import VIEWS

BIN = Path(sys.executable).parent
BUILDS = ["20260531T035959Z-792bdf82c93b", "20260529T035959Z-9adf46396a3f"]

Complete = Callable[..., list[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout whose data folder has two kept builds and a failed assertion, as file names."""
    for name in (*(f"builds/{build}.duckdb" for build in BUILDS), "failed-rows/marts.regime_daily.json",
                 "failed-rows/marts.regime_daily.parquet"):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).touch()
    return tmp_path


def requested(*words: str) -> dict[str, str]:
    """The environment in which bash asks for the last one of the words."""
    return {"_RALLYSCOPE_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(("rallyscope", *words)),
            "COMP_CWORD": str(len(words))}


@pytest.fixture
def complete(folder: Path) -> Complete:
    """What bash is offered for a line of words, the last one being typed."""
    def ask(*words: str, **env: str) -> list[str]:
        ran = subprocess.run([BIN / "rallyscope"], cwd=folder, env=clean_environment({**requested(*words), **env}),
                             text=True,
                             capture_output=True, check=False)
        assert (ran.returncode, ran.stderr) == (0, "")
        return ran.stdout.split()
    return ask


def test_every_command_is_completed(complete: Complete) -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    assert complete("") == [name for name, command in commands.items() if not command.hidden]
    assert complete("sh") == ["show"]


def test_the_views_of_show_are(complete: Complete) -> None:
    assert complete("show", "") == [view for view in VIEWS if view != "status"]
    assert complete("show", "re") == ["regime", "revisions"]


def test_claims_are_one_after_another(complete: Complete) -> None:
    assert len(complete("claims", "")) == 46
    assert complete("claims", "A06", "B0") == [f"B0{n}" for n in range(1, 10)]


def test_kept_builds_are_newest_first(complete: Complete) -> None:
    assert complete("rollback", "") == BUILDS
    assert complete("rollback", "20260529") == BUILDS[1:]
    assert complete("diff", "current", "") == ["current", *BUILDS]


def test_models_with_a_failed_assertion_are(complete: Complete) -> None:
    assert complete("failed-rows", "") == ["marts.regime_daily"]


def test_the_data_folder_is_the_one_the_command_would_use(complete: Complete, folder: Path) -> None:
    (folder / "data").rename(folder / "elsewhere")
    assert complete("rollback", "") == []
    assert complete("rollback", "--home", "elsewhere", "") == BUILDS
    assert complete("rollback", "", RALLYSCOPE_HOME=str(folder / "elsewhere")) == BUILDS


def test_options_and_their_values_are(complete: Complete) -> None:
    assert complete("query", "x", "--format", "") == ["table", "csv", "json", "parquet"]
    assert complete("export", "--o") == ["--out"]


@pytest.mark.parametrize("words", [("",), ("show", ""), ("claims", ""), ("rollback", "")])
def test_a_completion_is_fast_since_no_large_library_is_imported(words: tuple[str, ...], folder: Path) -> None:
    ran = subprocess.run([sys.executable, "-X", "importtime", BIN / "rallyscope"], cwd=folder, text=True,
                         env=clean_environment(requested(*words)), capture_output=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert "flows.cli" in imported
    assert imported & {"prefect", "great_expectations", "yfinance", "fredapi", "altair", "pandas", "sqlglot"} == set()


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_what_install_completion_installs_completes_in_bash(folder: Path) -> None:
    home = folder / "home"
    home.mkdir()
    env = clean_environment({"HOME": str(home), "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin"})
    # The shell is found by who called: bash must stay, and not become the command.
    subprocess.run(["bash", "-c", "rallyscope --install-completion; true"], env=env, check=True, capture_output=True)
    ran = subprocess.run(["bash", "--norc", "-c", 'source ~/.bashrc; COMP_WORDS=(rallyscope show ro); COMP_CWORD=2; '
                          '_rallyscope_completion rallyscope; printf "%s\\n" "${COMPREPLY[@]}"; complete -p rallyscope'],
                         env=env, cwd=folder, text=True, capture_output=True, check=True)
    assert ran.stdout.splitlines() == ["rotation", "complete -o default -F _rallyscope_completion rallyscope"]
