"""A cache that is damaged costs nothing but itself: it is made anew, and the keys are received."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from charts import chart, outcome
from yfinance import cache as yf_cache

from flows.sources import yahoo
from flows.sources.yahoo_cache import FILES, discard_unreadable

DAMAGE = {
    "garbage": lambda file: file.write_bytes(os.urandom(20_000)),
    "a beginning": lambda file: file.write_bytes(b"SQLite format 3\0"),
    "nothing": lambda file: file.write_bytes(b""),
    "a folder": lambda file: file.mkdir(),
    "a ring of links": lambda file: file.symlink_to(file.name),
    "another program's tables": lambda file: sqlite3.connect(file).execute("create table mine (a)").connection.close(),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_each_file_is_made_anew(scripted, endpoint, ask, damage):
    server = scripted(lambda path, query: chart(["2026-01-05"], [1.0]))
    place = endpoint(server.base_url)
    place.cache.mkdir()
    for name in FILES:
        damage(place.cache / name)
    assert outcome(yahoo.prices([ask("AAA")], place))["status"] == "received"
    zones = yf_cache.get_tz_cache()
    assert zones and zones.lookup("AAA") == "America/New_York"  # noqa: PT018
    assert discard_unreadable(place.cache) == [], "what was made is whole"


def test_a_damage_while_the_process_lives_is_mended_too(scripted, endpoint, ask):
    place = endpoint(scripted(lambda path, query: chart(["2026-01-05"], [1.0])).base_url)
    yahoo.prices([ask("AAA")], place)
    (place.cache / "tkr-tz.db").write_bytes(b"garbage" * 1000)
    assert outcome(yahoo.prices([ask("AAA")], place))["status"] == "received"


@pytest.mark.parametrize("make", [lambda place: place.write_text("x"), lambda place: place.symlink_to("nowhere/at/all")])
def test_what_stands_in_the_folders_place_goes(scripted, endpoint, ask, make):
    place = endpoint(scripted(lambda path, query: chart(["2026-01-05"], [1.0])).base_url)
    make(place.cache)
    assert outcome(yahoo.prices([ask("AAA")], place))["status"] == "received"
    assert Path(place.cache).is_dir()
