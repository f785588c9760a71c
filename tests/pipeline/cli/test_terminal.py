"""How commands end when who reads them goes away, and when somebody stops them."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from tiny_market import ROOT, clean_environment

from warehouse.data_folder import DataFolder

SENTENCE = "rallyscope: interrupted; loaded data is kept, run the same command again to continue\n"


def started(*command: object) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, *map(str, command)], cwd=ROOT, env=clean_environment(), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize("command", [
    ["show", "day"], ["show", "day", "--json"], ["status"], ["--help"], ["query", "select 1"],
    ["query", "from marts.contribution_daily"], ["query", "from marts.contribution_daily", "--format", "csv"],
    ["query", "from marts.contribution_daily", "--format", "json"],
    ["query", "from marts.contribution_daily", "--format", "parquet"]], ids=" ".join)
def test_a_reader_that_has_seen_enough_is_a_good_end(command: list[str], home: DataFolder) -> None:
    process = started("-m", "flows.cli", *command, *([] if command == ["--help"] else ["--home", home.folder]))
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    assert (process.stderr.read(), process.wait()) == ("", 0)


def test_a_mistake_stays_one_when_nobody_reads(home: DataFolder) -> None:
    process = started("-m", "flows.cli", "show", "weather", "--home", home.folder)
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    assert "Views: regime" in process.stderr.read()
    assert process.wait() == 2


def test_an_interrupted_command_says_in_one_sentence_what_stays(home: DataFolder) -> None:
    with home.writer_lock():
        process = started("-m", "flows.cli", "build", "--home", home.folder)
        assert process.stderr
        assert process.stderr.readline().startswith("waiting for pid")
        process.send_signal(signal.SIGINT)
        assert (process.stderr.read(), process.wait(60)) == (SENTENCE, 130)


def test_an_interrupt_is_one_whatever_a_library_makes_of_it() -> None:
    """DuckDB ends an interrupted query with a RuntimeError of its own."""
    command = """
import signal, sys
from flows.cli import exit_codes
def ask():
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        pass
    raise RuntimeError("Query interrupted")
raise SystemExit(exit_codes.exit_code(ask, lambda line: sys.stderr.write(line + "\\n")))
"""
    process = started("-c", command)
    assert (process.communicate(timeout=60)[1], process.returncode) == (SENTENCE, 130)


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    """A shell starts what runs in the background (&) so that Ctrl-C is not for it."""
    code = ("import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); from flows.cli import exit_codes; "
            "sys.exit(exit_codes.exit_code(lambda: os.kill(os.getpid(), signal.SIGINT), print))")
    process = started("-c", code)
    assert (process.communicate(timeout=60), process.returncode) == (("", ""), 0)


def test_a_defect_still_shows_where_it_is() -> None:
    process = started("-c", "from flows.cli import exit_codes; exit_codes.exit_code(lambda: 1 / 0, print)")
    assert "ZeroDivisionError" in process.communicate(timeout=60)[1]
    assert process.returncode == 1
