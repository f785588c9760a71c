"""A folder of a user's own entries: what it adds, what it replaces, and how its mistakes are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from warehouse import catalog
from warehouse.errors import CatalogError

TIER = """
    [software]
    title = "Software"
    role = "tier"
    rank = 5
    members = [{ symbol = "ACME", valid_from = 2015-01-02 }, { symbol = "ADBE", valid_from = 2015-01-02 }]
"""
ACME = 'ACME = { name = "Acme Inc.", since = 2019-06-03 }'


@pytest.fixture
def overlay(tmp_path: Path) -> Callable[..., Path]:
    """A folder with these files."""

    def write(**files: str) -> Path:
        for name, text in files.items():
            file = tmp_path / f"{name.replace('__', '/')}.toml"
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_entries_are_added_with_the_packaged_defaults(overlay) -> None:
    folder = overlay(stocks=ACME, baskets=TIER)
    packaged, both = catalog.load(), catalog.load(folder)
    assert both.instruments["ACME"].kind == "stock"
    assert both.instruments["ACME"].known == packaged.instruments["AAPL"].known
    assert [tier.id for tier in both.tiers] == [*(tier.id for tier in packaged.tiers), "software"]
    assert both.baskets["software"].weighting == "equal"
    assert both.instruments.keys() - packaged.instruments.keys() == {"ACME"}
    assert both.series == packaged.series
    assert both.hash != packaged.hash


def test_an_entry_of_the_same_name_takes_the_packaged_ones_place(overlay) -> None:
    folder = overlay(sources="""
        [yahoo]
        title = "Yahoo, asked with patience"
        price_convention = "split_adjusted"
        requests_per_second = 1
        timeout_seconds = 60
        tries = 2
        terms = "For personal use"
        """, universes__NDX="""
        title = "Two"
        published_index = "^NDX"
        initial_date = 2020-01-02
        initial_symbols = ["AAPL", "MSFT"]
        changes = []""")
    packaged, both = catalog.load(), catalog.load(folder)
    assert both.sources["yahoo"].tries == 2
    assert list(both.sources) == list(packaged.sources)
    assert both.universes["NDX"].members_on(date(2026, 1, 2)) == {"AAPL", "MSFT"}
    assert both.instruments == packaged.instruments


def test_own_defaults_come_before_the_packaged_ones_and_change_no_packaged_entry(overlay) -> None:
    folder = overlay(funds='defaults = { since = 2020-01-02 }\nXBI = { name = "Biotech" }')
    both = catalog.load(folder)
    assert (both.instruments["XBI"].since, both.instruments["XBI"].kind) == (date(2020, 1, 2), "fund")
    assert both.instruments["SPY"] == catalog.load().instruments["SPY"]


def test_the_packaged_entries_said_again_are_the_packaged_catalog(overlay) -> None:
    again = overlay(baskets=(catalog.PACKAGED / "baskets.toml").read_text(encoding="utf-8"))
    assert catalog.load(again).hash == catalog.load().hash


@pytest.mark.parametrize(("files", "file", "entry", "words"), [
    ({"funds": 'XBI = { nam = "Biotech" }'}, "/funds.toml", "XBI", "did you mean 'name'"),
    ({"baskets": TIER.replace("rank = 5", "rank = 4")}, "baskets.toml", "software", "the same as that of crypto_equity"),
    ({"baskets": TIER.replace("ACME", "ACNE")}, "/baskets.toml", "software", "names 'ACNE', which is not in instruments"),
    ({"stocks": 'SPY = { name = "A stock" }'}, "/stocks.toml", "SPY", "twice"),
    ({"basket": TIER}, "basket.toml", "-", "did you mean 'baskets.toml'"),
    ({"funds": "XBI = {"}, "/funds.toml", "-", "is not TOML"),
    ({"funds": "XBI = " + 3000 * "[" + 3000 * "]"}, "/funds.toml", "-", "nested too deeply"),
    ({"universe__NDX": ""}, "universe/NDX.toml", "-", "is not a catalog file"),
])
def test_a_mistake_names_its_place(overlay, files, file, entry, words) -> None:
    folder = overlay(stocks=ACME) if "stocks" not in files else overlay()
    overlay(**files)
    with pytest.raises(CatalogError) as raised:
        catalog.load(folder)
    assert (raised.value.file, raised.value.entry) == (f"{folder}{file}" if file.startswith("/") else file, entry)
    assert words in raised.value.problem


def test_a_folder_without_a_file_of_a_catalog_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="has none of the files of a catalog"):
        catalog.load(tmp_path)
    with pytest.raises(CatalogError, match=r"nowhere.*: does not exist"):
        catalog.load(tmp_path / "nowhere")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "funds.toml").mkdir()
    with pytest.raises(CatalogError, match="is not a file: a folder is in its place"):
        catalog.load(tmp_path)
    (tmp_path / "funds.toml").rmdir()
    (tmp_path / "funds.toml").symlink_to(tmp_path / "funds.toml")
    with pytest.raises(CatalogError, match="is not a file: a link that leads nowhere"):
        catalog.load(tmp_path)


def test_of_several_indices_one_is_the_primary_one(overlay) -> None:
    second = """
        title = "Two"
        published_index = "^GSPC"
        initial_date = 2020-01-02
        initial_symbols = ["AAPL", "MSFT"]
        changes = []"""
    found = catalog.load(overlay(universes__SPX=second)).primary_index
    assert found is not None
    assert found.code == "NDX"
    with pytest.raises(CatalogError, match="key primary: is true in NDX and in SPX; set primary = true on exactly one"):
        catalog.load(overlay(universes__SPX=f"primary = true\n{second}"))
