"""`rallyscope serve` with its runs kept in PostgreSQL, and a service whose keeper was killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from served import free_port, until
from tiny_market import rallyscope

from flows.replay.server import running
from flows.service.prefect_api import Api

pytestmark = pytest.mark.xdist_group("serve")

PASSWORD = "a-database-word-nobody-knows"


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The address of an empty database on a PostgreSQL of its own; skipped where none is installed."""
    found = [shutil.which("initdb"), *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True))]
    initdb = next((path for path in found if path), None)
    if initdb is None:
        pytest.skip("there is no PostgreSQL here (Debian: apt-get install postgresql)")
    as_user = {"user": "postgres"} if os.geteuid() == 0 else {}  # it refuses to run as root
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder, port = Path(name), free_port()
        (folder / "password").write_text(PASSWORD)
        if as_user:
            shutil.chown(folder, "postgres")
            shutil.chown(folder / "password", "postgres")

        def do(*command: str) -> None:
            done = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True, check=False,
                                  **as_user)
            assert done.returncode == 0, done.stderr

        control = str(Path(initdb).with_name("pg_ctl"))
        do(initdb, "-D", f"{folder}/data", "-U", "prefect", "-A", "scram-sha-256", f"--pwfile={folder}/password")
        do(control, "-D", f"{folder}/data", "-w", "-l", f"{folder}/log",
           "-o", f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off", "start")
        try:
            yield f"postgresql+asyncpg://prefect:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            do(control, "-D", f"{folder}/data", "-m", "immediate", "stop")


def test_runs_are_kept_in_postgresql_and_a_killed_keeper_leaves_nothing_behind(database: str, tiny: Path,
                                                                                tmp_path: Path) -> None:
    with running(tiny / "archive", datetime(2026, 5, 30, 2, tzinfo=UTC)) as source:
        port = free_port()
        env = {"RALLYSCOPE_HOME": str(tmp_path), "RALLYSCOPE_SOURCE": source, "RALLYSCOPE_CATALOG": str(tiny / "catalog"),
               "PREFECT_SERVER_DATABASE_CONNECTION_URL": database}
        up = rallyscope("serve", "--detach", "--port", port, cwd=tmp_path, env=env)
        try:
            assert up.returncode == 0, up.stderr
            assert "the runs in the database of PREFECT_SERVER_DATABASE_CONNECTION_URL" in up.stdout
            assert not (tmp_path / "prefect" / "prefect.db").exists()
            api = Api(f"http://127.0.0.1:{port}/api", (tmp_path / "prefect" / "auth").read_text().strip())
            scheduled = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
            until(lambda: api("POST", "/flow_runs/count", scheduled) >= 3)
            for log in (tmp_path / "prefect").glob("*.log*"):
                assert PASSWORD not in log.read_text(errors="replace")
            note = json.loads((tmp_path / "prefect" / "serve.json").read_text())
            os.kill(note["pid"], signal.SIGKILL)
        finally:
            down = rallyscope("serve", "--stop", cwd=tmp_path, env=env)
    assert down.returncode == 0, down.stderr
    for part in ("server", "worker"):
        with pytest.raises(ProcessLookupError):
            os.kill(note[part], 0)
    assert not (tmp_path / "prefect" / "serve.json").exists()
