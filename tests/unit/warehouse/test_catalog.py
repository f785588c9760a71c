"""The packaged catalog: what it holds, held against public facts and the market archive."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import FrozenInstanceError, replace
from datetime import date, timedelta

import pytest

from warehouse import catalog
from warehouse.catalog import Availability, Gives


def words(text: str) -> set[str]:
    return set(text.split())


@pytest.fixture(scope="module")
def packaged() -> catalog.Catalog:
    return catalog.load()


def test_the_nasdaq_100_had_a_hundred_issuers_on_2025_12_01(packaged):
    members = packaged.universes["NDX"].members_on(date(2025, 12, 1))
    assert len({packaged.instruments[symbol].issuer for symbol in members}) == 100
    assert len(members) == 101  # both classes of Alphabet


def test_walmart_took_the_place_of_astrazeneca_on_2026_01_20(packaged):
    universe = packaged.universes["NDX"]
    before, after = universe.members_on(date(2026, 1, 19)), universe.members_on(date(2026, 1, 20))
    assert before - after == {"AZN"}
    assert after - before == {"WMT"}


@pytest.mark.parametrize(
    ("day", "inside", "outside"),
    [
        (date(2015, 1, 2), {"KRFT", "DTV", "FOXA"}, {"PYPL", "WBA"}),
        (date(2020, 12, 31), {"MRVL", "ALXN", "TSLA"}, {"CTXS", "PLTR"}),
        (date(2024, 12, 23), {"PLTR", "MSTR", "AXON"}, {"ILMN", "MRNA", "SMCI"}),
        (date(2026, 6, 22), {"CRWV", "RKLB"}, {"CHTR", "ZS"}),
    ],
)
def test_known_members_of_known_days(packaged, day, inside, outside):
    members = packaged.universes["NDX"].members_on(day)
    assert inside <= members
    assert not outside & members


def test_nobody_belongs_before_the_initial_list(packaged):
    universe = packaged.universes["NDX"]
    assert universe.members_on(universe.initial_date - timedelta(days=1)) == frozenset()


def test_the_size_of_the_nasdaq_100_never_strays_far_from_a_hundred(packaged):
    universe = packaged.universes["NDX"]
    for change in universe.changes:
        issuers = {packaged.instruments[symbol].issuer for symbol in universe.members_on(change.date)}
        assert 98 <= len(issuers) <= 102, change.date


def test_membership_equals_the_archives(packaged, real_archive):
    import pandas as pd

    reported = pd.read_parquet(real_archive / "membership.parquet")
    reported = reported[reported["index"] == "NDX"].assign(date=pd.to_datetime(reported["date"]).dt.date)
    universe = packaged.universes["NDX"]
    members: set[str] = set()
    for day, changes in reported.groupby("date"):
        members -= set(changes.loc[changes["change"] == "remove", "symbol"])
        members |= set(changes.loc[changes["change"] == "add", "symbol"])
        assert universe.members_on(day) == members, day
    assert universe.changes[-1].date == reported["date"].max()


def test_every_instrument_and_series_of_the_archive_is_declared(packaged, real_archive):
    import pandas as pd

    assert set(pd.read_parquet(real_archive / "instruments.parquet")["symbol"]) <= set(packaged.instruments)
    assert set(pd.read_parquet(real_archive / "series.parquet")["series_id"]) <= set(packaged.series)


def test_every_observation_of_the_archive_is_plausible(packaged, real_archive):
    import pandas as pd

    observations = pd.read_parquet(real_archive / "observations.parquet", columns=["series_id", "value"])
    for series_id, values in observations.groupby("series_id")["value"]:
        low, high = packaged.series[series_id].range
        assert values.dropna().between(low, high).all(), series_id


def test_a_sector_the_archive_knows_is_the_catalogs(packaged, real_archive):
    import pandas as pd

    reported = pd.read_parquet(real_archive / "instruments.parquet").set_index("symbol")
    for column in ("gics_sector", "nasdaq_sector"):
        known = reported[column].dropna().loc[lambda sectors: sectors != ""]
        assert {s: getattr(packaged.instruments[s], column) for s in known.index} == known.to_dict()


def test_no_bar_lies_outside_the_time_an_instrument_trades(packaged, real_archive):
    import pandas as pd

    bars = pd.read_parquet(real_archive / "bars.parquet", columns=["symbol", "date"])
    bars["date"] = pd.to_datetime(bars["date"]).dt.date
    spans = bars.groupby("symbol")["date"].agg(["min", "max"])
    for symbol, first, last in spans.itertuples():
        instrument = packaged.instruments[symbol]
        assert instrument.since <= first, symbol
        assert instrument.until is None or last <= instrument.until, symbol


def test_the_tiers_stand_in_their_expected_order(packaged):
    assert [tier.id for tier in packaged.tiers] == [
        "defensive", "ai_leaders", "semiconductors", "crypto_equity",
    ]  # fmt: skip


def test_the_baskets_are_those_of_the_rotation_mart(packaged):
    today = date(2026, 5, 29)
    members = {basket.id: basket.members_on(today) for basket in packaged.baskets.values()}
    assert members["defensive"] == words("XLP XLU XLV")
    assert members["ai_leaders"] == words("NVDA MSFT AAPL GOOGL AMZN META")
    assert members["semiconductors"] == words(
        "AVGO AMD MU INTC QCOM TXN AMAT LRCX KLAC ADI MRVL NXPI MCHP ON"
    )
    assert members["crypto_equity"] == words("COIN MSTR MARA RIOT CLSK HOOD")
    sector_funds = [basket for basket in packaged.baskets.values() if basket.role == "sector_fund"]
    assert {basket.id for basket in sector_funds} == words("xlk xlc xly xlf xle xli xlre xlp xlu xlv xlb")
    assert all(basket.members_on(today) == {basket.id.upper()} for basket in sector_funds)
    assert members["bitcoin"] == {"BTC-USD"}


def test_a_company_is_in_a_basket_only_once_it_was_listed(packaged):
    crypto = packaged.baskets["crypto_equity"]
    assert "COIN" not in crypto.members_on(date(2021, 4, 13))
    assert "COIN" in crypto.members_on(date(2021, 4, 14))


def test_two_classes_are_one_company_with_its_primary_line_first(packaged):
    assert [line.symbol for line in packaged.lines("GOOGL")] == ["GOOGL", "GOOG"]
    assert [line.symbol for line in packaged.lines("FOXA")] == ["FOXA", "FOX"]
    assert all(line.counts_whole_company for line in packaged.lines("GOOGL") + packaged.lines("FOXA"))
    assert packaged.instruments["GOOGL"].primary_line
    assert not packaged.instruments["GOOG"].primary_line


def test_a_delisted_company_is_asked_only_while_it_traded(packaged):
    def requested(start: date, end: date) -> set[str]:
        return {instrument.symbol for instrument in packaged.to_fetch(start, end)}

    assert "ANSS" in requested(date(2025, 7, 17), date(2025, 8, 1))
    assert "ANSS" not in requested(date(2025, 7, 18), date(2025, 8, 1))
    assert "ARM" not in requested(date(2023, 1, 2), date(2023, 9, 13))


def test_a_ticker_another_company_carries_today_is_never_asked(packaged):
    reused = {instrument.symbol for instrument in packaged.instruments.values() if instrument.ticker_reused}
    assert "BBBY" in reused
    requested = packaged.to_fetch(date(2000, 1, 1), date(2030, 1, 1))
    assert not reused & {instrument.symbol for instrument in requested}


def test_what_is_revised_is_known_by_its_vintage(packaged):
    revised = words("NFCI PAYEMS ICSA RSAFS INDPRO CPIAUCSL UNRATE STLFSI4 AHETPI PPIACO ECIWAG IPG3344S")
    assert all(packaged.series[series_id].known == Availability(vintage=True) for series_id in revised)


def test_a_rule_is_told_with_its_lag(packaged):
    reported = {series_id: (series.known.rule, series.known.lag) for series_id, series in packaged.series.items()}
    assert reported["VIXCLS"] == ("lag_business_days", 1)
    assert reported["T10Y2Y"] == ("lag_federal_business_days", 0)
    assert reported["NFCI"] == ("vintage", 0)


def test_yields_follow_the_board_and_closes_the_exchange(packaged):
    federal = {series_id for series_id, series in packaged.series.items()
               if series.known.rule == "lag_federal_business_days"}
    assert federal == words("DGS10 DGS2 T10Y2Y DFII10 BAA10Y BAMLH0A0HYM2 DFF")
    assert {series_id for series_id, series in packaged.series.items() if series.known.rule == "lag_business_days"} == \
        words("VIXCLS VXVCLS NASDAQCOM NASDAQ100 SP500")


def test_every_foreign_filer_with_statements_says_so(packaged):
    foreign = {symbol for symbol, company in packaged.instruments.items()
               if company.statements and any(filer.category == "foreign" for filer in company.filer)}
    assert foreign == words("AZN TSM")


def test_the_second_sources_of_the_indices_are_named(packaged):
    fallbacks = {series.fallback_for: series.id for series in packaged.series.values() if series.fallback_for}
    assert fallbacks == {"^VIX": "VIXCLS", "^IXIC": "NASDAQCOM", "^GSPC": "SP500", "^NDX": "NASDAQ100"}


def test_bitcoin_alone_ends_its_day_at_midnight_utc(packaged):
    rules = {i.symbol: i.known for i in packaged.instruments.values()}
    assert rules.pop("BTC-USD") == Availability(after_utc_midnight_minutes=15)
    assert set(rules.values()) == {Availability(after_close_minutes=15)}
    assert [i.symbol for i in packaged.of_kind("crypto")] == ["BTC-USD"]


def test_a_catalog_cannot_be_changed(packaged):
    with pytest.raises(FrozenInstanceError):
        packaged.instruments["AAPL"].name = "Pear"
    with pytest.raises(TypeError, match="item assignment"):
        packaged.instruments["PEAR"] = packaged.instruments["AAPL"]
    assert isinstance(packaged.baskets["defensive"].members, tuple)


def test_stocks_stand_in_order_and_no_entry_twice():
    text = (catalog.PACKAGED / "stocks.toml").read_text(encoding="utf-8")
    for part in text.split("\n# Former members")[0:2]:
        symbols = re.findall(r"^([A-Z-]+) = ", part, flags=re.MULTILINE)
        assert symbols == sorted(symbols)


def test_loading_is_quick_and_needs_nothing_heavy():
    load = "import sys; from warehouse import catalog; catalog.load(); print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", load], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    started = time.process_time()
    catalog.load()
    assert time.process_time() - started < 0.1


def test_the_vix_is_asked_of_cboe_first_and_every_other_instrument_of_yahoo_alone(packaged):
    by_source = {symbol: [source.id for source in packaged.sources_of("bars", instrument)]
                 for symbol, instrument in packaged.instruments.items()}
    assert by_source.pop("^VIX") == ["yahoo", "cboe"]
    assert set(map(tuple, by_source.values())) == {("yahoo",)}
    assert packaged.sources["cboe"].priority < packaged.sources["yahoo"].priority < packaged.sources["fred"].priority


def test_a_source_can_give_whole_kinds_of_instruments(packaged):
    another = replace(packaged.sources["cboe"], id="another", gives=Gives(bars=("stock", "^NDX"), shares=("stock",)))
    more = replace(packaged, sources={**packaged.sources, "another": another})
    gives = {(feed, symbol): [source.id for source in more.sources_of(feed, more.instruments[symbol])]
             for feed, symbol in (("bars", "NVDA"), ("shares", "NVDA"), ("bars", "^NDX"), ("bars", "XLK"))}
    assert gives == {("bars", "NVDA"): ["yahoo", "another"], ("shares", "NVDA"): ["yahoo", "another"],
                     ("bars", "^NDX"): ["yahoo", "another"], ("bars", "XLK"): ["yahoo"]}
