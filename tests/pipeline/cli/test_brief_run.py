"""The page as part of a run: each publication has one, and whatever becomes of it, what is published stands."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from flows.pipeline import windows
from flows.pipeline.execute import execute
from flows.pipeline.run import Run, open_run
from flows.report.page import separate_process, write
from flows.report.page.page import meta
from flows.report.render import render
from flows.settings import Settings
from warehouse.visible import visible


@pytest.fixture(scope="module")
def settings(tiny: Path, tiny_server: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home in which one backfill ran."""
    made = Settings(home_folder=tmp_path_factory.mktemp("home"), source=tiny_server, catalog_folder=tiny / "catalog")
    with open_run(made, "backfill", windows.range_window(made, date(2026, 3, 2), date(2026, 5, 29))) as run:
        execute(run, render=render)
    return made


def build(settings: Settings, as_of: str | None = None, say: Callable[[str], None] = print) -> Run:
    with open_run(settings, "build", None, say) as run:
        execute(run, times=(windows.parse_instant(as_of) if as_of else None, None), render=render)
    return run


def test_a_run_writes_the_newest_sessions_page_its_picture_and_the_list(settings: Settings) -> None:
    site = settings.home.folder / "site"
    assert {file.name for file in site.iterdir()} == {"2026-05-29.html", "2026-05-29.png", "index.html", "dictionary.html"}
    assert not list(site.glob(".*"))


def test_a_build_as_of_a_past_day_writes_that_days_page_and_keeps_the_others(settings: Settings) -> None:
    build(settings, "2026-05-15")
    build(settings)
    site = settings.home.folder / "site"
    assert [file.stem for file in sorted(site.glob("2026-*.html"))] == ["2026-05-15", "2026-05-29"]
    assert meta(site / "2026-05-15.html", "description") != ""


CRASHES = {
    "a segmentation fault": ("import os; os.kill(os.getpid(), 11)", "the process that drew it was ended by SIGSEGV"),
    "a panic": ("import os; os.abort()", "the process that drew it was ended by SIGABRT"),
    "an error": ("raise ValueError('no \\x1b[2Jchart')", r"ValueError: no \u001b[2Jchart"),
    "an end": ("raise SystemExit(3)", "the process that drew it ended with 3"),
    "no end": ("import time; time.sleep(60)", "it was not done within 0.5 seconds"),
}


@pytest.mark.parametrize(("code", "reason"), CRASHES.values(), ids=CRASHES)
def test_whatever_becomes_of_who_draws_is_a_warning_and_fails_no_run(code: str, reason: str, settings: Settings,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(separate_process, "COMMAND", (sys.executable, "-c", code))
    monkeypatch.setattr(separate_process, "SECONDS", 0.5 if "sleep" in code else 30)
    with pytest.raises(separate_process.PageNotMade) as raised:
        separate_process.write_in_separate_process(settings.home, [], date(2026, 5, 29))
    assert visible(str(raised.value)) == reason


def test_a_page_that_cannot_be_made_is_a_warning_and_fails_no_run(settings: Settings,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(separate_process, "COMMAND", (sys.executable, "-c", CRASHES["a segmentation fault"][0]))
    (settings.home.folder / "site" / "2026-05-29.html").unlink()
    reported: list[str] = []
    run = build(settings, say=reported.append)
    assert run.publication is not None
    warning = "warning: the day's page was not rendered, the process that drew it was ended by SIGSEGV"
    assert reported[-1] == warning
    with duckdb.connect(str(settings.home.working), read_only=True) as con:
        assert con.execute("select status, message from audit.run where run_id = ?", [run.run_id]).fetchall() == [
            ("completed", warning)]
    monkeypatch.undo()
    build(settings)
    assert (settings.home.folder / "site" / "2026-05-29.html").is_file()


def test_being_told_to_stop_is_obeyed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "refresh", stop)
    with pytest.raises(KeyboardInterrupt):
        build(settings)


def test_a_folder_in_the_way_is_a_warning_too(settings: Settings, tmp_path: Path) -> None:
    """`<home>/site/2026-05-29.png` cannot be written: the publication is made, and a sentence says what to do."""
    picture = settings.home.folder / "site" / "2026-05-29.png"
    picture.unlink()
    picture.mkdir()
    reported: list[str] = []
    try:
        assert build(settings, say=reported.append).publication is not None
    finally:
        picture.rmdir()
        (settings.home.folder / "site" / "2026-05-29.html").unlink(missing_ok=True)
    assert "the day's page was not rendered, HomeUnusable" in reported[-1]
