"""The working database is open from the first step of a run to its last, and is closed before a failure is recorded."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from flows.pipeline.run import Run, open_run
from flows.settings import Settings


def is_open(home: Path) -> bool:
    """Whether this process has the database open: DuckDB then refuses to open it in another mode."""
    try:
        duckdb.connect(str(home / "warehouse.duckdb"), read_only=True).close()
    except duckdb.ConnectionException:
        return True
    return False


def test_it_stays_open_between_the_steps_and_is_closed_after_them(tmp_path: Path) -> None:
    with open_run(Settings(home_folder=tmp_path), "build") as run:
        with run.settings.home.warehouse() as con:
            con.execute("select 1")
        assert is_open(tmp_path)
    assert not is_open(tmp_path)


def test_a_failure_is_recorded_in_a_database_that_is_opened_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    was_open: list[bool] = []
    finish = Run.finish

    def noted(run: Run, status: str, message: str | None) -> None:
        was_open.append(is_open(tmp_path))
        finish(run, status, message)

    monkeypatch.setattr(Run, "finish", noted)
    with pytest.raises(ZeroDivisionError), open_run(Settings(home_folder=tmp_path), "build"):
        raise ZeroDivisionError
    assert was_open == [False]
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as con:
        assert con.execute("select status, message from audit.run").fetchall() == [("failed", "ZeroDivisionError")]
