"""The day's page as a page: alone, light and dark, for every reader; its picture, the list of days, the command."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import story
from html_page import Page
from tiny_market import clean_environment, rallyscope

from flows.report.answer import Tile, answer, tiles
from flows.report.facts import Facts
from flows.report.page import chart, page, palette, picture
from flows.report.page.sections import Section
from flows.report.page.write import refresh, write
from warehouse import catalog
from warehouse.data_folder import DataFolder

CATALOG = catalog.load()


@pytest.fixture(scope="module")
def sections(known: Facts) -> list[Section]:
    return page.story(known)


# The page as a page.

def test_it_asks_nobody_for_anything(shown: Page, written: Path) -> None:
    """No element that fetches, no style that does, and a policy that would forbid it."""
    fetching = {"script", "link", "img", "image", "iframe", "object", "embed", "base", "use"}
    assert not fetching & {tag for tag, _ in shown.elements}
    attributes = {name for _, each in shown.elements for name in each}
    assert not {"src", "srcset", "action", "ping", "xlink:href"} & attributes
    assert not [name for name in attributes if name.startswith("on")]
    assert {each["href"] for each in shown.all("a") if not (each["href"] or "").startswith("#")} == {
        "index.html", "dictionary.html", f"{story.LAST}.png"}
    text = written.read_text()
    assert not re.search(r"@import|url\((?!#)", text)
    assert "default-src 'none'" in text


def test_a_screen_reader_finds_its_way(shown: Page, known: Facts) -> None:
    tags = Counter(tag for tag, _ in shown.elements)
    assert [tags[tag] for tag in ("main", "nav", "header", "footer", "h1", "title")] == [1] * 6
    assert shown.all("html")[0]["lang"] == "en"
    ids = [each["id"] for _, each in shown.elements if "id" in each]
    assert len(set(ids)) == len(ids)
    assert {each["href"] for each in shown.all("a") if (each["href"] or "").startswith("#")} <= {f"#{name}" for name in ids}
    assert tags["caption"] == tags["table"] > 10
    assert all(each.get("scope") == "col" for each in shown.all("th"))


def test_each_chart_says_its_message_and_nothing_inside_it_speaks(shown: Page, sections: list[Section]) -> None:
    charts = shown.all("svg")
    messages = [section.message for section in sections if section.drawing]
    assert len(messages) == 8
    assert [each["aria-label"] for each in charts] == [message for message in messages for _ in (chart.WIDE, chart.NARROW)]
    assert {each["role"] for each in charts} == {"img"}
    inside = [each for tag, each in shown.elements if tag in ("g", "path", "text", "rect", "line")]
    assert inside
    assert not [each for each in inside if "role" in each or [name for name in each if name.startswith("aria")]]


def test_every_section_has_a_message(sections: list[Section]) -> None:
    assert [section.title for section in sections if not section.message] == []


def test_colours_are_the_pages_own(written: Path) -> None:
    """A colour written into a chart would be the same in light and in dark."""
    drawn = "".join(re.findall(r"<svg.*?</svg>", written.read_text(), re.S))
    named = set(re.findall(r'(?:fill|stroke)="([^"]*)"', drawn))
    assert named <= {"none", "transparent"} | {f"var(--{name})" for name in palette.LIGHT}
    assert palette.LIGHT.keys() == palette.DARK.keys()


@pytest.mark.parametrize("colours", [palette.LIGHT, palette.DARK], ids=["light", "dark"])
def test_text_and_marks_stand_out(colours: Mapping[str, str]) -> None:
    """WCAG 2.2: 4.5 to 1 for text, 3 to 1 for marks that mean something."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(a: str, b: str) -> float:
        light, dark = sorted((luminance(colours[a]), luminance(colours[b])), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    for text in ("ink", "soft", "link", "up", "down", "tier3"):
        for ground in ("panel", "ground"):
            assert contrast(text, ground) >= 4.5, (text, ground)
    assert contrast("alarm", "alarmground") >= 4.5
    for mark in ("up", "down", "total", "tier1", "tier2", "tier3", "tier4", "fund1", "fund2", "fund3", "fund4",
                 "fund5"):
        assert contrast(mark, "panel") >= 3, mark
    for band in ("band1", "band2", "band3", "band4"):
        assert contrast("ink", band) >= 7, band


def test_it_is_small(written: Path) -> None:
    assert written.stat().st_size + written.with_suffix(".png").stat().st_size < 3_000_000


def test_equal_answers_give_equal_bytes_and_are_not_written_twice(copied: DataFolder, written: Path) -> None:
    page = copied.folder / "site" / written.name
    stamp = page.stat().st_mtime_ns
    assert refresh(copied, CATALOG).stat().st_mtime_ns == stamp
    page.with_suffix(".png").unlink()
    assert refresh(copied, CATALOG).read_bytes() == written.read_bytes()
    assert page.with_suffix(".png").read_bytes() == written.with_suffix(".png").read_bytes()


def test_a_day_is_the_same_day_wherever_it_is_drawn(home: DataFolder, written: Path, tmp_path: Path) -> None:
    (tmp_path / "marts.duckdb").symlink_to(home.published)
    ran = rallyscope("brief", "--home", tmp_path, cwd=tmp_path, env={"TZ": "America/Los_Angeles"})
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.strip() == str(tmp_path / "site" / written.name)
    assert (tmp_path / "site" / written.name).read_bytes() == written.read_bytes()


def test_charts_are_what_altair_allows(known: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chart, "CHECKED", True)
    assert sum(section.drawing is not None for section in page.story(known)) == 8


def test_text_from_outside_is_text(changed: Callable[..., DataFolder]) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=y>\"'&"
    reported = evil.replace("'", "''")
    home = changed(f"update marts.contribution_daily set issuer = '{reported}' where issuer = 'PPP'",
                   f"update core.instrument set symbol = '{reported}', name = '{reported}' where symbol = 'PPP'",
                   f"update marts.claim_ledger set statement = '{reported}', evidence = '{reported}. See: {reported}'",
                   f"update marts.signal_daily set current = '{reported}'",
                   f"update audit.quarantine set reason = '{reported}'",
                   f"update audit.publication set build_id = '{reported}'",
                   f"update marts.regime_daily set stage = '{reported}' where date = '{story.LAST}'")
    file = write(home, replace(CATALOG, sources={k: replace(s, terms=evil) for k, s in CATALOG.sources.items()}))
    for written in (file, file.with_name("index.html")):
        read = Page(written.read_text())
        assert not {"script", "img"} & {tag for tag, _ in read.elements}
        assert "alert(1)" in read.text
    assert file.with_suffix(".png").exists()


# The picture, and the list of days.

def test_the_picture_tells_the_same_story_in_light_colours(known: Facts, sections: list[Section]) -> None:
    reported = picture.svg("Friday", answer(known), list(tiles(known)), sections, "footer", True)
    text = " ".join(re.findall(r">([^<>]+)</text>", reported))
    for words in ("Friday", "drive the market", "Regime", "Relative rotation", "Strongest tier", "footer", "Simulated"):
        assert words in text
    assert "var(" not in reported


def boxes(reported: str) -> list[tuple[float, float]]:
    """The top and the height of each box of a picture."""
    return [(float(y), float(high)) for y, high in re.findall(r' y="([^"]+)" width="[^"]+" height="([^"]+)" rx="8"',
                                                              reported)]


def test_the_boxes_of_a_row_are_equally_high(known: Facts, sections: list[Section]) -> None:
    drawn = boxes(picture.svg("Friday", answer(known), list(tiles(known)), sections, "footer", False))
    assert list(Counter(drawn).values()) == [6, 2, 2]


def test_a_chart_that_could_not_be_drawn_leaves_words_in_the_picture(known: Facts, sections: list[Section]) -> None:
    without = [replace(section, drawing=None, lacks=("No weighting has a return.",)) if section.key == "window" else section
               for section in sections]
    reported = picture.svg("Friday", answer(known), list(tiles(known)), without, "footer", False)
    assert "No weighting has a return." in reported
    assert list(Counter(boxes(reported)).values()) == [6, 2, 2]


def test_no_note_of_the_picture_is_cut(known: Facts, sections: list[Section]) -> None:
    note = "+0.76 points on the day, confirmed band above 30 (this close alone: 25 to 30)"
    reported = picture.svg("Friday", "It rose.", [Tile("VIX", "26.00", note)] * 6, sections, "footer", False)
    assert " ".join(re.findall(r">([^<>]+)</text>", reported)).count(note) == 6


def test_a_simulated_market_says_so_everywhere(changed: Callable[..., DataFolder], known: Facts, undrawn: None) -> None:
    file = write(changed("update audit.publication set is_simulated = true"), CATALOG)
    text = file.read_text()
    assert text.count("imulated market") == 2  # in the title of the window, and above the answer
    assert "simulated market" in file.with_name("index.html").read_text()
    assert "imulated market" not in page.page(known, [], [])


def test_all_days_are_listed_newest_first(copied: DataFolder, known: Facts, undrawn: None) -> None:
    write(copied, CATALOG, story.DAYS[300])
    (copied.folder / "site" / "2026-13-01.html").write_text("no day")
    write(copied, CATALOG)
    read = Page((copied.folder / "site" / "index.html").read_text())
    assert [each["href"] for each in read.all("a")] == [
        "dictionary.html", f"{story.LAST}.html", f"{story.DAYS[300]}.html"]
    assert answer(known) in read.text


def test_the_command_says_where_the_page_is_and_a_mistake_is_one_sentence(home: DataFolder, tmp_path: Path) -> None:
    ran = rallyscope("brief", "--home", home.folder, "--date", "2026-05-02", cwd=tmp_path)
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert "The nearest before it is 2026-05-01" in ran.stderr
    ran = rallyscope("brief", "--home", tmp_path / "nowhere", cwd=tmp_path)
    assert ran.returncode == 2
    assert "nothing is published" in ran.stderr


def test_charts_cost_nothing_until_one_is_drawn() -> None:
    code = ("import sys, flows.cli.app, flows.report.page.write, flows.report.page.page, flows.report.page.picture; "
            "print({'altair', 'vl_convert', 'jinja2'} & sys.modules.keys())")
    ran = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True, env=clean_environment())
    assert ran.stdout.strip() == "set()"
