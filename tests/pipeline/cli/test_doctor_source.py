"""What `rallyscope doctor` says of settings, disk and source: each thing that can be wrong, and what to do."""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfoNotFoundError

import pytest

from flows.cli.doctor import source
from flows.cli.doctor.check_result import CheckResult
from flows.cli.doctor.doctor import checks
from flows.settings import Settings

NOWHERE = "http://127.0.0.1:9"
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def found(tiny: Path, tiny_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., CheckResult]:
    """What the check of that name finds with an empty data folder and the tiny market, or with other settings."""
    monkeypatch.delenv("FRED_API_KEY", raising=False)

    def look(name: str, **changed) -> CheckResult:
        usual = {"home_folder": tmp_path, "source": tiny_server, "catalog_folder": tiny / "catalog"}
        return next(finding for finding in checks(Settings(**usual | changed)) if finding.name == name)

    return look


def test_a_catalog_that_cannot_be_read_names_the_file(found, tmp_path: Path) -> None:
    (tmp_path / "macro.toml").write_text("[DGS10]\ntitel = 'Ten years'\n")
    finding = found("catalog", catalog_folder=tmp_path)
    assert not finding.ok
    assert finding.line.startswith("catalog ")


def test_a_file_in_the_data_folders_place(found, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    finding = found("data folder", home_folder=tmp_path / "file")
    assert not finding.ok
    assert "name another folder with --home" in finding.line


def test_less_than_a_gigabyte_free(found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=900 << 20))
    finding = found("disk")
    assert (finding.ok, finding.line[:16]) == (False, "only 900 MB free")
    assert "rallyscope prune" in finding.line


# The source


def test_a_replay_server_that_is_not_there(found) -> None:
    finding = found("source", source=NOWHERE)
    assert not finding.ok
    assert "cannot be reached" in finding.line
    assert not found("clock", source=NOWHERE).ok


def test_a_source_that_is_no_address(found) -> None:
    assert "neither “live” nor a base URL" in found("source", source="somewhere").line


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[timedelta], None]]:
    """Stands in for the live hosts; its clock can be set apart from this machine's."""
    ahead = [timedelta()]
    requested: list[str] = []

    class Host(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            requested.append(self.path)
            self.send_response(301)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def date_time_string(self, timestamp=None) -> str:
            return format_datetime(datetime.now(UTC) + ahead[0], usegmt=True)

        def log_message(self, *_) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(source.Source, "_hosts", lambda _: [
            f"http://127.0.0.1:{server.server_port}/{name}" for name in ("first", "second")])
        yield lambda offset: ahead.__setitem__(0, offset)
        server.shutdown()
    assert "/elsewhere" not in requested, "where a host redirects to is not asked"


def test_live_hosts_that_answer_and_a_clock_that_is_right(found, live) -> None:
    assert found("source", source="live").ok
    finding = found("clock", source="live")
    assert finding.ok
    assert finding.line.endswith("as at the source")


@pytest.mark.parametrize(("minutes", "sentence"), [(-10, "10 minutes ahead of"), (10, "10 minutes behind")])
def test_a_clock_that_is_minutes_off(minutes: int, sentence: str, found, live) -> None:
    live(timedelta(minutes=minutes))
    finding = found("clock", source="live")
    assert not finding.ok
    assert sentence in finding.line
    assert "timedatectl set-ntp true" in finding.line


def test_every_source_of_the_catalog_is_asked(found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_measure_offset", lambda host, answers: answers.__setitem__(host, timedelta()))
    line = found("source", source="live").line
    for host in ("cdn.cboe.com", "query2.finance.yahoo.com", "fred.stlouisfed.org", "api.stlouisfed.org"):
        assert f"https://{host}" in line


def test_a_catalog_whose_sources_have_no_hosts(found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source.Source, "_hosts", lambda _: [])
    finding = found("source", source="live")
    assert not finding.ok
    assert "Name the `hosts` of each source" in finding.line


def test_live_hosts_that_cannot_be_reached(found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source.Source, "_hosts", lambda _: [NOWHERE])
    finding = found("source", source="live")
    assert not finding.ok
    assert "Check the network" in finding.line
    assert "no source responded to compare" in found("clock", source="live").line


def test_live_hosts_that_never_answer_are_not_waited_for(found, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(source, "_measure_offset", lambda host, answers: answered.wait(60))
    finding = found("source", source="live")
    answered.set()
    assert not finding.ok
    assert "no response in" in finding.line


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_a_host_that_does_not_tell_the_time(date: str, found, live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "parsedate_to_datetime", lambda reported: parsedate_to_datetime(date))
    assert "a response without a date" in found("source", source="live").line


def test_a_machine_without_time_zones(found, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> None:
        raise ZoneInfoNotFoundError(name)

    monkeypatch.setattr(source, "ZoneInfo", none)
    finding = found("clock")
    assert not finding.ok
    assert "tzdata" in finding.line


@pytest.mark.parametrize("key", ["a-secret", KEY + "0", KEY.upper()])
def test_a_key_of_another_shape_is_not_shown(key: str, found) -> None:
    finding = found("FRED key", fred_api_key=key)
    assert not finding.ok
    assert f"{len(key)} characters" in finding.line
    assert key not in finding.line


def test_a_key_or_none_is_well(found, live) -> None:
    assert found("FRED key", fred_api_key=KEY).line == "set"
    assert found("FRED key", source="live").ok
