"""What a damaged file or a disk that takes nothing is called: one sentence with the next step."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from warehouse.data_folder import DataFolder
from warehouse.errors import BuildDamaged, HomeUnusable


@pytest.fixture
def home(tmp_path: Path) -> DataFolder:
    """A home with a working database, and 50,000 published rows."""
    home = DataFolder(tmp_path / "data")
    home.folder.mkdir()
    with home.warehouse():
        pass
    with duckdb.connect(str(home.published)) as con:
        con.execute("create table regime_daily as select range as vix_close, md5(range::varchar) as md5 from range(50000)")
    return home


def test_a_published_file_that_is_damaged_is_built_anew(home: DataFolder) -> None:
    home.published.write_bytes(b"not a database" * 1000)
    with pytest.raises(BuildDamaged) as raised, home.marts():
        pass
    assert str(raised.value).endswith("The file is damaged. To rebuild marts.duckdb: rallyscope build. To publish a kept "
                                      "build: rallyscope rollback BUILD")


def test_a_wrong_checksum_is_said_the_same_way(home: DataFolder) -> None:
    with home.published.open("r+b") as file:
        file.seek(3 * 4096 + 1000)
        file.write(b"?" * 100_000)
    with pytest.raises(BuildDamaged, match="Corrupt database file"), home.marts() as con:
        con.execute("select max(md5) from regime_daily").fetchall()


def test_a_file_that_is_not_whose_to_read_is_not_called_damaged(home: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_, **__) -> None:
        raise duckdb.IOException('Cannot open file "marts.duckdb": Permission denied')

    monkeypatch.setattr(duckdb, "connect", refused)
    with pytest.raises(HomeUnusable, match="Free disk space or fix its permissions"), home.marts():
        pass


def without_room(con: duckdb.DuckDBPyConnection) -> None:
    file, = con.execute("select path from duckdb_databases() where database_name = current_database()").fetchone()  # type: ignore[misc]
    os.mkdir(f"{file}.wal")
    con.execute("create table raw.more as select 1 as x")


def test_a_commit_the_folder_does_not_take_is_said_in_one_sentence(home: DataFolder) -> None:
    """DuckDB calls it a TransactionException: the log beside the file cannot be opened."""
    with pytest.raises(HomeUnusable, match=r"Cannot open file .*\.wal"), home.warehouse() as con:
        without_room(con)
