"""What docs/extend shows works as it is printed: the entries load, the mart builds and its test passes."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest
from spec import Spec
from tiny_market import ROOT

from transforms.engine import project
from warehouse.catalog import Catalog, load

PAGES = ROOT / "docs" / "extend"


def block(page: str, language: str) -> str:
    """The first block of a language on a page, as a file's text."""
    found = re.search(rf"```{language}\n(.*?)```", (PAGES / page).read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def with_entry(folder: Path, file: str, text: str) -> Catalog:
    (folder / file).write_text(text, encoding="utf-8")
    return load(folder)


def test_the_series_is_an_entry(tmp_path: Path) -> None:
    series = with_entry(tmp_path, "macro.toml", block("series.md", "toml")).series["WALCL"]
    assert (series.source, series.known.vintage) == ("fred", True)


def test_the_basket_is_the_tier_after_the_packaged_ones(tmp_path: Path) -> None:
    catalog = with_entry(tmp_path, "baskets.toml", block("basket.md", "toml"))
    assert [tier.rank for tier in catalog.tiers] == [1, 2, 3, 4, 5]
    assert catalog.tiers[-1].id == "software"


@pytest.fixture(scope="module")
def spec_with_the_mart(tmp_path_factory: pytest.TempPathFactory) -> Spec:
    folder = tmp_path_factory.mktemp("models")
    for layer in (project.FOLDER / "staging").parent.glob("*/"):
        if layer.name in (*project.READS, project.CLAIMS):
            shutil.copytree(layer, folder / layer.name)
    (folder / "marts" / "curve_daily.sql").write_text(block("mart.md", "sql"), encoding="utf-8")
    return Spec(folder)


def test_the_mart_passes_its_test(spec_with_the_mart: Spec) -> None:
    assert "tests/unit/transforms/test_curve_daily.py" in (PAGES / "mart.md").read_text(encoding="utf-8")
    module = ModuleType("test_curve_daily")
    exec(compile(block("mart.md", "python"), "docs/extend/mart.md", "exec"), module.__dict__)
    tests = [value for name, value in vars(module).items() if name.startswith("test_")]
    assert len(tests) == 2
    for test in tests:
        test(spec_with_the_mart)


@pytest.mark.parametrize("page", sorted(path.name for path in PAGES.glob("*.md")))
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    """Those that its reader creates are named in “Create ...”, or lie in a folder of the reader's own."""
    text = (PAGES / page).read_text(encoding="utf-8")
    created = set(re.findall(r"[Cc]reate\s+`([^`]+)`", text))
    named = set(re.findall(r"`((?:flows|transforms|warehouse|tests|expectations)/[\w./-]+)`", text)) - created
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_the_source_gives_its_symbol_after_those_of_lower_number(tmp_path: Path) -> None:
    catalog = with_entry(tmp_path, "sources.toml", block("source.md", "toml"))
    assert [source.id for source in catalog.sources_of("bars", catalog.instruments["^GSPC"])] == ["yahoo", "stooq"]


def test_the_index_is_a_file_beside_the_primary_one(tmp_path: Path) -> None:
    (tmp_path / "universes").mkdir()
    catalog = with_entry(tmp_path, "universes/SPX.toml", block("index.md", "toml"))
    assert catalog.universes["SPX"].members_on(date(2021, 1, 4)) == {"AAPL", "MSFT", "TSLA"}
    assert catalog.primary_index
    assert catalog.primary_index.code == "NDX"
