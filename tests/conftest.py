"""Fixtures every test may use."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from spec import Spec


@pytest.fixture(scope="session")
def spec() -> Spec:
    """Given/expect specifications of models; see tests/spec.py."""
    return Spec()


@pytest.fixture(scope="session")
def real_archive() -> Path:
    """The folder RALLYSCOPE_ARCHIVE names; tests that need it are skipped where it is not."""
    folder = os.environ.get("RALLYSCOPE_ARCHIVE")
    if not folder or not Path(folder, "bars.parquet").exists():
        pytest.skip("RALLYSCOPE_ARCHIVE names no market archive")
    return Path(folder)
