"""An export is one publication as Parquet files that describe themselves; its folder is whole or as it was."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import duckdb
import pyarrow.parquet as parquet
import pytest
from tiny_market import ROOT
from typer.testing import CliRunner

from flows.cli.app import app
from flows.report import export as export_module
from flows.report.export import export
from flows.report.export_folder import DRAFT, EXPORTED
from warehouse.data_folder import DataFolder
from warehouse.errors import BadRequest, HomeUnusable, NothingPublished, SystemFailed
from warehouse.publication.publish import table_hash


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "parquet"


@pytest.fixture
def exported(home: DataFolder, out: Path) -> dict:
    return export(home, out, lambda line: None)


@pytest.fixture
def simulated(home: DataFolder, tmp_path: Path) -> DataFolder:
    """The same publication, marked as one of a simulated market."""
    copy = DataFolder(tmp_path / "simulated")
    copy.folder.mkdir()
    shutil.copy(home.published, copy.published)
    with duckdb.connect(str(copy.published)) as con:
        con.execute("update audit.publication set is_simulated = true")
    return copy


def contents(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def shown(out: Path) -> dict[str, bytes]:
    """The files under the paths that stay the same."""
    files = [out / "export.json", *(file for folder in EXPORTED for file in (out / folder).iterdir())]
    return {file.relative_to(out).as_posix(): file.read_bytes() for file in files}


def publications(out: Path) -> list[str]:
    return sorted(entry.name for entry in out.iterdir() if not entry.is_symlink())


def test_every_mart_and_audit_table_is_a_file_with_the_same_rows(home: DataFolder, out: Path, exported: dict) -> None:
    with home.marts() as con:
        published = dict(con.execute("""
            select replace(schema_name, 'main', 'marts') || '.' || table_name, schema_name || '.' || table_name
            from duckdb_tables() where schema_name <> 'core'""").fetchall())
        hashes = {name: table_hash(con, table) for name, table in published.items()}
        rows = {name: con.execute(f"select count(*) from {table}").fetchone()[0] for name, table in published.items()}
    assert set(exported["tables"]) == set(published)
    assert sum(rows.values()) > 20_000
    with duckdb.connect() as con:
        for name, table in exported["tables"].items():
            assert table_hash(con, f"'{out / table['file']}'") == table["hash"] == hashes[name], name
            assert table["rows"] == rows[name]
    assert set(shown(out)) == {"export.json", *(table["file"] for table in exported["tables"].values())}


def test_the_folder_says_what_it_is(out: Path, exported: dict) -> None:
    reported = json.loads((out / "export.json").read_text(encoding="utf-8"))
    assert reported == exported
    assert {key: reported[key] for key in ("build_id", "as_of", "code_version", "is_simulated", "notice")} == {
        "build_id": "20260601T000000Z-abc", "as_of": "2026-06-01T00:00:00Z", "code_version": "0.1.0+abc",
        "is_simulated": False, "notice": None}


def test_a_file_alone_says_its_build_and_what_its_columns_mean(home: DataFolder, out: Path, exported: dict) -> None:
    reported = parquet.read_schema(out / "marts" / "regime_daily.parquet").metadata
    columns = json.loads(reported[b"columns"])
    assert reported[b"table"] == b"marts.regime_daily"
    assert reported[b"build_id"] == b"20260601T000000Z-abc"
    assert reported[b"is_simulated"] == b"false"
    assert reported[b"table_hash"].decode() == exported["tables"]["marts.regime_daily"]["hash"]
    with home.marts() as con:
        assert list(columns) == [name for name, *_ in con.execute("describe marts.regime_daily").fetchall()]


def test_descriptions_are_the_published_comments(simulated: DataFolder, out: Path) -> None:
    with duckdb.connect(str(simulated.published)) as con:
        con.execute("comment on column regime_daily.vix_close is 'The VIX''s close,\nindex points: 25 µ.'")
    export(simulated, out, lambda line: None)
    reported = parquet.read_schema(out / "marts" / "regime_daily.parquet").metadata
    assert json.loads(reported[b"columns"])["vix_close"] == "The VIX's close, index points: 25 µ."


def test_simulated_data_says_so_in_every_file_and_on_the_terminal(simulated: DataFolder, out: Path) -> None:
    lines: list[str] = []
    export(simulated, out, lines.append)
    assert json.loads((out / "export.json").read_text())["is_simulated"] is True
    for file in (out / "latest").glob("*/*.parquet"):
        reported = parquet.read_schema(file).metadata
        assert (reported[b"is_simulated"], reported[b"notice"]) == (b"true",
                                                                    b"Simulated market: made-up figures, not real data.")
    assert lines[-1] == "Simulated market: made-up figures, not real data."


def test_the_same_publication_gives_the_same_bytes(home: DataFolder, out: Path, exported: dict) -> None:
    first = shown(out)
    export(home, out, lambda line: None)
    assert shown(out) == first


def test_an_earlier_export_is_replaced_whole(home: DataFolder, simulated: DataFolder, out: Path, exported: dict) -> None:
    with duckdb.connect(str(simulated.published)) as con:
        con.execute("drop table rotation_sequence")
    export(simulated, out, lambda line: None)
    assert not (out / "marts" / "rotation_sequence.parquet").exists()
    assert parquet.read_schema(out / "marts" / "regime_daily.parquet").metadata[b"is_simulated"] == b"true"


def test_the_one_before_stays_until_the_next_for_those_who_read_it(home: DataFolder, out: Path, exported: dict) -> None:
    reader, build = Path(os.path.realpath(out / "latest")), exported["build_id"]
    export(home, out, lambda line: None)
    assert publications(out) == [build, f"{build}.2"]
    assert contents(reader) == shown(out)
    export(home, out, lambda line: None)
    assert publications(out) == [f"{build}.2", f"{build}.3"]


def test_an_export_of_the_layout_of_0_1_0_is_replaced(home: DataFolder, out: Path, exported: dict) -> None:
    flat = out.with_name("flat")
    shutil.copytree(out / "latest", flat)
    (flat / "marts" / "rotation_sequence.parquet").unlink()  # killed in the middle of being replaced
    export(home, flat, lambda line: None)
    assert shown(flat) == shown(out)
    assert publications(flat) == [exported["build_id"]]


@pytest.mark.parametrize(("found", "named"), [
    ("notes.txt", r"notes\.txt"), ("marts/mine.parquet", r"20260601T000000Z-abc/marts/mine\.parquet"),
    (".git/config", r"\.git"), ("mine/export.json", "mine")])
def test_a_folder_with_anything_else_in_it_is_refused_and_left_alone(found: str, named: str, home: DataFolder, out: Path,
                                                                    exported: dict) -> None:
    (out / found).parent.mkdir(exist_ok=True)
    (out / found).write_text("mine")
    before = contents(out)
    with pytest.raises(BadRequest, match=f"it holds {named}, which no export wrote"):
        export(home, out, lambda line: None)
    assert contents(out) == before


def test_the_data_folder_is_refused(home: DataFolder) -> None:
    before = contents(home.folder)
    with pytest.raises(BadRequest, match="which no export wrote"):
        export(home, home.folder, lambda line: None)
    assert contents(home.folder) == before


@pytest.mark.parametrize("manifest", [
    "", "[]", "{}", '{"format": "rallyscope-export-1"}', '{"format": "another", "tables": {}}'])
def test_a_folder_whose_manifest_is_not_an_exports_is_refused(manifest: str, home: DataFolder, out: Path) -> None:
    out.mkdir()
    (out / "export.json").write_text(manifest)
    with pytest.raises(BadRequest, match=r"it holds export\.json, which no export wrote"):
        export(home, out, lambda line: None)


def test_an_empty_folder_is_taken_and_a_file_is_not(home: DataFolder, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    export(home, tmp_path / "empty", lambda line: None)
    assert (tmp_path / "empty" / "export.json").exists()
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BadRequest, match="it is a file"):
        export(home, tmp_path / "file", lambda line: None)


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_an_interrupted_export_leaves_the_earlier_one_and_nothing_else(
        stop: BaseException, home: DataFolder, out: Path, exported: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(out)

    def half(published: Path, folder: Path) -> dict:
        (folder / "marts").mkdir()
        (folder / "marts" / "regime_daily.parquet").write_bytes(b"PAR1")
        raise stop

    monkeypatch.setattr(export_module, "_write", half)
    with pytest.raises((KeyboardInterrupt, SystemFailed)):
        export(home, out, lambda line: None)
    assert contents(out) == before
    assert publications(out) == [exported["build_id"]]


def test_what_a_killed_export_left_is_deleted_by_the_next(home: DataFolder, out: Path) -> None:
    (out / DRAFT / "marts").mkdir(parents=True)
    (out / DRAFT / "marts" / "regime_daily.parquet").write_bytes(b"PAR1")
    (out / ".rallyscope-export.latest").symlink_to("nowhere")
    manifest = export(home, out, lambda line: None)
    assert publications(out) == [manifest["build_id"]]


def test_links_that_cannot_be_made_leave_the_earlier_export(
        home: DataFolder, simulated: DataFolder, out: Path, exported: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(out)

    def refuse(path: Path, target: str) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    with pytest.raises(BadRequest, match="Operation not permitted"):
        export(simulated, out, lambda line: None)
    assert contents(out) == before
    with pytest.raises(BadRequest, match="Operation not permitted"):
        export(home, out.with_name("new"), lambda line: None)
    assert not out.with_name("new").exists()


EXPORT_FOREVER = """
import itertools, sys
from pathlib import Path
from flows.report.export_folder import DRAFT, EXPORTED, FORMAT, writing
out = Path(sys.argv[1])
for number in itertools.count():
    build = f"{sys.argv[2]}-{number}"
    with writing(out) as publish:
        tables = {}
        for folder in EXPORTED:
            (out / DRAFT / folder).mkdir()
            for table in ("a", "b", "c"):
                (out / DRAFT / folder / f"{table}.parquet").write_text(build)
                tables[f"{folder}.{table}"] = {"file": f"{folder}/{table}.parquet"}
        publish({"format": FORMAT, "build_id": build, "tables": tables})
"""


def test_a_reader_finds_one_publication_and_kill_9_changes_nothing(out: Path) -> None:
    """Two exports in a row without a pause delete what a reader reads: then it begins again, and never reads two mixed."""
    seen: set[str] = set()
    for life in range(8):
        with subprocess.Popen([sys.executable, "-c", EXPORT_FOREVER, str(out), str(life)], cwd=ROOT) as process:
            until = time.monotonic() + 60
            while not os.path.realpath(out / "latest").startswith(f"{out}/{life}-") and time.monotonic() < until:
                time.sleep(0.01)
            until = time.monotonic() + 0.2 + life * 0.037
            while time.monotonic() < until:
                with suppress(FileNotFoundError):
                    seen.add(read(Path(os.path.realpath(out / "latest"))))
            process.kill()
        build = read(out)
        assert build == read(Path(os.path.realpath(out / "latest")))
    assert len(seen) > 20


def read(folder: Path) -> str:
    """The build that all files of an export are of."""
    manifest = json.loads((folder / "export.json").read_text())
    assert {(folder / table["file"]).read_text() for table in manifest["tables"].values()} == {manifest["build_id"]}
    return manifest["build_id"]


def test_what_cannot_be_is_said_in_one_sentence(home: DataFolder, tmp_path: Path) -> None:
    with pytest.raises(NothingPublished):
        export(DataFolder(tmp_path / "nowhere"), tmp_path / "out", lambda line: None)
    (tmp_path / "marts.duckdb").write_text("no database")
    with pytest.raises(HomeUnusable, match=r"marts\.duckdb cannot be used"):
        export(DataFolder(tmp_path), tmp_path / "out", lambda line: None)
    with pytest.raises(BadRequest, match="it cannot be written"):
        export(home, tmp_path / "marts.duckdb" / "out", lambda line: None)
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_it_wrote(home: DataFolder, out: Path) -> None:
    ran = CliRunner().invoke(app, ["export", "--out", str(out), "--home", str(home.folder)])
    assert ran.exit_code == 0
    assert "of build 20260601T000000Z-abc" in ran.stderr
