"""Landing: written once, whole or not at all, and proved by its manifest whenever it is read."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from warehouse import landing
from warehouse.errors import HomeUnusable, LandingDamaged

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BARS = pd.DataFrame({"symbol": ["AAA", "BBB"], "date": pd.to_datetime(["2026-03-02"] * 2), "close": [10.0, None]})
OUTCOMES = pd.DataFrame({"key": ["AAA"], "status": ["received"]})


def land(folder: Path, bars: pd.DataFrame = BARS, at: datetime = NOON) -> landing.Batch:
    return landing.land(folder, "bars", "yahoo", at, "2026-02-27", {"bars": bars, "outcomes": OUTCOMES},
                        {"keys": ["AAA"], "from": "2026-02-20"}, simulated=True)


@pytest.fixture
def batch(tmp_path: Path) -> landing.Batch:
    return land(tmp_path / "landing")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_what_was_landed_is_read_back(batch):
    read = landing.read(batch.folder)
    assert read == batch
    assert (read.feed, read.source, read.fetched_at, read.known_through, read.simulated, read.rows) == \
        ("bars", "yahoo", NOON, "2026-02-27", True, 3)
    pd.testing.assert_frame_equal(pd.read_parquet(read.frame("bars")), BARS, check_dtype=False)


def test_the_manifest_holds_the_request_and_a_hash_of_each_file(batch):
    manifest = json.loads((batch.folder / landing.MANIFEST).read_text())
    assert manifest["request"] == {"keys": ["AAA"], "from": "2026-02-20"}
    assert {name: file["rows"] for name, file in manifest["files"].items()} == {"bars": 2, "outcomes": 1}
    for name, file in manifest["files"].items():
        assert hashlib.sha256(batch.frame(name).read_bytes()).hexdigest() == file["sha256"] == batch.files[name]


def test_the_same_answer_at_the_same_moment_is_the_same_folder_untouched(batch):
    before = contents(batch.folder), batch.folder.stat().st_mtime_ns
    assert land(batch.folder.parents[1]) == batch
    assert (contents(batch.folder), batch.folder.stat().st_mtime_ns) == before
    assert list(landing.batches(batch.folder.parents[1])) == [batch.folder]


def test_another_answer_or_another_moment_is_another_folder(batch, tmp_path):
    other = land(tmp_path / "landing", BARS.assign(close=11.0))
    later = land(tmp_path / "landing", at=datetime(2026, 3, 2, 12, 0, 0, 1, tzinfo=UTC))
    assert len({batch.batch_id, other.batch_id, later.batch_id}) == 3


def test_batches_come_oldest_fetch_first(tmp_path):
    moments = [datetime(2026, 3, 10, 1, tzinfo=UTC), datetime(2026, 3, 9, 23, tzinfo=UTC), NOON]
    landed = {moment: land(tmp_path, at=moment).folder for moment in moments}
    assert list(landing.batches(tmp_path)) == [landed[moment] for moment in sorted(moments)]


def test_nothing_landed_is_no_batch(tmp_path):
    assert list(landing.batches(tmp_path / "nothing")) == []


# Whole or not at all


@pytest.mark.parametrize("moment", ["the second frame", "the manifest", "the rename"])
def test_a_landing_that_failed_on_the_way_is_no_batch_and_leaves_no_draft(tmp_path, monkeypatch, moment):
    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        if moment == "the second frame":
            patch.setattr(OUTCOMES, "to_parquet", full, raising=False)
        elif moment == "the manifest":
            patch.setattr(Path, "write_text", full)
        else:
            patch.setattr(Path, "rename", full)
        with pytest.raises(HomeUnusable, match="No space left on device"):
            land(tmp_path)
    assert list(landing.batches(tmp_path)) == []
    assert contents(tmp_path) == {}
    assert land(tmp_path).rows == 3


def test_a_draft_is_never_seen_as_a_batch(tmp_path, monkeypatch):
    seen = []
    rename = Path.rename

    def watched(draft: Path, target: Path) -> Path:
        assert (draft / landing.MANIFEST).exists(), "the draft is complete by now"
        seen.extend(landing.batches(tmp_path))
        return rename(draft, target)

    monkeypatch.setattr(Path, "rename", watched)
    land(tmp_path)
    assert seen == []
    assert len(list(landing.batches(tmp_path))) == 1


def test_a_draft_left_by_a_killed_process_is_in_nobodys_way(tmp_path):
    draft = tmp_path / f".draft-bars-{os.getpid()}"
    draft.mkdir(parents=True)
    (draft / "left.parquet").write_bytes(b"half")
    batch = land(tmp_path)
    assert contents(tmp_path).keys() == {f"{batch.folder.relative_to(tmp_path)}/{name}"
                                         for name in ("bars.parquet", "outcomes.parquet", landing.MANIFEST)}


# What is not what it was


def damaged(folder: Path) -> str:
    with pytest.raises(LandingDamaged) as raised:
        landing.read(folder)
    assert str(folder) in str(raised.value)
    assert "None of it was loaded" in str(raised.value)
    return raised.value.problem


def test_one_changed_byte_is_found(batch):
    whole = bytearray(batch.frame("bars").read_bytes())
    whole[len(whole) // 2] ^= 1
    batch.frame("bars").write_bytes(whole)
    assert damaged(batch.folder) == "bars.parquet is not the file that was landed"


def test_a_missing_file_is_found(batch):
    batch.frame("outcomes").unlink()
    assert damaged(batch.folder) == "outcomes.parquet cannot be read (No such file or directory)"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"files": 3}', '{"files": {"bars": {}}}'])
def test_a_manifest_that_is_none_is_found(batch, text):
    (batch.folder / landing.MANIFEST).write_text(text)
    assert damaged(batch.folder).startswith("its manifest cannot be read (")


@pytest.mark.parametrize(("key", "value"), [("feed", "shares"), ("fetched_at", "2026-03-03T12:00:00+00:00"),
                                            ("batch_id", "20260302T120000000000-bars-0123456789")])
def test_a_manifest_of_something_else_is_found(batch, key, value):
    file = batch.folder / landing.MANIFEST
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))
    assert damaged(batch.folder).startswith("its manifest is that of another batch")


def test_a_file_changed_together_with_its_manifest_is_found(batch):
    other = land(batch.folder.parents[2] / "elsewhere", BARS.assign(close=99.0))
    for name in ("bars.parquet", landing.MANIFEST):
        shutil.copy(other.folder / name, batch.folder / name)
    assert damaged(batch.folder).startswith("its manifest is that of another batch")


def test_a_folder_moved_to_another_name_is_found(batch):
    moved = batch.folder.rename(batch.folder.with_name("20260302T120000000000-bars-copy"))
    assert damaged(moved).startswith("its manifest is that of another batch")


def test_a_landing_that_cannot_be_written_is_said_in_one_sentence(tmp_path):
    (tmp_path / "landing").write_text("a file in the folder's place")
    with pytest.raises(HomeUnusable) as raised:
        land(tmp_path / "landing")
    assert str(raised.value) == (f"{tmp_path / 'landing'} cannot be used: File exists. Free disk space or fix its "
                                 "permissions, or name another folder with --home or RALLYSCOPE_HOME.")
