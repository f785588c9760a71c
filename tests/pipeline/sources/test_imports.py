"""Each client library is imported by one file, and only when its source is asked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(("library", "owner"), [("yfinance", "flows/sources/yahoo.py"),
                                                ("fredapi", "flows/sources/fred.py")])
def test_one_file_imports_the_library(library, owner):
    code = [path for folder in ("flows", "warehouse", "expectations", "transforms")
            for path in (ROOT / folder).rglob("*.py")]
    importing = [path.relative_to(ROOT).as_posix() for path in code
                 if re.search(rf"^\s*(import|from) {library}\b", path.read_text(), re.MULTILINE)]
    assert importing == [owner]


def test_importing_the_package_loads_no_library():
    heavy = {"yfinance", "fredapi", "pandas", "curl_cffi", "tenacity"}
    script = f"import sys, flows.sources; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_home_folder_of_whoever_runs_it_stays_untouched(replay, tmp_path):
    script = f"""
from datetime import date
from pathlib import Path
from flows.sources import Endpoint, FetchKey, yahoo
from warehouse.catalog import Source
endpoint = Endpoint({replay()!r}, Source("test", "", 9.0, 9.0, 1, ""), Path({str(tmp_path)!r}, "cache"))
fetched = yahoo.prices([FetchKey("AAA", date(2026, 1, 1), date(2026, 1, 31))], endpoint)
assert fetched.outcomes["status"].tolist() == ["received"], fetched.outcomes
"""
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": ""}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True,
                          text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(home.rglob("*")) == []
