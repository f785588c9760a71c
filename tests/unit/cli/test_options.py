"""What every command takes: a date, a version, and numbers said as a person says them."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest
from in_process import rallyscope
from tiny_market import write_catalog


@pytest.mark.parametrize("command", [["show", "day", "--date"], ["run", "--date"], ["brief", "--date"],
                                     ["backfill", "2026-01-05"], ["revisions", "--since"]], ids=" ".join)
@pytest.mark.parametrize("day", ["2026-13-01", "soon"])
def test_what_is_no_date_is_told_in_one_sentence_how_to_write_one(command: list[str], day: str, tmp_path: Path) -> None:
    ran = rallyscope(*command, day, cwd=tmp_path)
    why = "it is not a date" if day == "soon" else "there is no such day"
    sentence = f"rallyscope: date '{day}': {why}. Write year, month and day, e.g. 2026-03-27\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", sentence)


def test_the_command_tells_its_version(tmp_path: Path) -> None:
    ran = rallyscope("--version", cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"rallyscope {version('rallyscope')}\n", "")


@pytest.mark.parametrize(("drafts", "reported"), [(0, "would delete nothing"), (1, "would delete 1 item"),
                                                  (2, "would delete 2 items")])
def test_prune_counts_as_a_person_does(drafts: int, reported: str, tmp_path: Path) -> None:
    for n in range(drafts):
        (tmp_path / "data" / "landing" / f".draft-{n}").mkdir(parents=True)
    ran = rallyscope("prune", "--dry-run", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, f"{reported}\n")


def test_a_shock_needs_the_index_it_is_asked_of(tmp_path: Path) -> None:
    write_catalog(tmp_path / "catalog")
    (tmp_path / "catalog" / "universes" / "NDX.toml").unlink()
    ran = rallyscope("what-if", "AAA=0.1", "--home", tmp_path, cwd=tmp_path,
                     env={"RALLYSCOPE_CATALOG": str(tmp_path / "catalog")})
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert "has no index. Add universes/CODE.toml to it" in ran.stderr
