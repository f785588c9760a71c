"""The catalog as it was recorded: whole snapshots, one only when something changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from types import MappingProxyType

import duckdb
import pytest

from transforms.engine.build import AsOf, set_as_of
from transforms.engine.project import models
from warehouse import catalog
from warehouse.calendar import sessions
from warehouse.catalog import Catalog, Membership
from warehouse.catalog.record import record
from warehouse.data_folder import SCHEMA

MONDAY, TUESDAY = (datetime(2026, 3, day, 22, tzinfo=UTC) for day in (2, 3))
PARTS = ("session", "business_day", "filer", "instrument", "universe", "universe_member", "basket", "basket_member",
         "series", "availability")


@pytest.fixture(scope="module")
def packaged() -> Catalog:
    return catalog.load()


@pytest.fixture
def con():
    with duckdb.connect() as con:
        con.execute(SCHEMA.read_text())
        yield con


def snapshots(con, part: str) -> list[datetime]:
    return [moment.replace(tzinfo=UTC) for moment, in con.execute(
        f"select distinct fetched_at from raw.catalog_{part} order by 1").fetchall()]


def members(con, recorded_by: datetime, basket: str) -> set[str]:
    """The basket as a model reads it: from the newest snapshot by then."""
    return {symbol for symbol, in con.execute("""
        select symbol from raw.catalog_basket_member where basket = ? and fetched_at =
            (select max(fetched_at) from raw.catalog_basket_member where fetched_at <= ?)""",
        [basket, recorded_by.replace(tzinfo=None)]).fetchall()}


def without(packaged: Catalog, basket: str, symbol: str) -> Catalog:
    """The catalog with one member fewer."""
    old = packaged.baskets[basket]
    new = replace(old, members=tuple(m for m in old.members if m.symbol != symbol))
    return replace(packaged, baskets=MappingProxyType({**packaged.baskets, basket: new}))


def test_the_first_recording_writes_every_part(con, packaged):
    record(con, packaged, MONDAY)
    assert {part: snapshots(con, part) for part in PARTS} == {part: [MONDAY] for part in PARTS}


def test_a_catalog_that_did_not_change_is_not_written_again(con, packaged):
    record(con, packaged, MONDAY)
    record(con, packaged, TUESDAY)
    assert {part: snapshots(con, part) for part in PARTS} == {part: [MONDAY] for part in PARTS}


def test_a_member_removed_makes_a_whole_new_snapshot_of_that_part_only(con, packaged):
    record(con, packaged, MONDAY)
    record(con, without(packaged, "ai_leaders", "META"), TUESDAY)
    assert members(con, MONDAY, "ai_leaders") - members(con, TUESDAY, "ai_leaders") == {"META"}
    assert members(con, TUESDAY, "semiconductors") == members(con, MONDAY, "semiconductors")
    assert [part for part in PARTS if len(snapshots(con, part)) == 2] == ["basket_member"]


def test_going_back_to_an_older_catalog_is_a_change_like_any_other(con, packaged):
    wednesday = datetime(2026, 3, 4, 22, tzinfo=UTC)
    record(con, packaged, MONDAY)
    record(con, without(packaged, "ai_leaders", "META"), TUESDAY)
    record(con, packaged, wednesday)
    assert members(con, wednesday, "ai_leaders") == members(con, MONDAY, "ai_leaders")
    assert snapshots(con, "basket_member") == [MONDAY, TUESDAY, wednesday]


def test_a_second_edit_at_the_same_moment_stands_for_that_moment(con, packaged):
    record(con, packaged, MONDAY)
    record(con, without(packaged, "ai_leaders", "META"), MONDAY)
    assert "META" not in members(con, MONDAY, "ai_leaders")
    assert len(members(con, MONDAY, "ai_leaders")) == len(packaged.baskets["ai_leaders"].members) - 1


def test_a_clock_set_back_finds_the_catalog_recorded_for_its_own_moment(con, packaged):
    record(con, packaged, TUESDAY)
    record(con, packaged, MONDAY)
    assert members(con, MONDAY, "ai_leaders") == members(con, TUESDAY, "ai_leaders") != set()


def test_a_recording_that_failed_leaves_the_last_one(con, packaged):
    record(con, packaged, MONDAY)
    con.execute("alter table raw.catalog_availability drop column lag")
    with pytest.raises((duckdb.Error, ValueError)):
        record(con, without(packaged, "ai_leaders", "META"), MONDAY)
    assert "META" in members(con, MONDAY, "ai_leaders")


def test_members_are_recorded_with_their_dates(con, packaged):
    gone = Membership("NVDA", date(2020, 1, 2), date(2021, 1, 4))
    basket = replace(packaged.baskets["ai_leaders"], members=(gone,))
    record(con, replace(packaged, baskets=MappingProxyType({"ai_leaders": basket})), MONDAY)
    assert con.execute("select * from raw.catalog_basket_member").fetchall() == [
        ("ai_leaders", "NVDA", date(2020, 1, 2), date(2021, 1, 4), MONDAY.replace(tzinfo=None))]


def test_every_key_has_one_rule_and_only_a_vintage_has_no_lag(con, packaged):
    record(con, packaged, MONDAY)
    rows = con.execute("select feed, key, rule, lag from raw.catalog_availability").fetchall()
    assert len({row[:2] for row in rows}) == len(rows)
    assert {rule for _, _, rule, lag in rows if lag is None} == {"vintage"}
    rules = {(feed, key): (rule, lag) for feed, key, rule, lag in rows}
    assert rules["bars", "AAPL"] == ("after_close_minutes", 15)
    assert rules["bars", "BTC-USD"] == ("after_utc_midnight_minutes", 15)
    assert rules["statements", "AAPL"] == ("after_period_end_days", 45)
    assert rules["observations", "VIXCLS"] == ("lag_business_days", 1)
    assert rules["observations", "CPIAUCSL"] == ("vintage", None)


def test_a_filer_is_recorded_with_the_days_of_its_category(con, packaged):
    record(con, packaged, MONDAY)
    assert con.execute("""
        select symbol, fiscal_year_end_month, category, valid_from::varchar, year_end_lag from raw.catalog_filer
        where symbol in ('AAPL', 'TSM', 'MU') order by symbol, valid_from""").fetchall() == [
        ("AAPL", 9, "other", "1990-01-01", 90), ("AAPL", 9, "large_accelerated", "2026-03-05", 60),
        ("MU", 8, "other", "1990-01-01", 90),
        ("TSM", 12, "other", "1990-01-01", 90), ("TSM", 12, "foreign", "2019-06-03", 120)]


def test_sessions_know_holidays_early_closes_and_summer_time():
    reported = {day: (f"{opens:%H:%M}", f"{closes:%H:%M}") for day, opens, closes in sessions(2026)}
    assert date(2026, 4, 3) not in reported  # Good Friday
    assert reported[date(2025, 11, 28)] == ("14:30", "18:00")  # the day after Thanksgiving closes at 13:00 New York
    assert reported[date(2026, 3, 6)] == ("14:30", "21:00")
    assert reported[date(2026, 3, 9)] == ("13:30", "20:00")
    assert min(reported) == date(1990, 1, 2)
    assert max(reported) == date(2026, 12, 31)


# A part without entries


def test_a_part_that_became_empty_is_empty_from_then_on(con, packaged):
    """With its rebalances removed, a universe is no longer weighted by the rules it had; read as a model reads it."""
    wednesday = datetime(2026, 3, 4, 22, tzinfo=UTC)
    universes = {code: replace(universe, rebalancing=None) for code, universe in packaged.universes.items()}
    record(con, packaged, MONDAY)
    for moment in (TUESDAY, wednesday):
        record(con, replace(packaged, universes=MappingProxyType(universes)), moment)
    for part in ("rebalance", "weight_limit"):
        assert snapshots(con, part) == [MONDAY, TUESDAY], "empty is recorded once, too"
        model, = (m for m in models() if m.name == f"staging.{part}")
        for moment, rows in ((MONDAY, True), (TUESDAY, False), (wednesday, False)):
            set_as_of(con, AsOf(moment, moment))
            assert (con.execute(model.sql).fetchall() != []) == rows


def test_no_model_reads_an_entry_out_of_an_empty_part(con, packaged):
    record(con, replace(packaged, universes=MappingProxyType({}), baskets=MappingProxyType({}),
                        series=MappingProxyType({})), MONDAY)
    set_as_of(con, AsOf(MONDAY, MONDAY))
    empty = {"universe", "universe_member", "rebalance", "weight_limit", "basket", "basket_member", "series"}
    read = [m for m in models() if m.name.removeprefix("staging.") in empty]
    assert {m.name: con.execute(m.sql).fetchall() for m in read} == {f"staging.{part}": [] for part in empty}
