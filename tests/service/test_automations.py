"""The automations seen firing: what really happens makes a real server post a sentence to an address.

The service is the real one; only its patience is shorter: a run is late after five seconds, and has been going on for too
long after ten.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from served import KEY, PASSWORD, Served, until, up

from flows.replay.faults import Fault
from flows.service.prefect_api import apply_automations
from flows.service.service import AUTOMATIONS

pytestmark = pytest.mark.xdist_group("serve")

# The evening of 20 April 2026, when a series of the tiny market has become stale.
NOW = datetime(2026, 4, 21, 2, tzinfo=UTC)
SLOW = Fault(match="/fred/*", kind="timeout", times=1, seconds=20)
DOWN = Fault(match="*", kind="reset", times=0)


@pytest.fixture(scope="module")
def served(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service whose first run waits for its source, and then publishes."""
    folder = tmp_path_factory.mktemp("automations")
    declared = AUTOMATIONS.read_text()
    assert declared.count("within: 10800") == 1
    (folder / "automations.yaml").write_text(declared.replace("within: 10800", "within: 10"))
    with up(tiny, folder, SLOW, DOWN, now=NOW, PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS="5",
            PREFECT_SERVER_API_AUTH_STRING=PASSWORD) as this:
        apply_automations(this.api, folder / "automations.yaml", this.env["RALLYSCOPE_WEBHOOK"])
        yield this


@pytest.fixture(scope="module")
def first(served: Served) -> str:
    return served.start("daily")


def heard(served: Served, pattern: str) -> str:
    """The one sentence of that form which was posted."""
    found = until(lambda: [text for text in served.posted if re.match(pattern, text)], 60)
    assert len(found) == 1, found
    return found[0]


def test_a_run_that_does_not_end_is_told_while_it_goes_on(served: Served, first: str) -> None:
    reported = heard(served, "daily 2026-04-20 has been running for three hours")
    assert served.run(first)["state_type"] == "RUNNING"
    assert reported.endswith(f" {served.ui}/runs/flow-run/{first}")


def test_a_signal_that_changed_is_told(served: Served, first: str) -> None:
    assert served.ended(first)["state_type"] == "COMPLETED"
    assert heard(served, "2026-04-20 ") == "2026-04-20 stale_NFCI: fresh -> stale (watch)"


def test_a_run_whose_source_is_down_is_told_with_what_to_do(served: Served, first: str) -> None:
    served.ended(first)
    DOWN.times = None
    try:
        run = served.ended(served.start("daily"))
    finally:
        DOWN.times = 0
    assert run["state_type"] == "FAILED"
    reported = heard(served, ".* Failed: ")
    assert "cannot be reached" in reported
    assert "run the same command again" in reported
    assert reported.endswith(f" {served.ui}/runs/flow-run/{run['id']}")


def test_a_run_that_nobody_begins_is_told_as_late(served: Served) -> None:
    worker = served.note()["worker"]
    os.kill(worker, signal.SIGSTOP)
    try:
        run = served.start("rebuild")
        reported = heard(served, "rebuild is late: it was due at ")
        served.api("DELETE", f"/flow_runs/{run}")
    finally:
        os.kill(worker, signal.SIGCONT)
    assert reported.endswith(f" and has not started. {served.ui}/runs/flow-run/{run}")


def test_no_secret_is_told(served: Served) -> None:
    assert served.posted
    for secret in (PASSWORD, PASSWORD.partition(":")[2], KEY, "secret-path"):
        assert not any(secret in text for text in served.posted)
