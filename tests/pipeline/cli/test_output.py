"""What a command writes can be seen in every character, and nobody who does not take it can fail a run."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_market import ROOT, clean_environment

from flows.report import output
from flows.report.page.write import write
from flows.report.query import query
from flows.report.terminal import print_rows
from warehouse import catalog
from warehouse.data_folder import DataFolder
from warehouse.errors import BadRequest, OutputFailed
from warehouse.visible import is_visible, visible

HOSTILE = "a\x1b[2J\x9b31m\x07\r\u202eb\u2028\ufeff\u200b"
SQL = "select 'a' || chr(27) || '[2J' || chr(155) || chr(8238) || chr(127) || 'b' as \"n\x1b[1m\""


def rallyscope(command: str, home: DataFolder, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """A command line of a shell that ends with redirections, and what it left on standard error."""
    line = f"exec {sys.executable} -m flows.cli {command}".replace("HOME", str(home.folder))
    done = subprocess.run(["sh", "-c", line], cwd=ROOT, env=clean_environment(environment), capture_output=True,
                          check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


def test_what_is_not_seen_is_escaped_as_json_does() -> None:
    assert visible(HOSTILE) == r"a\u001b[2J\u009b31m\u0007\u000d\u202eb\u2028\ufeff\u200b"
    assert visible("Ünïcode – 27 °C\n\t“q” 日本 🙂") == "Ünïcode – 27 °C\n\t“q” 日本 🙂"
    assert json.loads(f'"{visible(HOSTILE + chr(0xE0041) + chr(127))}"') == HOSTILE + chr(0xE0041) + chr(127)
    assert is_visible(visible("".join(map(chr, range(0x110000)))))


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_no_line_of_ours_holds_a_control_character(stream: str, monkeypatch: pytest.MonkeyPatch) -> None:
    under = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", under)
    monkeypatch.setattr(sys, "stderr", under)
    output.replace()
    print(HOSTILE, file=getattr(sys, stream))
    getattr(sys, stream).flush()
    assert under.buffer.getvalue() == visible(HOSTILE).encode() + b"\n"  # type: ignore[attr-defined]


def test_a_table_holds_none_and_its_columns_stand_one_below_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([f"x{HOSTILE}", "y"], [(HOSTILE, [HOSTILE])], title=f"t{HOSTILE}")
    shown = capsys.readouterr().out
    assert is_visible(shown)
    assert shown.count(r"\u001b[2J") == 4


@pytest.mark.parametrize("error", [BadRequest(HOSTILE, HOSTILE, HOSTILE), OutputFailed(HOSTILE)])
def test_no_sentence_of_an_error_holds_one(error: Exception) -> None:
    assert is_visible(str(error))


@pytest.mark.parametrize("format", ["table", "csv", "json"])
def test_a_query_sends_no_sequence_to_the_terminal(home: DataFolder, format: str, capsys: pytest.CaptureFixture[str],
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", output._Stream(sys.stdout, must=True))
    query(home, SQL, format)
    shown = capsys.readouterr().out
    assert is_visible(shown)
    assert r"a\u001b[2J\u009b\u202e\u007fb" in shown


def test_a_control_character_in_a_name_costs_no_page(changed, undrawn: None) -> None:
    home = changed(f"update core.instrument set name = name || '{HOSTILE}'",
                   f"update audit.run set message = '{HOSTILE}\x00'",
                   f"update signal_daily set signal = signal || '{HOSTILE}'")
    page = write(home, catalog.load()).read_text(encoding="utf-8")
    assert is_visible(page)


# What does not take it


@pytest.mark.parametrize(("command", "ends"), [
    ("query 'select 1' --home HOME", 1), ("query 'select 1' --format csv --home HOME", 1),
    ("query 'select 1' --format parquet --home HOME", 1), ("status --home HOME", 1), ("show day --json --home HOME", 1),
    ("--help", 1)])
def test_an_answer_that_a_full_disk_does_not_take_is_said(home: DataFolder, command: str, ends: int) -> None:
    code, reported = rallyscope(f"{command} >/dev/full", home)
    assert code == ends
    assert reported.startswith("rallyscope: ")
    assert "No space left on device. Free disk space" in reported
    assert reported.count("\n") == 1


@pytest.mark.parametrize("redirected", ["2>/dev/full", "2>&-", ">&- 2>&- <&-", ">/dev/null 2>/dev/full"])
def test_nobody_who_watches_fails_nothing(copied: DataFolder, redirected: str) -> None:
    assert rallyscope(f"docs --home HOME {redirected}", copied) == (0, "")


def test_a_mistake_stays_one_when_nobody_can_be_told(home: DataFolder) -> None:
    assert rallyscope("show weather --home HOME 2>/dev/full", home) == (2, "")


def test_no_file_of_ours_takes_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    script = "from flows.report import output; output.replace(); print(open('x', 'w').fileno() > 2, file=open('said', 'w'))"
    subprocess.run(["sh", "-c", f'exec {sys.executable} -c "{script}" <&- >&- 2>&-'], cwd=tmp_path,
                   env=clean_environment(), check=True)
    assert (tmp_path / "said").read_text() == "True\n"


@pytest.mark.parametrize("environment", [
    {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
def test_a_terminal_of_few_letters_gets_what_it_has(home: DataFolder, environment: dict[str, str]) -> None:
    code, reported = rallyscope("query \"select '–…×é日' as x, null as y\" --home HOME", home, environment)
    assert code == 0
    assert reported.isascii()
    assert "-...x\\xe9\\u65e5" in reported


def test_a_line_to_nobody_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stderr", output._Stream(full, must=False))
        output.say("well")
        output.say("still well")
