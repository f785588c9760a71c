"""The simulated archive: the same bytes for a seed, the layout of a real one, and every bar but the planted holes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from flows.simulator import simulate
from warehouse.catalog import load
from warehouse.errors import ArchiveNotSimulated, BadRequest

FILES = ("bars", "actions", "shares", "instruments", "observations", "series", "statements", "membership",
         "index_weights")
TRUTH = ("index_weight", "index_return", "shares", "splits", "holes", "revisions", "loadings", "leadership",
         "tier_excess", "operating_leverage")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    simulate(folder)
    return folder


def read(archive: Path, table: str) -> pd.DataFrame:
    frame = pd.read_parquet(archive / f"{table}.parquet")
    for column in frame.columns.intersection(["date", "first_date", "last_date", "realtime_start", "realtime_end",
                                              "published_on", "period_end"]):
        frame[column] = pd.to_datetime(frame[column])
    return frame


def digests(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_seed_gives_the_same_bytes_whatever_the_hash_seed(archive: Path, tmp_path: Path):
    simulation = "import sys; from pathlib import Path; from flows.simulator import simulate; " \
                 "simulate(Path(sys.argv[1]))"
    for hash_seed in ("0", "4242"):
        subprocess.run([sys.executable, "-c", simulation, str(tmp_path / hash_seed)], check=True,
                       env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)})
        assert digests(tmp_path / hash_seed) == digests(archive)


def test_another_seed_gives_another_market_with_the_same_story(archive: Path, tmp_path: Path):
    simulate(tmp_path, seed=8)
    ours, other = (read(folder, "bars").set_index(["symbol", "date"]).close for folder in (archive, tmp_path))
    assert (ours["AAPL"] != other["AAPL"]).mean() > 0.9
    assert ours["^VIX", "2026-03-27"] == other["^VIX", "2026-03-27"] == 31.05


def test_an_archive_that_was_not_simulated_is_never_overwritten(archive: Path, tmp_path: Path):
    (tmp_path / "bars.parquet").write_bytes(b"quotations")
    with pytest.raises(ArchiveNotSimulated, match="so it was not overwritten"):
        simulate(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["bars.parquet"]


@pytest.mark.parametrize("name", ["notes.txt", "truth/notes.txt", "of/mine/notes.txt"])
def test_nothing_is_written_between_files_of_others(name: str, tmp_path: Path):
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("mine")
    with pytest.raises(BadRequest, match=f"it holds {name}, which no simulation wrote"):
        simulate(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [file]


def test_a_real_archive_that_has_no_bars_yet_is_not_overwritten(tmp_path: Path):
    (tmp_path / "observations.parquet").write_bytes(b"vintages")
    with pytest.raises(ArchiveNotSimulated):
        simulate(tmp_path)


@pytest.mark.parametrize("out", ["file", "file/archive"])
def test_a_file_in_the_folders_place_is_said_in_one_sentence(out: str, tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BadRequest, match="the folder cannot be made"):
        simulate(tmp_path / out)


def test_a_simulation_that_was_cut_short_is_written_anew(archive: Path, tmp_path: Path):
    half = tmp_path / "half"
    shutil.copytree(archive, half, ignore=shutil.ignore_patterns("bars.parquet", "simulated.json"))
    (half / "unfinished").mkdir()
    (half / "unfinished" / "bars.parquet").write_bytes(b"half")
    simulate(half)
    assert digests(half) == digests(archive)


def test_it_says_that_it_is_simulated_and_from_when_to_when(archive: Path):
    assert json.loads((archive / "simulated.json").read_text()) == {
        "seed": 7, "simulated": True, "first_session": "2020-06-01", "last_session": "2026-05-29"}


def test_it_is_small_and_holds_every_file_of_the_layout(archive: Path):
    assert sum(path.stat().st_size for path in archive.rglob("*") if path.is_file()) < 25e6
    for table in FILES + tuple(f"truth/{name}" for name in TRUTH):
        assert pq.read_metadata(archive / f"{table}.parquet").num_rows > 0, table


def test_its_tables_have_the_columns_and_types_of_a_real_archive(archive: Path, real_archive: Path):
    for table in FILES:
        ours, real = (pq.read_schema(folder / f"{table}.parquet") for folder in (archive, real_archive))
        assert {field.name: field.type for field in ours} == {field.name: field.type for field in real}, table


def test_every_catalog_symbol_that_a_backfill_since_2023_asks_has_bars(archive: Path):
    requested = {i.symbol for i in load().to_fetch(pd.Timestamp("2023-02-10").date(), pd.Timestamp("2026-05-29").date())}
    assert requested == set(read(archive, "bars").symbol)


def test_every_stock_has_a_bar_for_each_session_of_its_life_except_the_planted_holes(archive: Path):
    bars, catalog = read(archive, "bars"), load()
    sessions = pd.DatetimeIndex(bars.date[bars.symbol == "^IXIC"].sort_values())
    holes = read(archive, "truth/holes")
    missing = holes[holes.kind.isin(["bar_missing", "bars_missing", "late_listing"])]
    days = bars.groupby("symbol").date.apply(pd.DatetimeIndex)
    for stock in catalog.of_kind("stock"):
        if stock.symbol not in days:
            continue
        life = sessions[(sessions >= pd.Timestamp(stock.since))
                        & (sessions <= pd.Timestamp(stock.until or "2026-05-29"))]
        for hole in missing.itertuples():
            if hole.symbol == stock.symbol or hole.kind == "bars_missing":
                life = life[(life < hole.first_date) | (life > hole.last_date)]
        assert list(days[stock.symbol]) == list(life), stock.symbol


def test_a_bar_holds_its_open_and_close_between_its_low_and_high(archive: Path):
    bars = read(archive, "bars")
    assert (bars.low > 0).all()
    assert (bars.low <= bars[["open", "close"]].min(axis=1)).all()
    assert (bars.high >= bars[["open", "close"]].max(axis=1)).all()


def test_bitcoin_trades_every_day_and_the_vix_has_rows_on_two_holidays(archive: Path):
    bars = read(archive, "bars")
    coin = bars.date[bars.symbol == "BTC-USD"]
    assert list(coin) == list(pd.date_range("2020-06-01", "2026-05-29"))
    sessions = set(bars.date[bars.symbol == "^IXIC"])
    vix = bars.date[bars.symbol == "^VIX"]
    assert sorted(vix[~vix.isin(sessions)].astype(str)) == ["2025-09-01", "2026-05-25"]


def test_a_split_leaves_the_capitalization_where_it_was(archive: Path):
    bars, truth = read(archive, "bars"), read(archive, "truth/shares")
    for split in read(archive, "truth/splits").itertuples():
        close = bars[bars.symbol == split.symbol].set_index("date").close
        count = truth[truth.symbol == split.symbol].set_index("date").true_count.reindex(close.index, method="ffill")
        before, after = (close * count)[:split.date].iloc[-2:]
        assert abs(after / before - 1) < 0.15, split
        assert close[:split.date].iloc[-2] / close[split.date] == pytest.approx(split.split_ratio, rel=0.15), split


def test_counts_see_a_split_on_its_day_one_late_and_for_one_two_sessions_early(archive: Path):
    bars, shares = read(archive, "bars"), read(archive, "shares")
    late = {}
    for split in read(archive, "truth/splits").itertuples():
        days = bars.date[bars.symbol == split.symbol].reset_index(drop=True)
        reported = shares[shares.symbol == split.symbol].set_index("date").shares_outstanding.reindex(days, method="ffill")
        closes = reported.to_numpy()
        jumps = np.flatnonzero(np.abs(closes[1:] / closes[:-1] / split.split_ratio - 1) < 0.02) + 1
        late[split.symbol, str(split.date.date())] = int(np.abs(jumps - days[days == split.date].index[0]).min())
        place = days[days == split.date].index[0] + split.count_late_sessions
        assert place in jumps, split
    assert late["LRCX", "2024-10-14"] == 2
    assert sorted(set(late.values())) == [0, 1, 2]
    ratios = read(archive, "truth/splits").split_ratio
    assert (ratios < 1).any()
    assert (read(archive, "truth/splits").date > "2025-05-29").any()


def test_both_classes_of_a_company_carry_the_whole_companys_count(archive: Path):
    shares = read(archive, "shares").set_index(["symbol", "date"]).shares_outstanding
    for one, two in (("GOOGL", "GOOG"), ("FOXA", "FOX")):
        assert shares[one].equals(shares[two])


def test_statements_add_up(archive: Path):
    wide = read(archive, "statements").pivot_table(index=["symbol", "period_end"], columns="item", values="value")
    assert (wide.groupby("symbol").size() == 12).all()
    for whole, parts in {
        "Total Revenue": ["Cost Of Revenue", "Gross Profit"],
        "Gross Profit": ["Operating Expense", "Operating Income"],
        "Operating Expense": ["Selling General And Administration", "Research And Development"],
        "Free Cash Flow": ["Operating Cash Flow", "Capital Expenditure"],
        "Total Assets": ["Total Liabilities Net Minority Interest", "Stockholders Equity"],
    }.items():
        assert (wide[whole] == wide[parts].sum(axis=1)).all(), whole


def test_the_ai_leaders_margins_rise_with_their_revenue(archive: Path):
    leverage = read(archive, "truth/operating_leverage")
    leaders = leverage[leverage.symbol.isin(["NVDA", "MSFT", "AAPL", "GOOG", "AMZN", "META"])]
    assert leaders.symbol.nunique() == 6
    assert (leaders.revenue_change > 0).all()
    assert (leaders.operating_margin_change > 0).all()
    assert (leaders.degree > 1).all()
