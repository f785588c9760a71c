"""`rallyscope serve` where no service can be: a sentence, and nothing is started."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from served import free_port

from flows import serve
from flows.settings import Settings
from warehouse.errors import HomeUnusable


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home that is a file."""
    (tmp_path / "home").write_text("mine")
    return Settings(home_folder=tmp_path / "home")


def test_a_folder_that_cannot_be_made_starts_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("nothing is started"))
    with pytest.raises(HomeUnusable, match="Not a directory"):
        serve.detach(settings, free_port(), lambda line: None)


def test_nothing_is_up_in_a_home_that_is_none(settings: Settings) -> None:
    said: list[str] = []
    serve.stop(settings, said.append)
    assert said == [f"nothing is up in {settings.home.folder / 'prefect'}"]
