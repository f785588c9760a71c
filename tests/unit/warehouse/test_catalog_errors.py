"""A catalog that is wrong in one place says so before anything runs, with the place's name."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

import pytest

from warehouse import catalog
from warehouse.errors import CatalogError

SMALL = {
    "sources.toml": """
        [yahoo]
        title = "Yahoo"
        requests_per_second = 4
        timeout_seconds = 20.0
        tries = 4
        terms = "Read, do not redistribute."
        price_convention = "split_adjusted"
    """,
    "feeds.toml": """
        [bars]
        title = "Daily bars"
        source = "yahoo"
        known = { after_close_minutes = 15 }
        reask_days = 10
        stale_after_days = 4
        license = "vendor data"
    """,
    "macro.toml": """
        [VIXCLS]
        title = "Volatility"
        source = "yahoo"
        unit = "index"
        frequency = "daily"
        known = { lag_business_days = 1 }
        since = 1990-01-02
        stale_after_days = 7
        range = [5, 150]
        license = "citation"
        fallback_for = "^VIX"
    """,
    "stocks.toml": """
        defaults = { kind = "stock", since = 2019-06-03, known = { after_close_minutes = 15 } }
        AAA = { name = "Aardvark", share_class = "A" }
        AAB = { name = "Aardvark", share_class = "B", issuer = "AAA" }
        BBB = { name = "Bear", until = 2024-01-31 }
    """,
    "funds.toml": "",
    "indices.toml": """
        "^VIX" = { name = "VIX", kind = "index", since = 1990-01-02, known = { after_close_minutes = 15 } }
    """,
    "baskets.toml": """
        [pair]
        title = "Pair"
        role = "tier"
        rank = 1
        weighting = "equal"
        members = [{ symbol = "AAA", valid_from = 2020-01-02 }, { symbol = "BBB", valid_from = 2020-01-02 }]
    """,
    "universes/TOP.toml": """
        title = "Top"
        published_index = "^VIX"
        initial_date = 2020-01-02
        initial_symbols = ["AAA", "BBB"]
        changes = [
            { date = 2021-01-04, add = ["AAB"], remove = ["BBB"] },
            { date = 2022-01-03, add = ["BBB"] },
        ]
    """,
}

# Every run asks for these too.
SMALL["feeds.toml"] += "".join(f"""
        [{feed}]
        title = "{feed}"
        source = "yahoo"
        known = {{ lag_days = 1 }}
        reask_days = 1
        stale_after_days = 1
        license = "vendor data"
""" for feed in ("shares", "statements", "weights"))
SMALL["sources.toml"] += SMALL["sources.toml"].replace("[yahoo]", "[fred]")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small catalog without a fault."""
    (tmp_path / "universes").mkdir()
    for name, text in SMALL.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def edit(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_small_catalog_has_no_fault(folder):
    loaded = catalog.load(folder)
    assert loaded.folder == folder
    assert loaded.instruments["AAA"].issuer == "AAA"
    members = loaded.universes["TOP"].members
    stays = [(stay.symbol, stay.valid_from.year, stay.valid_to and stay.valid_to.year) for stay in members]
    assert stays == [("AAA", 2020, None), ("AAB", 2021, None), ("BBB", 2020, 2021), ("BBB", 2022, None)]


# What is replaced by what, and what the error must say: file, entry, key, words of the problem.
FAULTS = {
    "unknown key": (
        "macro.toml", "stale_after_days = 7", "stale_after_dais = 7",
        "VIXCLS", "stale_after_dais", "did you mean 'stale_after_days'"),
    "unknown key of an inline entry": (
        "stocks.toml", "until = 2024-01-31", "untill = 2024-01-31",
        "BBB", "untill", "did you mean 'until'"),
    "unknown key of a nested table": (
        "macro.toml", "lag_business_days = 1", "lag_busines_days = 1",
        "VIXCLS", "known.lag_busines_days", "did you mean 'lag_business_days'"),
    "unknown key among the defaults": (
        "stocks.toml", "defaults = { kind", "defaults = { knid = 1, kind",
        "defaults", "knid", "did you mean 'kind'"),
    "the entry's own name as a key": (
        "stocks.toml", 'name = "Bear"', 'symbol = "BBB", name = "Bear"',
        "BBB", "symbol", "is not a known key"),
    "missing key": (
        "sources.toml", "tries = 4", "",
        "yahoo", "tries", "is missing"),
    "entry that is no table": (
        "stocks.toml", "BBB = { name", "BBA = 3\nBBB = { name",
        "BBA", "-", "must be a table"),
    "text for a number": (
        "sources.toml", "tries = 4", 'tries = "4"',
        "yahoo", "tries", "must be a whole number"),
    "fraction for a whole number": (
        "sources.toml", "tries = 4", "tries = 4.5",
        "yahoo", "tries", "whole number"),
    "truth for a number": (
        "sources.toml", "= 20.0", "= true",
        "yahoo", "timeout_seconds", "must be a number"),
    "number for a text": (
        "stocks.toml", 'name = "Bear"', "name = 7",
        "BBB", "name", "must be text"),
    "text for a date": (
        "macro.toml", "1990-01-02", '"1990-01-02"',
        "VIXCLS", "since", "must be a date"),
    "moment for a date": (
        "macro.toml", "1990-01-02", "1990-01-02T00:00:00",
        "VIXCLS", "since", "must be a date"),
    "empty text": (
        "stocks.toml", 'name = "Bear"', 'name = ""',
        "BBB", "name", "says nothing"),
    "not a number": (
        "macro.toml", "[5, 150]", "[5, nan]",
        "VIXCLS", "range[1]", "says nothing"),
    "number out of bounds": (
        "sources.toml", "tries = 4", "tries = 0",
        "yahoo", "tries", "at least 1"),
    "negative lag": (
        "macro.toml", "lag_business_days = 1", "lag_business_days = -1",
        "VIXCLS", "known.lag_business_days", "at least 0"),
    "value outside its choices": (
        "macro.toml", '"daily"', '"dayly"',
        "VIXCLS", "frequency", "did you mean 'daily'"),
    "two rules of availability": (
        "macro.toml", "{ lag_business_days = 1 }", "{ lag_business_days = 1, vintage = true }",
        "VIXCLS", "known", "exactly one rule, but holds lag_business_days, vintage"),
    "no rule of availability": (
        "macro.toml", "{ lag_business_days = 1 }", "{}",
        "VIXCLS", "known", "but holds none"),
    "a vintage that is none": (
        "macro.toml", "{ lag_business_days = 1 }", "{ vintage = false }",
        "VIXCLS", "known.vintage", "only be true"),
    "year ends of a rule that has none": (
        "macro.toml", "{ lag_business_days = 1 }",
        "{ lag_business_days = 1, after_year_end_days = { other = 90, large_accelerated = 60, foreign = 120 } }",
        "VIXCLS", "known.after_year_end_days", "only for the rule after_period_end_days"),
    "year ends without a category": (
        "macro.toml", "{ lag_business_days = 1 }",
        "{ after_period_end_days = 45, after_year_end_days = { other = 90, foreign = 120 } }",
        "VIXCLS", "known.after_year_end_days.large_accelerated", "is missing"),
    "a thirteenth month": (
        "stocks.toml", 'name = "Bear"', 'name = "Bear", fiscal_year_end_month = 13',
        "BBB", "fiscal_year_end_month", "at most 12"),
    "a filer of no category": (
        "stocks.toml", 'name = "Bear"', 'name = "Bear", filer = [{ category = "foreing", since = 2020-01-02 }]',
        "BBB", "filer[0].category", "did you mean 'foreign'"),
    "categories of a filer that run backwards": (
        "stocks.toml", 'name = "Bear"', 'name = "Bear", filer = [{ category = "foreign", since = 2020-01-02 }, '
        '{ category = "other", since = 2020-01-02 }]',
        "BBB", "filer", "not after the category before it"),
    "range reversed": (
        "macro.toml", "[5, 150]", "[150, 5]",
        "VIXCLS", "range", "the lower bound must come first"),
    "a largest change of nothing": (
        "macro.toml", "range = [5, 150]", "range = [5, 150]\nmax_change = 0",
        "VIXCLS", "max_change", "must be a number above 0"),
    "a largest ratio that is none": (
        "macro.toml", "range = [5, 150]", "range = [5, 150]\nmax_ratio = 1",
        "VIXCLS", "max_ratio", "must be a number above 1"),
    "a largest ratio of what may be negative": (
        "macro.toml", "range = [5, 150]", "range = [-5, 150]\nmax_ratio = 2",
        "VIXCLS", "max_ratio", "declare max_change"),
    "a largest ratio beside a largest change": (
        "macro.toml", "range = [5, 150]", "range = [5, 150]\nmax_ratio = 2\nmax_change = 5",
        "VIXCLS", "max_change", "declare only one"),
    "range of three": (
        "macro.toml", "[5, 150]", "[5, 6, 7]",
        "VIXCLS", "range", "must have 2"),
    "range that is no list": (
        "macro.toml", "[5, 150]", "5",
        "VIXCLS", "range", "must be a list"),
    "until before since": (
        "stocks.toml", "until = 2024-01-31", "until = 2019-01-31",
        "BBB", "until", "before since (2019-06-03)"),
    "unknown source of a series": (
        "macro.toml", '"yahoo"', '"yahu"',
        "VIXCLS", "source", "not in sources; did you mean 'yahoo'"),
    "unknown source of a feed": (
        "feeds.toml", '"yahoo"', '"frad"',
        "bars", "source", "not in sources"),
    "fallback for nobody": (
        "macro.toml", '"^VIX"', '"^VIXX"',
        "VIXCLS", "fallback_for", "not in instruments; did you mean '^VIX'"),
    "unknown issuer": (
        "stocks.toml", 'issuer = "AAA"', 'issuer = "ZZZ"',
        "AAB", "issuer", "not in instruments"),
    "issuer that is no primary line": (
        "stocks.toml", 'name = "Bear"', 'name = "Bear", issuer = "AAB"',
        "BBB", "issuer", "names AAB, whose own issuer is AAA"),
    "basket of a stranger": (
        "baskets.toml", '"BBB"', '"BBC"',
        "pair", "members[1].symbol", "'BBC', which is not in instruments"),
    "basket member twice": (
        "baskets.toml", '"BBB"', '"AAA"',
        "pair", "members", "adds AAA on 2020-01-02"),
    "basket member that ends before it begins": (
        "baskets.toml", "2020-01-02 }]", "2020-01-02, valid_to = 2020-01-02 }]",
        "pair", "members[1].valid_to", "not after valid_from"),
    "basket of nobody": (
        "baskets.toml", "members = [{", "members = []\n#",
        "pair", "members", "is empty"),
    "tier without a rank": (
        "baskets.toml", "rank = 1", "",
        "pair", "rank", "is needed for a tier"),
    "rank of no tier": (
        "baskets.toml", '"tier"', '"fund"',
        "pair", "rank", "and for nothing else"),
    "universe of a stranger": (
        "universes/TOP.toml", '["AAB"]', '["AAC"]',
        "TOP", "changes[0].add[0]", "'AAC', which is not in instruments"),
    "universe that adds a member": (
        "universes/TOP.toml", '["AAB"]', '["AAA"]',
        "TOP", "changes[0]", "adds AAA on 2021-01-04"),
    "universe that adds what it removes": (
        "universes/TOP.toml", '["AAB"]', '["BBB"]',
        "TOP", "changes[0]", "adds BBB on 2021-01-04"),
    "universe that removes a stranger": (
        "universes/TOP.toml", 'remove = ["BBB"]', 'remove = ["^VIX"]',
        "TOP", "changes[0]", "removes ^VIX"),
    "universe whose changes run backwards": (
        "universes/TOP.toml", "2022-01-03", "2021-01-04",
        "TOP", "changes[1]", "not after the change before it"),
    "universe that begins with a name twice": (
        "universes/TOP.toml", '["AAA", "BBB"]', '["AAA", "AAA", "BBB"]',
        "TOP", "initial_symbols", "adds AAA"),
    "universe with an unknown key": (
        "universes/TOP.toml", "changes =", "chnages =",
        "TOP", "chnages", "did you mean 'changes'"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_place(folder, fault):
    file, old, new, entry, key, problem = FAULTS[fault]
    edit(folder, file, old, new)
    with pytest.raises(CatalogError) as raised:
        catalog.load(folder)
    error = raised.value
    assert (error.file, error.entry, error.key) == (file, entry, key)
    assert problem in error.problem


def test_an_entry_in_two_files_is_refused(folder):
    (folder / "funds.toml").write_text(
        'BBB = { name = "B", kind = "fund", since = 2020-01-02, known = { lag_days = 1 } }', encoding="utf-8"
    )
    with pytest.raises(CatalogError, match="BBB: is in instruments twice") as raised:
        catalog.load(folder)
    assert raised.value.file in ("funds.toml", "stocks.toml")


def test_two_tiers_of_one_rank_are_refused(folder):
    pair = SMALL["baskets.toml"]
    (folder / "baskets.toml").write_text(pair + pair.replace("[pair]", "[other]"), encoding="utf-8")
    with pytest.raises(CatalogError, match="entry other, key rank: is 1, the same as that of pair"):
        catalog.load(folder)


def test_a_file_that_is_no_toml_is_refused(folder):
    (folder / "funds.toml").write_text("SPY = {", encoding="utf-8")
    with pytest.raises(CatalogError, match=r"catalog funds\.toml.*is not TOML"):
        catalog.load(folder)


def test_a_file_nobody_reads_is_refused(folder):
    (folder / "makro.toml").write_text("", encoding="utf-8")
    with pytest.raises(CatalogError, match=r"catalog makro\.toml.*did you mean 'macro\.toml'"):
        catalog.load(folder)


def test_an_error_crosses_process_borders_whole(folder):
    edit(folder, "sources.toml", "tries = 4", "tries = 0")
    with pytest.raises(CatalogError) as raised:
        catalog.load(folder)
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)


def test_the_hash_stays_when_only_the_writing_changes(folder):
    before = catalog.load(folder).hash
    edit(folder, "sources.toml", "tries = 4", "tries    = 4  # patience")
    edit(folder, "stocks.toml", 'name = "Bear", until = 2024-01-31', 'until = 2024-01-31, name = "Bear"')
    assert catalog.load(folder).hash == before


def test_the_hash_is_the_same_wherever_the_folder_lies(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "catalog"
    shutil.copytree(folder, elsewhere)
    assert catalog.load(elsewhere).hash == catalog.load(folder).hash


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("stocks.toml", '"Bear"', '"Boar"'),
        ("stocks.toml", "2019-06-03", "2019-06-04"),
        ("universes/TOP.toml", "2021-01-04", "2021-01-05"),
        ("macro.toml", "[5, 150]", "[5, 151]"),
    ],
)
def test_the_hash_changes_with_what_is_said(folder, file, old, new):
    before = catalog.load(folder).hash
    edit(folder, file, old, new)
    assert catalog.load(folder).hash != before


SPINOFFS = 'AAB = { of = "AAA", ex_date = 2021-03-01, gives = 1, for_every = 4 }'


def test_spin_offs_are_a_file_of_their_own_that_may_be_missing(folder):
    assert catalog.load(folder).spinoffs == {}
    (folder / "spinoffs.toml").write_text(SPINOFFS)
    assert catalog.load(folder).spinoffs["AAB"].per_share == 0.25


@pytest.mark.parametrize(("old", "new", "entry", "key", "words"), [
    ("AAB =", "AAC =", "AAC", "-", "is not in instruments; did you mean"),
    ('"AAA"', '"AAX"', "AAB", "of", "names 'AAX', which is not in instruments"),
    ('"AAA"', '"AAB"', "AAB", "of", "is the distributed line itself"),
    ("gives = 1", "gives = 0", "AAB", "gives", "must be at least"),
    ("gives = 1, ", "", "AAB", "gives", "is missing"),
    ("2021-03-01", '"soon"', "AAB", "ex_date", "must be a date"),
])
def test_a_wrong_spin_off_names_itself(folder, old, new, entry, key, words):
    (folder / "spinoffs.toml").write_text(SPINOFFS.replace(old, new))
    with pytest.raises(CatalogError, match=words) as raised:
        catalog.load(folder)
    assert (raised.value.file, raised.value.entry, raised.value.key) == ("spinoffs.toml", entry, key)


# What cannot be held, counted or read


@pytest.mark.parametrize(("file", "old", "new", "words"), [
    ("feeds.toml", "reask_days = 10", "reask_days = 99999999", "entry bars, key reask_days: is 99999999, but must be"),
    ("feeds.toml", "after_close_minutes = 15", "after_close_minutes = 1e20", "key known.after_close_minutes: is 1e+20"),
    ("feeds.toml", "after_close_minutes = 15", f"after_close_minutes = {10**20}", "must lie between"),
    ("sources.toml", "timeout_seconds = 20.0", "timeout_seconds = 1e300", "entry yahoo, key timeout_seconds: is 1e+300"),
    ("sources.toml", "timeout_seconds = 20.0", f"timeout_seconds = {10**400}", "must lie between"),
    ("sources.toml", "timeout_seconds = 20.0", "timeout_seconds = 601", "must be at most 600"),
    ("sources.toml", "tries = 4", "tries = 1000000", "must be at most 20"),
    ("sources.toml", "requests_per_second = 4", "requests_per_second = 1e9", "must be at most 1,000"),
    ("stocks.toml", "since = 2019-06-03", "since = 0001-01-01", "entry AAA, key since: is 0001-01-01, but must be"),
    ("stocks.toml", "until = 2024-01-31", "until = 9999-12-31", "entry BBB, key until: is 9999-12-31, but must be"),
    ("macro.toml", "range = [5, 150]", "range = [5, 1e300]", "entry VIXCLS, key range[1]: is 1e+300, but must lie between"),
    ("baskets.toml", "rank = 1", f"rank = {2**70}", "entry pair, key rank: is 1180591620717411303424, but must lie"),
    ("stocks.toml", '"Bear"', f'"{"B" * 3000}"', "entry BBB, key name: has 3,000 characters"),
    ("stocks.toml", "BBB = {", '"B\\u001b[2J" = {', "entry 'B\\x1b[2J': is not a valid name"),
    ("stocks.toml", "BBB = {", f'{"B" * 200} = {{', "is not a valid name: use up to 60 characters"),
    ("stocks.toml", '"Bear"', "[" * 3000 + "]" * 3000, "its brackets are nested too deeply"),
    ("stocks.toml", '"Bear"', "[" * 90 + "]" * 90, "must be text"),
    ("stocks.toml", '"Bear"', "9" * 5000, "is not TOML"),
    ("feeds.toml", "[bars]", "[actions]", "catalog feeds.toml, entry bars: is missing, and every run needs it"),
    ("sources.toml", 'price_convention = "split_adjusted"', "", "key price_convention: is missing, and it gives"),
    ("sources.toml", 'price_convention = "split_adjusted"', 'price_convention = "usd"', "must be one of split_adjusted"),
    ("sources.toml", "tries = 4", "tries = 4\npriority = 0", "entry yahoo, key priority: is 0, but must be at least 1"),
    ("sources.toml", "tries = 4", 'tries = 4\nhosts = ["file:///etc"]', "key hosts: has 'file:///etc', but each must be https://"),
    ("sources.toml", "tries = 4", 'tries = 4\ngives = { bars = ["^VX"] }',
     "entry yahoo, key gives.bars: names '^VX', which is neither in instruments nor a kind of them; did you mean '^VIX'"),
])
def test_what_no_run_could_work_with_is_told_before_it(folder, file, old, new, words):
    edit(folder, file, old, new)
    with pytest.raises(CatalogError) as raised:
        catalog.load(folder)
    assert words in str(raised.value)
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize(("instead", "words"), [
    (lambda file: file.mkdir(), "is not a file: a folder is in its place"),
    (lambda file: file.symlink_to(file.name), "is not a file: a link that leads nowhere is"),
    (lambda file: file.symlink_to("nowhere"), "is not a file: a link that leads nowhere is"),
    (lambda file: os.mkfifo(file), "is not a file: a pipe or a device is"),
    (lambda file: file.symlink_to("/dev/zero"), "is not a file: a pipe or a device is"),
    (lambda file: file.write_bytes(b"\xff"), "is not UTF-8 text (byte 0xff at position 0)"),
    (lambda file: os.truncate(os.open(file, os.O_CREAT | os.O_RDWR), 17 << 20), "has more than 16 MB")])
@pytest.mark.parametrize("name", ["stocks.toml", "universes/TOP.toml"])
def test_what_stands_in_a_files_place_is_said(folder, instead, words, name):
    (folder / name).unlink()
    instead(folder / name)
    with pytest.raises(CatalogError) as raised:
        catalog.load(folder)
    assert str(raised.value).startswith(f"catalog {name}: ")
    assert words in str(raised.value)


@pytest.mark.parametrize("make", [lambda place: place.write_text(""), lambda place: place.symlink_to(place.name),
                                  lambda place: place.symlink_to("nowhere"), lambda place: None])
def test_a_catalog_that_is_no_folder_is_said(tmp_path, make):
    make(tmp_path / "catalog")
    with pytest.raises(CatalogError, match=r"(is not a folder|does not exist); name a folder with --catalog"):
        catalog.load(tmp_path / "catalog")


def test_a_name_that_would_move_the_cursor_is_read_as_its_escapes(folder):
    edit(folder, "stocks.toml", '"Bear"', '"Be\\u001b[2Jar"')
    assert catalog.load(folder).instruments["BBB"].name == "Be\\u001b[2Jar"
