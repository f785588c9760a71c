"""What Prefect's processes get to know without a service, and what a person is told of one that is up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tiny_market import ROOT, clean_environment

from flows.service.service import Service
from flows.settings import PrefectSettings, Settings

AT_THE_IMPORT_OF_PREFECT = """
import os, sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "prefect":
            print(*(os.environ.get(name) for name in {names}))
sys.meta_path.insert(0, Watch())
import flows.{module}
"""


NAMES = ("DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED", "PREFECT_SERVER_CORS_ALLOWED_ORIGINS",
         "PREFECT_SERVER_CSRF_PROTECTION_ENABLED")


@pytest.mark.parametrize("module", ["daily", "backfill"])
@pytest.mark.parametrize(("set_by_the_user", "found"), [({}, "1 false http://127.0.0.1 true"),
                                                        ({"DO_NOT_TRACK": "0"}, "0 false http://127.0.0.1 true")])
def test_a_flow_started_by_hand_sends_no_telemetry_and_hears_no_page_unless_told_to(
        module: str, set_by_the_user: dict[str, str], found: str) -> None:
    env = {name: value for name, value in clean_environment().items() if name not in NAMES}
    reported = subprocess.run([sys.executable, "-c", AT_THE_IMPORT_OF_PREFECT.format(module=module, names=NAMES)], cwd=ROOT,
                          text=True, env=env | set_by_the_user, capture_output=True, check=True)
    assert reported.stdout.strip() == found


@pytest.mark.parametrize(("source", "reported"), [
    ("live", "live: Yahoo Finance and FRED"), ("http://127.0.0.1:8765/", "http://127.0.0.1:8765")])
def test_a_service_that_is_up_tells_its_source_and_its_home(source: str, reported: str, tmp_path: Path) -> None:
    settings = Settings(home_folder=tmp_path, source=source, fred_api_key="a" * 32)
    told = Service(settings, 4200, PrefectSettings()).description()
    assert f"\nsource       {reported}\n" in told
    assert f"\nhome         {tmp_path}\n" in told
    assert "a" * 32 not in told
