"""Where data lives by default: beside the work for a checkout, in the user's own folder for an installed tool."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from warehouse import installation


def test_this_code_lies_in_a_checkout_whose_data_is_in_the_current_folder() -> None:
    assert installation.is_checkout()
    assert installation.default_data_folder() == Path("data")


@pytest.mark.parametrize("beside", [None, '[project]\nname = "another"', "[tool.ruff]", "no toml ["])
def test_a_folder_without_our_pyproject_is_no_checkout(beside: str | None, tmp_path: Path,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    if beside:
        (tmp_path / "pyproject.toml").write_text(beside)
    assert not installation.is_checkout(tmp_path)
    monkeypatch.setattr(installation, "is_checkout", lambda: False)
    assert installation.default_data_folder() == platformdirs.user_data_path("rallyscope", appauthor=False)
