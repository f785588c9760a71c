"""Where this code lies, in a checkout or in an installed package, and where data lives by default."""

from __future__ import annotations

import tomllib
from pathlib import Path

import platformdirs

# The folder that holds the packages flows, warehouse, expectations and transforms.
CODE_FOLDER = Path(__file__).parents[1]


def is_checkout(folder: Path = CODE_FOLDER) -> bool:
    """Whether the packages in `folder` are those of a checkout: beside installed ones lies no pyproject.toml of ours."""
    try:
        declared = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return declared.get("project", {}).get("name") == "rallyscope"


def default_data_folder() -> Path:
    """data/ in the current folder for a checkout; for an installed tool the user's own, the same wherever it is called."""
    return Path("data") if is_checkout() else platformdirs.user_data_path("rallyscope", appauthor=False)
