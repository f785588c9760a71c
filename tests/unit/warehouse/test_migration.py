"""A data folder of an earlier release: its tables take their new names when it is opened, and keep every row."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from warehouse.data_folder import DataFolder

EARLIER = """
    create schema raw; create schema audit;
    create table raw.catalogue_business_day (date date, fetched_at timestamp not null);
    comment on table raw.catalogue_business_day is 'Days.';
    insert into raw.catalogue_business_day values ('2026-01-02', '2026-01-02 22:00'), ('2026-01-05', '2026-01-02 22:00');
    create table audit.publication (build_id varchar, catalogue_hash varchar not null);
    insert into audit.publication values ('b1', 'abc');
    create table audit.revision (revision_id varchar, cause varchar);
    insert into audit.revision values ('r1', 'catalogue'), ('r2', 'split')"""


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as con:
        con.execute(EARLIER)
    return DataFolder(tmp_path)


def test_every_row_is_kept_under_the_new_names(folder: DataFolder) -> None:
    from warehouse.migration import migrate

    with duckdb.connect(str(folder.working)) as con:
        for _ in range(2):  # once more changes nothing
            migrate(con)
            assert con.execute("select date::varchar from raw.catalog_business_day order by 1").fetchall() == [
                ("2026-01-02",), ("2026-01-05",)]
            assert con.execute("select catalog_hash from audit.publication").fetchall() == [("abc",)]
            assert con.execute("select cause from audit.revision order by 1").fetchall() == [("catalog",), ("split",)]
            assert con.execute("""select count(*) from duckdb_columns()
                                  where table_name || column_name like '%catalogue%'""").fetchone() == (0,)
