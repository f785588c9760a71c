"""The location of the code, in a checkout or an installed package, and the default data folder."""

from __future__ import annotations

import tomllib
from pathlib import Path

import platformdirs

# The folder that holds the packages flows, warehouse, expectations and transforms.
CODE_FOLDER = Path(__file__).parents[1]


def is_checkout(folder: Path = CODE_FOLDER) -> bool:
    """Whether `folder` is a checkout: only a checkout has this project's pyproject.toml beside the packages."""
    try:
        declared = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return declared.get("project", {}).get("name") == "rallyscope"


def default_data_folder() -> Path:
    """Return data/ in the current folder for a checkout, and the user's data folder for an installed package.

    The user's data folder does not depend on the current folder.
    """
    return Path("data") if is_checkout() else platformdirs.user_data_path("rallyscope", appauthor=False)
