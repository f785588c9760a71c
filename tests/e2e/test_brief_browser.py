"""The day's page in headless Chromium: it asks for nothing, says nothing on the console, and nothing on it is cut."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.report.page.palette import DARK, LIGHT

LOOKS = [(width, scheme) for width in (1280, 360) for scheme in ("light", "dark")]
# Texts of the charts shown that reach beyond the box of their section, and texts that lie on each other.
CUT = """() => [...document.querySelectorAll('figure svg')].filter(svg => svg.checkVisibility()).flatMap(svg => {
    const box = svg.closest('section').getBoundingClientRect();
    return [...svg.querySelectorAll('text')].filter(text => {
        const each = text.getBoundingClientRect();
        return each.width && (each.left < box.left || each.right > box.right || each.bottom > box.bottom);
    }).map(text => text.textContent);
})"""
OVERLAPPING = """() => [...document.querySelectorAll('figure svg')].filter(svg => svg.checkVisibility()).flatMap(svg => {
    const boxes = [...svg.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]);
    return boxes.flatMap(([a, x], i) => boxes.slice(i + 1).filter(([b, y]) => a !== b
        && Math.min(x.right, y.right) - Math.max(x.left, y.left) > 2
        && Math.min(x.bottom, y.bottom) - Math.max(x.top, y.top) > 5).map(([b]) => a + ' / ' + b));
})"""
FAINT = """() => {
    const parts = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
    const light = colour => parts(colour).map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    return [...document.querySelectorAll('figure svg text')].filter(text => text.checkVisibility()).filter(text => {
        const ground = getComputedStyle(text.closest('section')).backgroundColor, ink = getComputedStyle(text).fill;
        const [a, b] = [light(ground), light(ink)].sort((x, y) => y - x);
        return (a + 0.05) / (b + 0.05) < 3;
    }).filter(text => getComputedStyle(text).stroke === 'none').map(text => text.textContent);
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request: pytest.FixtureRequest, browser: Any) -> Iterator[tuple[Any, int, str]]:
    """An empty tab of a width and a colour scheme."""
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    yield context.new_page(), width, scheme
    context.close()


@pytest.mark.parametrize("name", ["page", "index"])
def test_it_asks_nobody_says_nothing_and_need_not_be_scrolled_sideways(name: str, look: tuple[Any, int, str],
                                                                      written: Path) -> None:
    tab, _, scheme = look
    file = written if name == "page" else written.with_name("index.html")
    requested: list[str] = []
    reported: list[str] = []
    tab.on("request", lambda request: requested.append(request.url))
    tab.on("console", lambda message: reported.append(message.text))
    tab.on("pageerror", lambda error: reported.append(str(error)))
    tab.goto(file.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert requested == [file.as_uri()]
    assert reported == []
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb({}, {}, {})".format(*_channels((DARK if scheme == "dark" else LIGHT)["ground"]))


def test_a_phone_shows_what_changed_and_what_came_whole(browser: Any, written: Path) -> None:
    """At a width of 390 no column lies outside the box, no caption is cut, no date or hyphened name is broken."""
    tab = browser.new_page(viewport={"width": 390, "height": 900})
    tab.goto(written.as_uri())
    wide = tab.evaluate("""[...document.querySelectorAll('#story .scroll')].filter(each => each.checkVisibility()
        && each.scrollWidth > each.clientWidth).map(each => each.ariaLabel)""")
    # What a publication says differently has eight columns: that one is to be scrolled.
    assert [caption for caption in wide if not caption.startswith("What this publication says differently")] == []
    broken = tab.evaluate("""[...document.querySelectorAll('span, td')].filter(each => each.checkVisibility()
        && /^([0-9]{4}-[0-9]{2}-[0-9]{2}|[A-Za-z]+-[A-Za-z0-9]+)$/.test(each.textContent)).filter(each => {
            const text = document.createRange();
            text.selectNodeContents(each);
            return text.getClientRects().length > 1;
        }).map(each => each.textContent)""")
    assert broken == []
    assert tab.locator("span", has_text="Nasdaq-100").count() > 0
    tab.close()


def test_charts_fit_their_width_and_can_be_read(look: tuple[Any, int, str], written: Path) -> None:
    tab, width, _ = look
    tab.goto(written.as_uri())
    shown = tab.evaluate("""[...document.querySelectorAll('figure svg')].filter(svg => svg.checkVisibility())
        .map(svg => svg.classList[0])""")
    assert shown == ["wide" if width > 700 else "narrow"] * 8
    assert tab.evaluate(CUT) == []
    assert tab.evaluate(OVERLAPPING) == []
    assert tab.evaluate(FAINT) == []
    sizes = tab.evaluate("""[...document.querySelectorAll('figure svg text')].filter(t => t.checkVisibility())
        .map(t => parseFloat(getComputedStyle(t).fontSize) * t.ownerSVGElement.getScreenCTM().a)""")
    assert min(sizes) >= 9.5


def test_the_reader_of_a_screen_reader_meets_the_message_of_each_chart_once(browser: Any, written: Path) -> None:
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.goto(written.as_uri())
    tree = tab.locator("body").aria_snapshot()
    assert len(re.findall(r"^\s*- '?img \"", tree, re.MULTILINE)) == 8
    assert tree.count('heading "') > 12
    assert "+10%" not in re.sub(r'"[^"]*"', "", tree)
    tab.close()


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i:i + 2], 16) for i in (1, 3, 5))
