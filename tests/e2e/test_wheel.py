"""The built wheel, installed outside the checkout, does the job from any folder, as a tool of uv, pipx or pip does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from served import Served, free_port
from tiny_market import ROOT, clean_environment, published

pytestmark = pytest.mark.xdist_group("serve")

PACKAGES = ("flows", "warehouse", "expectations", "transforms")


@dataclass
class Tool:
    """An installed rallyscope, called as a user whose home folder is empty calls it, from a folder of no matter."""

    command: Path
    home: Path
    settings: Mapping[str, str]

    @property
    def data(self) -> Path:
        return self.home / ".local" / "share" / "rallyscope"

    def __call__(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        env = clean_environment({"HOME": str(self.home), **self.settings})
        for name in ("PYTHONPATH", "XDG_DATA_HOME"):
            env.pop(name, None)
        return subprocess.run([self.command, *map(str, arguments)], cwd=self.home, env=env, text=True, capture_output=True,
                              timeout=600, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: a build leaves its traces beside the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "source")
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, folder / "source")
    built, = folder.glob("rallyscope-*.whl")
    return built


@pytest.fixture(scope="module")
def tool(wheel: Path, tiny: Path, tiny_server: str, tmp_path_factory: pytest.TempPathFactory) -> Tool:
    """The wheel in an environment of its own, which borrows the dependencies of ours but not the editable checkout."""
    folder = tmp_path_factory.mktemp("tool")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    packages, = (folder / "venv").glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")  # a .pth in there is not followed in turn
    _pip("--python", folder / "venv" / "bin" / "python", "install", "--no-deps", "--ignore-installed", wheel)
    (folder / "home").mkdir()
    return Tool(folder / "venv" / "bin" / "rallyscope", folder / "home",
                {"RALLYSCOPE_SOURCE": tiny_server, "RALLYSCOPE_CATALOG": str(tiny / "catalog")})


def _pip(*arguments: object) -> None:
    done = subprocess.run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *map(str, arguments)],
                          env={**os.environ, "PYTHONPATH": ""}, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith(PACKAGES)}
    assert packed == {path.relative_to(ROOT).as_posix() for name in PACKAGES for path in (ROOT / name).rglob("*")
                      if path.is_file() and "__pycache__" not in path.parts}


def test_it_is_the_wheel_that_runs_and_its_data_lives_in_the_users_folder(tool: Tool) -> None:
    from importlib.metadata import version

    assert tool("--version").stdout == f"rallyscope {version('rallyscope')}\n"
    assert "│ demo " in tool("--help").stdout
    looked = json.loads(tool("doctor", "--json").stdout)
    assert str(tool.data) in next(finding["line"] for finding in looked if finding["name"] == "data folder")


def test_it_simulates_a_market_from_the_packaged_catalog(tool: Tool) -> None:
    own = Tool(tool.command, tool.home, {})
    assert own("simulate", "--out", "market", "--seed", "7").returncode == 0
    assert json.loads((tool.home / "market" / "simulated.json").read_text())["last_session"] == "2026-05-29"


def test_a_run_publishes_and_all_that_reads_it_answers(tool: Tool) -> None:
    ran = tool("run")
    assert ran.returncode == 0, ran.stderr
    assert str(published(tool.data, "select max(date) from marts.regime_daily")[0][0]) == "2026-05-29"
    for command in (["build"], ["show", "day"], ["docs"], ["brief"], ["query", "select count(*) from marts.regime_daily"]):
        done = tool(*command)
        assert done.returncode == 0, (command, done.stderr)
    assert (tool.data / "site" / "dictionary.html").exists()
    assert (tool.data / "site" / "2026-05-29.html").exists()
    assert {path.name for path in tool.home.iterdir()} <= {".local", ".cache", ".prefect", "market"}


def test_the_service_runs_the_packaged_deployments(tool: Tool) -> None:
    port = free_port()
    started = tool("serve", "--detach", "--port", port)
    assert started.returncode == 0, started.stderr
    try:
        service = Served(tool.data, port, {}, started.stdout)
        assert {d["name"] for d in service.api("POST", "/deployments/filter", {})} == {
            "daily", "macro-revisions", "fundamentals", "backfill", "rebuild"}
        assert len(service.api("POST", "/automations/filter", {})) == 4
        ended = service.ended(service.start("rebuild"))
        assert ended["state_type"] == "COMPLETED", ended["state"]
    finally:
        stopped = tool("serve", "--stop")
    assert "stopped" in stopped.stderr
