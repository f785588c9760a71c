"""Compose the day's story as one picture: the sentence of the page above its charts in light colours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from textwrap import wrap

from flows.report.answer import Tile
from flows.report.page.chart import in_light
from flows.report.page.palette import FONT, LIGHT
from flows.report.page.sections import Section

WIDTH, MARGIN, GAP = 1500, 40, 24
COLUMN = (WIDTH - 2 * MARGIN - GAP) // 2
# The section of each chart, row by row.
CHARTS = (("regime", "window"), ("since-peak", "rotation"))
PIXELS_A_UNIT = 1.25
SIMULATED = "Simulated market: no figure here is a fact about any company or index."


def picture(title: str, answer: str, tiles: Sequence[Tile], sections: Sequence[Section], footer: str,
            simulated: bool) -> bytes:
    """Return a PNG with the date, the sentence, the six figures and four charts; a panel without a chart explains why."""
    import vl_convert

    return vl_convert.svg_to_png(svg(title, answer, tiles, sections, footer, simulated), scale=PIXELS_A_UNIT)


def svg(title: str, answer: str, tiles: Sequence[Tile], sections: Sequence[Section], footer: str, simulated: bool) -> str:
    """Return the same picture as SVG."""
    parts: list[str] = []
    y = MARGIN + 26.0
    parts.append(_text(title, MARGIN, y, 28, "ink", bold=True))
    parts.append(_text("Rallyscope: who is truly driving the US market", WIDTH - MARGIN, y, 17, "soft", anchor="end"))
    if simulated:
        y += 34
        parts.append(_text(SIMULATED, MARGIN, y, 18, "alarm", bold=True))
    y += 8
    for line in wrap(answer, 118, break_on_hyphens=False):
        y += 33
        parts.append(_text(line, MARGIN, y, 24, "ink"))
    y += 26
    notes = [wrap(tile.note, 32, break_on_hyphens=False) for tile in tiles]
    high = 62 + 17 * max(2, *map(len, notes))
    parts.extend(_tiles(tiles, notes, y, high))
    y += high + GAP
    by_key = {section.key: section for section in sections}
    for row in CHARTS:
        panels = [_panel(by_key[key]) for key in row]
        high = max(60 + content_height for _, _, content_height in panels)
        for number, (title, content, _) in enumerate(panels):
            x = MARGIN + number * (COLUMN + GAP)
            parts.append(_box(x, y, COLUMN, high) + _text(title, x + 16, y + 29, 18, "ink", bold=True)
                         + f'<g transform="translate({x + 16} {y + 44:.1f})">{content}</g>')
        y += high + GAP
    parts.append(_text(footer, MARGIN, y + 8, 14, "soft"))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 30:.0f}" '
            f'font-family="{escape(FONT)}"><rect width="100%" height="100%" fill="{LIGHT["ground"]}"/>'
            f'{"".join(parts)}</svg>')


def _tiles(tiles: Sequence[Tile], notes: Sequence[Sequence[str]], y: float, high: float) -> Iterator[str]:
    width = (WIDTH - 2 * MARGIN - GAP / 2 * (len(tiles) - 1)) / len(tiles)
    for number, (tile, note) in enumerate(zip(tiles, notes, strict=True)):
        x = MARGIN + number * (width + GAP / 2)
        yield _box(x, y, width, high)
        yield _text(tile.label, x + 12, y + 22, 14, "soft")
        yield _text(tile.value, x + 12, y + 47, 18 if len(tile.value) > 18 else 21, "ink", bold=True)
        for line, words in enumerate(note):
            yield _text(words, x + 12, y + 67 + 17 * line, 13, "soft")


def _panel(section: Section) -> tuple[str, str, float]:
    """Return a section's title, its chart at the width of a column or the reason it has none, and the height."""
    inner = COLUMN - 32
    if section.drawing is None:
        lines = wrap(" ".join(section.lacks) or "Not known.", 84, break_on_hyphens=False)
        texts = (_text(line, 0, 16 + 22 * number, 16, "soft") for number, line in enumerate(lines))
        return section.title, "".join(texts), 22.0 * len(lines)
    chart = section.drawing.svgs["wide"]
    box = re.match(r'<svg\s+viewBox="0 0 ([\d.]+) ([\d.]+)"', chart)
    if box is None:
        raise ValueError(f"the chart of {section.key} has no size")
    high = float(box[2]) * inner / float(box[1])
    return section.title, in_light(chart.replace("<svg", f'<svg width="{inner}" height="{high:.1f}"', 1)), high


def _box(x: float, y: float, width: float, height: float) -> str:
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="8" fill="{LIGHT["panel"]}" '
            f'stroke="{LIGHT["rule"]}"/>')


def _text(words: str, x: float, y: float, size: int, colour: str, bold: bool = False, anchor: str = "start") -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{LIGHT[colour]}" text-anchor="{anchor}"{weight}>'
            f"{escape(words)}</text>")
