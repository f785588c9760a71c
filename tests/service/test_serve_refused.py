"""`rallyscope serve` where no service can be: a sentence, and nothing is started."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from served import free_port

from flows.service import serve
from flows.settings import Settings
from warehouse.errors import BadRequest, HomeUnusable


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home that is a file."""
    (tmp_path / "home").write_text("mine")
    return Settings(home_folder=tmp_path / "home")


def test_a_folder_that_cannot_be_made_starts_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("nothing is started"))
    with pytest.raises(HomeUnusable, match="Not a directory"):
        serve.detach(settings, free_port(), lambda line: None)


@pytest.mark.parametrize("start", [serve.serve, serve.detach])
def test_a_login_of_ones_own_and_none_at_all_is_refused(start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "me:mine")
    with pytest.raises(BadRequest, match="PREFECT_SERVER_API_AUTH_STRING is set") as refused:
        start(Settings(home_folder=tmp_path), free_port(), lambda line: None, no_auth=True)
    assert "mine" not in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_nothing_is_up_in_a_home_that_is_none(settings: Settings) -> None:
    reported: list[str] = []
    serve.stop(settings, reported.append)
    assert reported == [f"no service is running for {settings.home.folder / 'prefect'}"]
