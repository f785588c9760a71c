"""Where a column comes from: by hand for each way SQL has of passing a value on, and for known columns of the models."""

from __future__ import annotations

import duckdb
import pytest
from spec import Spec

from transforms.engine.lineage import Lineage, lineage, origins
from transforms.engine.project import Model, tables

TABLES = {"core.price": ["symbol", "date", "close", "volume"], "core.rate": ["date", "pct"]}


def sources(select: str, *columns: str) -> dict[str, set[str]] | None:
    """The sources of a SELECT over core.price and core.rate, by its columns; None where it cannot be followed."""
    model = Model("marts.made", "", (), dict.fromkeys(columns, ""), {}, select, tables(select))
    found = lineage([model], {**TABLES, "marts.made": columns}).get("marts.made")
    return found and {column: {each.removeprefix("core.") for each in names} for column, names in found.items()}


@pytest.mark.parametrize(("expression", "expected"), [
    ("close * volume", {"price.close", "price.volume"}),
    ("case when volume > 0 then close end", {"price.close", "price.volume"}),
    ("sum(close order by date) filter (volume > 0)", {"price.close", "price.volume"}),
    ("list(symbol order by close desc)", {"price.symbol", "price.close"}),
    ("arg_max(close, date)", {"price.close", "price.date"}),
    ("list_sum(list_transform(list(close), x -> x * x))", {"price.close"}),
    ("list_sum([x for x in list(close) if x > 1])", {"price.close"}),
    ("(select max(pct) from core.rate)", {"rate.pct"}),
    ("count(*)", set()),
    ("getvariable('as_of')", set()),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_value_comes_from_what_it_is_computed_with(expression: str, expected: set[str]) -> None:
    assert sources(f"select {expression} as made from core.price", "made") == {"made": expected}


@pytest.mark.parametrize(("expression", "expected"), [
    ("lag(close) over (partition by symbol order by date)", {"price.close"}),
    ("max(close) over days", {"price.close"}),
    ("row_number() over (partition by symbol order by close desc)", {"price.close"}),
    ("new_york(date, time '23:59:59')", {"price.date"}),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_window_chooses_rows_and_only_a_rank_is_made_of_their_order(expression: str, expected: set[str]) -> None:
    select = f"select {expression} as made from core.price window days as (partition by symbol order by date)"
    assert sources(select, "made") == {"made": expected}


def test_what_filters_groups_joins_or_sorts_is_no_source() -> None:
    select = """
        select p.close from core.price p asof join core.rate r on p.date >= r.date
        where p.volume > 0 and r.pct > 1 qualify row_number() over (partition by p.symbol order by r.pct) = 1
        order by p.volume"""
    assert sources(select, "close") == {"close": {"price.close"}}


def test_a_field_of_a_struct_has_the_sources_of_that_field_alone() -> None:
    select = """
        with linked as (
            select symbol, close, last_value(struct_pack(date, level := close * volume)) over (
                partition by symbol order by date rows between 5 preceding and 1 preceding) as previous
            from core.price
        ), passed as (from linked)
        select previous.date as previous_date, close / previous.level as ratio from passed"""
    assert sources(select, "previous_date", "ratio") == {
        "previous_date": {"price.date"}, "ratio": {"price.close", "price.volume"}}


def test_the_branches_of_a_union_are_all_sources() -> None:
    select = "select date, close as value from core.price union all select date, pct from core.rate"
    assert sources(select, "date", "value") == {
        "date": {"price.date", "rate.date"}, "value": {"price.close", "rate.pct"}}


def test_a_recursion_is_followed_round_until_nothing_new_comes() -> None:
    """`third` takes from `second` on the next round what that took from `first` on the round before."""
    select = """
        with recursive held as (
            select date, close as first, 0 as second, 0 as third from core.price
            union all
            select p.date, p.volume, held.first, held.second from held join core.price p on p.date > held.date
        )
        select third from held"""
    assert sources(select, "third") == {"third": {"price.close", "price.volume"}}


@pytest.mark.parametrize(("select", "columns", "expected"), [
    ("from core.rate", ("date", "pct"), [{"rate.date"}, {"rate.pct"}]),
    ("select * exclude (date) replace (pct / 100 as pct) from core.rate", ("pct",), [{"rate.pct"}]),
    ("select max(columns(r.* exclude (date))) from core.rate r", ("pct",), [{"rate.pct"}]),
    ("select r as whole from core.rate r", ("whole",), [{"rate.date", "rate.pct"}]),
    ("select unnest([struct_pack(days := 5, made := close), struct_pack(days := 21, made := volume)], recursive := true)"
     " from core.price", ("days", "made"), [set(), {"price.close", "price.volume"}]),
    ("select p.pct, date from core.price join core.rate p using (date)", ("pct", "date"),
     [{"rate.pct"}, {"price.date", "rate.date"}]),
    ("select kind from core.rate cross join (values ('a'), ('b')) t(kind)", ("kind",), [set()]),
])
def test_columns_that_are_not_written_out_are_found(select: str, columns: tuple[str, ...],
                                                    expected: list[set[str]]) -> None:
    assert sources(select, *columns) == dict(zip(columns, expected, strict=True))


def test_every_word_that_may_name_a_column_may_name_one_here() -> None:
    words = [row[0] for row in duckdb.sql(
        "select keyword_name from duckdb_keywords() where keyword_category = 'unreserved'").fetchall()]
    assert "force" in words
    made = [f"made_{word}" for word in words]
    outer = ", ".join(f"{word}.level as {name}" for word, name in zip(words, made, strict=True))
    inner = ", ".join(f"struct_pack(level := close) as {word}" for word in words)
    found = sources(f"select {outer} from (select {inner} from core.price)", *made)
    assert found == {name: {"price.close"} for name in made}


@pytest.mark.parametrize("select", ["select nowhere as made from core.price", "select made from core.unknown",
                                    "select columns('p.*') from core.rate"])
def test_what_cannot_be_followed_is_not_guessed(select: str) -> None:
    assert sources(select, "made") is None


@pytest.fixture(scope="module")
def known(spec: Spec) -> Lineage:
    return lineage(spec.models.values(), _columns(spec))


def _columns(spec: Spec) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table, column in spec.con.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns() order by column_index").fetchall():
        found.setdefault(table, []).append(column)
    return found


def test_every_mart_can_be_followed(spec: Spec, known: Lineage) -> None:
    assert [name for name in spec.models if name.startswith("marts.") and name not in known] == []


def test_sources_are_columns_of_the_tables_that_duckdb_says_are_read(spec: Spec, known: Lineage) -> None:
    columns = _columns(spec)
    for table, made in known.items():
        for column, names in made.items():
            for name in names:
                source, _, source_column = name.rpartition(".")
                assert source in spec.models[table].reads, f"{table}.{column}"
                assert source_column in columns[source], f"{table}.{column}"


def test_the_columns_of_a_model_are_all_there(spec: Spec, known: Lineage) -> None:
    for table, made in known.items():
        assert list(made) == list(spec.models[table].columns)


# An index's close is of the bar that was judged, or of the next source by priority where that one is held.
INDEX_CLOSE = {"staging.macro_observation.value", "core.price_bar.close", "staging.price_bar_by_source.close"}


@pytest.mark.parametrize(("column", "expected"), [
    ("staging.macro_observation.value", {"raw.macro_observation.is_withdrawn", "raw.macro_observation.value"}),
    ("core.index_level.close", INDEX_CLOSE),
    ("core.index_level.price_return", INDEX_CLOSE),
    ("core.security_price.level", {"core.price_bar.close", "staging.split.ratio"}),
    ("core.basket_level.benchmark_close", {"core.index_level.close"}),
    ("marts.concentration_daily.official_return", {"core.index_level.close"}),
    ("marts.concentration_daily.top10_issuers", {"core.index_weight.issuer", "core.index_weight.weight"}),
    ("marts.contribution_daily.contribution", {"core.index_weight.open_weight", "core.index_weight.price_return"}),
    ("marts.regime_daily.vix_term_ratio", {"core.vix_state.vix_close", "core.index_level.close"}),
])
def test_known_columns_come_from_where_they_do(column: str, expected: set[str], known: Lineage) -> None:
    table, _, name = column.rpartition(".")
    assert known[table][name] == expected


@pytest.mark.parametrize(("column", "some", "none"), [
    ("marts.concentration_daily.residual_bp",
     {"raw.price_bar.close", "raw.shares_outstanding.shares_outstanding", "raw.corporate_action.value"},
     {"raw.statement_item.value"}),
    ("marts.regime_daily.nfci", {"raw.macro_observation.value"}, {"raw.price_bar.close"}),
    ("marts.regime_daily.is_ath_intraday", {"raw.price_bar.high"}, {"raw.statement_item.value"}),
    ("marts.rotation_daily.rs_21d", {"raw.price_bar.close"}, {"raw.statement_item.value"}),
    ("marts.contribution_daily.sector", {"raw.catalog_instrument.gics_sector"}, {"raw.price_bar.close"}),
])
def test_known_columns_go_back_to_raw(column: str, some: set[str], none: set[str], known: Lineage) -> None:
    found = origins(known, column)
    assert some <= found
    assert not none & found
    assert all(name.startswith("raw.") for name in found)
