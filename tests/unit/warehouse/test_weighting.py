"""How an index is weighed, as the catalog declares it: dates of rebalances, limits, and where lists are published."""

from __future__ import annotations

from datetime import UTC, date, datetime

import duckdb
import pytest

from warehouse import catalog
from warehouse.calendar import sessions
from warehouse.catalog.record import record
from warehouse.catalog.weighting import Rebalancing, WeightLimit
from warehouse.data_folder import SCHEMA
from warehouse.errors import CatalogError

PACKAGED = catalog.PACKAGED
DAYS = [day for day, _, _ in sessions(2027)]
LIMIT = WeightLimit("issuer", 0.24, 0.2)


@pytest.fixture(scope="module")
def rules() -> Rebalancing:
    found = catalog.load().universes["NDX"].rebalancing
    assert found is not None
    return found


@pytest.mark.parametrize(("effective", "reference", "kind"), [
    (date(2023, 6, 20), date(2023, 5, 31), "quarterly"),     # the Monday after the third Friday was a holiday
    (date(2023, 7, 24), date(2023, 7, 3), "special"),
    (date(2024, 3, 18), date(2024, 2, 29), "quarterly"),
    (date(2024, 12, 23), date(2024, 11, 29), "annual"),
    (date(2025, 6, 23), date(2025, 5, 30), "quarterly"),
    (date(2026, 6, 22), date(2026, 5, 29), "quarterly"),     # the third Friday itself is a holiday
])
def test_rebalances_take_effect_after_the_third_friday_on_the_month_before(rules, effective, reference, kind):
    assert (effective, reference, kind) in list(rules.dates(DAYS, date(2015, 1, 1)))


def test_four_a_year_and_the_special_ones_in_order_all_after_the_start(rules):
    dates = list(rules.dates(DAYS, date(2022, 3, 21)))
    assert [effective for effective, _, _ in dates] == sorted(effective for effective, _, _ in dates)
    assert dates[0][0] == date(2022, 6, 21)
    assert sum(effective.year == 2023 for effective, _, _ in dates) == 5
    assert sum(kind == "annual" for _, _, kind in dates) == 6


def test_the_packaged_limits_are_the_published_ones(rules):
    assert [(limit.of, limit.size, limit.above, limit.to) for limit in (*rules.limits, *rules.annual_limits)] == [
        ("issuer", None, 0.24, 0.20), ("issuers_over", 0.045, 0.48, 0.40),
        ("issuer", None, 0.15, 0.14), ("largest_issuers", 5, 0.40, 0.385)]


@pytest.mark.parametrize(("wrong", "key"), [
    (WeightLimit("issuer", 0.2, 0.24), "to"),
    (WeightLimit("issuer", 1.0, 0.24), "to"),
    (WeightLimit("issuer", 0.24, 0.2, size=5), "size"),
    (WeightLimit("issuers_over", 0.48, 0.4), "size"),
    (WeightLimit("issuers_over", 0.48, 0.4, size=5), "size"),
    (WeightLimit("largest_issuers", 0.48, 0.4, size=2.5), "size"),
    (WeightLimit("issuer", 0.24, 0.2, others_at_most=0.04), "others_at_most"),
])
def test_a_limit_that_cannot_be_says_what_is_wrong(wrong, key):
    assert key in {found for found, _ in wrong.problems()}


@pytest.mark.parametrize(("months", "annual", "key"), [
    ((3, 13), 3, "months"), ((6, 3), 3, "months"), ((3, 3), 3, "months"), ((3, 6), 12, "annual_month")])
def test_months_that_cannot_be_say_so(months, annual, key):
    assert key in {found for found, _ in Rebalancing(months, annual, (LIMIT,)).problems()}


@pytest.mark.parametrize(("added", "key"), [
    ('[published_weights]\nurl = "https://example.org/a.csv"\nfile = "a.csv"', "published_weights.url"),
    ("[published_weights]", "published_weights.url"),
    ('[published_weights]\nurl = "ftp://example.org/a.csv"', "published_weights.url"),
    ('[published_weights]\nfile = "a.csv"\nunit = "share"', "published_weights.unit"),
    ('[published_weights]\nfile = "a.csv"\ncolumns = ["a", "b"]', "published_weights.columns"),
    ('[rebalancing]\nmonths = [3]\nannual_month = 3\nlimits = []\nspecials = '
     '[{ effective = 2023-07-03, reference = 2023-07-24 }]', "rebalancing.specials[0].reference"),
])
def test_a_wrong_entry_is_named_with_its_place(tmp_path, added, key):
    for file in PACKAGED.rglob("*.toml"):
        target = tmp_path / file.relative_to(PACKAGED)
        target.parent.mkdir(exist_ok=True)
        target.write_text(file.read_text())
    universe = tmp_path / "universes" / "NDX.toml"
    universe.write_text(universe.read_text().split("[rebalancing]")[0] + added)
    with pytest.raises(CatalogError) as raised:
        catalog.load(tmp_path)
    assert (raised.value.file, raised.value.entry, raised.value.key) == ("universes/NDX.toml", "NDX", key)


def test_rules_are_recorded_and_only_when_they_changed():
    with duckdb.connect() as con:
        con.execute(SCHEMA.read_text())
        for day in (2, 3):
            record(con, catalog.load(), datetime(2026, 3, day, 22, tzinfo=UTC))
        assert con.execute("""
            select count(distinct fetched_at), count(*) filter (effective_date = '2026-03-23'), max(year(effective_date))
            from raw.catalog_rebalance""").fetchone() == (1, 1, 2027)
        assert con.execute("""
            select position, is_annual, limited, size, above, target, others_at_most
            from raw.catalog_weight_limit order by position""").fetchall() == [
            (1, False, "issuer", None, 0.24, 0.2, None), (2, False, "issuers_over", 0.045, 0.48, 0.4, None),
            (3, True, "issuer", None, 0.15, 0.14, None), (4, True, "largest_issuers", 5.0, 0.4, 0.385, 0.044)]
        assert con.execute("select rule, lag from raw.catalog_availability where feed = 'weights'").fetchall() == [
            ("vintage", None)]
