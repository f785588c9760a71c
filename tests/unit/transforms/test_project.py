"""The project: models are found, read and ordered, and what cannot be is said with the model's name."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from transforms.engine.project import models, tables
from warehouse.errors import ModelError

HEADER = '''
doc = "A table."
grain = ["date"]

[columns]
date = "Session."
'''


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., None]:
    """Write a model: its name, its SELECT, and its header when that is the point."""

    def write(name: str, sql: str, header: str = HEADER) -> None:
        file = tmp_path / f"{name.replace('.', '/')}.sql"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"/*{header}*/\n{sql}\n")

    return write


def problem(folder: Path) -> tuple[str, str]:
    """The model named by the ModelError, and what is wrong with it."""
    with pytest.raises(ModelError) as raised:
        models(folder)
    error = raised.value
    assert str(error) == (f"model {error.model} {error.problem}. Nothing was published; "
                          "the last good build stays current.")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    return error.model, error.problem


# What a model is


def test_the_path_is_the_name_and_the_header_the_documentation(write, tmp_path):
    write("marts.regime_daily", "select date, vix from core.vix_state;", """
        doc = "The market's state."
        grain = ["date"]
        [columns]
        date = "Session."
        vix = "Close, in points."
        [assertions]
        "the VIX is positive" = "vix > 0"
    """)
    write("core.vix_state", "select date from staging.session")
    write("staging.session", "select date from raw.catalog_session")
    model = models(tmp_path)[-1]
    assert (model.name, model.layer, model.doc, model.grain) == \
        ("marts.regime_daily", "marts", "The market's state.", ("date",))
    assert model.columns == {"date": "Session.", "vix": "Close, in points."}
    assert model.assertions == {"the VIX is positive": "vix > 0"}
    assert model.sql == "select date, vix from core.vix_state"
    assert model.reads == {"core.vix_state"}


def test_each_model_comes_after_what_it_reads(write, tmp_path):
    write("marts.a", "from core.z")
    write("core.z", "from core.y")
    write("core.y", "select date from staging.s where exists (from staging.t)")
    write("staging.s", "from raw.price_bar")
    write("staging.t", "from raw.price_bar")
    names = [model.name for model in models(tmp_path)]
    assert names == [*sorted(names[:2]), "core.y", "core.z", "marts.a"]


def test_the_order_is_the_same_every_time(write, tmp_path):
    for n in range(9):
        write(f"staging.s{n}", "from raw.price_bar")
    assert len({tuple(model.name for model in models(tmp_path)) for _ in range(5)}) == 1


# Headers that are none


@pytest.mark.parametrize(("text", "says"), [
    ("select 1 as date", "begins without a /* header */"),
    ("-- doc\nselect 1 as date", "begins without a /* header */"),
    ("/* doc = 'never closed'\nselect 1", "begins without a /* header */"),
    ("/* doc = */ select 1", "has a header that is not TOML: "),
    ("/* what this is */ select 1", "has a header that is not TOML: "),
    ('/* doc = "x"\ngrain = ["date"] */ select 1', "has a header with doc, grain; it needs doc, grain, columns"),
    (f'/*assertion = "x"{HEADER}*/ select 1', "has a header with assertion, doc, grain, columns; it needs"),
    (f"/*{HEADER}*/", "is not one SELECT: it holds none, or several"),
    (f"/*{HEADER}*/ select 1 as date; select 2 as date", "is not one SELECT: it holds none, or several"),
    (f"/*{HEADER}*/ selec 1 as date", "is not one SELECT: syntax error at or near \"selec\""),
    (f"/*{HEADER}*/ create table x as select 1", "is not one SELECT: Only SELECT statements can be serialized"),
])
def test_a_file_that_is_no_model_is_said_by_name(tmp_path, text, says):
    (tmp_path / "marts").mkdir()
    (tmp_path / "marts" / "wrong.sql").write_text(text)
    model, what = problem(tmp_path)
    assert model == "marts.wrong"
    assert what.startswith(says)


@pytest.mark.parametrize(("key", "value", "says"), [
    ("doc", "3", "has a header in which doc is no text"),
    ("doc", '" "', "has a header in which doc is no text"),
    ("grain", '"date"', "has a header in which grain is no list of columns"),
    ("grain", "[]", "has a header in which grain is no list of columns"),
    ("grain", "[1]", "has a header in which grain is no list of columns"),
    ("grain", '["date", "symbol"]', "has grain symbol, which is not among its columns"),
    ("columns", '"date"', "has a header in which [columns] does not say one text for each name"),
    ("columns", "{ date = 1 }", "has a header in which [columns] does not say one text for each name"),
    ("columns", '{ date = "" }', "has a header in which [columns] does not say one text for each name"),
    ("assertions", "{ x = true }", "has a header in which [assertions] does not say one text for each name"),
    ("assertions", '["x > 0"]', "has a header in which [assertions] does not say one text for each name"),
])
def test_a_header_value_of_another_kind_is_said(write, tmp_path, key, value, says):
    values = {"doc": '"x"', "grain": '["date"]', "columns": '{ date = "Session." }'} | {key: value}
    write("marts.wrong", "select 1 as date", "\n".join(f"{k} = {v}" for k, v in values.items()))
    assert problem(tmp_path) == ("marts.wrong", says)


def test_a_folder_that_is_no_layer_is_said(write, tmp_path):
    write("mart.regime_daily", "select 1 as date")
    assert problem(tmp_path) == ("mart.regime_daily", "folder mart is not one of staging, core, marts, audit")


# References that cannot be


@pytest.mark.parametrize(("reader", "table", "may"), [
    ("staging.a", "core.b", "staging reads only raw, staging"),
    ("staging.a", "marts.b", "staging reads only raw, staging"),
    ("core.a", "raw.price_bar", "core reads only core, staging"),
    ("core.a", "marts.b", "core reads only core, staging"),
    ("marts.a", "raw.price_bar", "marts reads only core, marts, staging"),
    ("marts.a", "audit.coverage", "marts reads only core, marts, staging"),
    ("core.a", "information_schema.tables", "core reads only core, staging"),
    ("core.a", "main.b", "core reads only core, staging"),
])
def test_a_layer_reads_only_what_lies_before_it(write, tmp_path, reader, table, may):
    write(reader, f"select date from {table}")
    assert problem(tmp_path) == (reader, f"reads {table}, but {may}")


@pytest.mark.parametrize("sql", [
    "from core.nowhere",
    "select 1 as date where exists (select 1 from core.nowhere)",
    "select (select max(date) from core.nowhere) as date",
    "with x as (from core.nowhere) from x",
    "select date from core.here union all select date from core.nowhere",
    "select date from core.here anti join core.nowhere using (date)",
    "from core.here asof join core.nowhere using (date)",
])
def test_a_table_nobody_makes_is_said_wherever_it_stands(write, tmp_path, sql):
    write("core.here", "select 1 as date")
    write("core.wrong", sql)
    assert problem(tmp_path) == ("core.wrong", "reads core.nowhere, and no model of that name exists")


@pytest.mark.parametrize("sql", ["from session", "from 'session.parquet'", "with x as (select 1 as date) from x, session"])
def test_a_table_without_its_layer_is_said(write, tmp_path, sql):
    write("core.wrong", sql)
    model, what = problem(tmp_path)
    assert model == "core.wrong"
    assert what.endswith("which has no schema and is not a CTE")


def test_a_cte_may_have_any_name(write, tmp_path):
    write("staging.session", "with raw as (from raw.price_bar), Closes as (select date from raw) select * from closes")
    assert models(tmp_path)[0].reads == {"raw.price_bar"}


def test_a_circle_is_said_with_its_way(write, tmp_path):
    write("core.a", "from core.c")
    write("core.b", "from core.a")
    write("core.c", "from core.b")
    _, what = problem(tmp_path)
    way = what.removeprefix("models read each other in a circle: ").split(" -> ")
    assert way[0] == way[-1]
    assert set(way) == {"core.a", "core.b", "core.c"}


def test_a_model_that_reads_itself_is_a_circle(write, tmp_path):
    write("core.a", "from core.a")
    assert problem(tmp_path) == ("core.a", "models read each other in a circle: core.a -> core.a")


def test_the_tables_of_a_query_are_found_in_every_corner():
    assert tables("""
        with recursive r as (select date from core.a union all select date + 1 from r),
            p as (from core.b pivot (sum(x) for k in (1, 2)))
        select *, exists (from core.c), [y for y in (select list(z) from core.d)]
        from r, p, lateral (from core.e where e.date = r.date), (values (1)) v, unnest([1]) u
        where r.date in (from core.f) qualify row_number() over (order by (select 1 from core.g)) = 1
        order by (select 1 from core.h)""") == {f"core.{letter}" for letter in "abcdefgh"}
