"""The day's story as one picture: the page's own charts in light colours, set under its sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from textwrap import wrap

from flows.brief.answer import Tile
from flows.brief.chart import in_light
from flows.brief.palette import FONT, LIGHT
from flows.brief.sections import Section

WIDTH, MARGIN, GAP = 1500, 40, 24
COLUMN = (WIDTH - 2 * MARGIN - GAP) // 2
# In two columns: the section whose chart it is.
CHARTS = (("regime", "since-peak"), ("window", "rotation"))
PIXELS_A_UNIT = 1.25
SIMULATED = "Simulated market: no figure here is a fact about any company or index."


def picture(title: str, answer: str, tiles: Sequence[Tile], sections: Sequence[Section], footer: str,
            simulated: bool) -> bytes:
    """A PNG with the date, the sentence, the six figures and four charts; what has no chart leaves no hole."""
    import vl_convert

    return vl_convert.svg_to_png(svg(title, answer, tiles, sections, footer, simulated), scale=PIXELS_A_UNIT)


def svg(title: str, answer: str, tiles: Sequence[Tile], sections: Sequence[Section], footer: str, simulated: bool) -> str:
    """The same as SVG."""
    parts: list[str] = []
    y = MARGIN + 26.0
    parts.append(_text(title, MARGIN, y, 28, "ink", bold=True))
    parts.append(_text("Rallyscope: who is truly driving the US market", WIDTH - MARGIN, y, 17, "soft", anchor="end"))
    if simulated:
        y += 34
        parts.append(_text(SIMULATED, MARGIN, y, 18, "alarm", bold=True))
    y += 8
    for line in wrap(answer, 118):
        y += 33
        parts.append(_text(line, MARGIN, y, 24, "ink"))
    y += 26
    parts.extend(_tiles(tiles, y))
    y += 96 + GAP
    drawn = {section.key: section for section in sections if section.drawing}
    ends = []
    for place, keys in enumerate(CHARTS):
        left, top = MARGIN + place * (COLUMN + GAP), y
        for key in keys:
            if key in drawn:
                part, height = _panel(drawn[key], left, top)
                parts.append(part)
                top += height + GAP
        ends.append(top)
    bottom = max(ends)
    parts.append(_text(footer, MARGIN, bottom + 8, 14, "soft"))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{bottom + 30:.0f}" '
            f'font-family="{escape(FONT)}"><rect width="100%" height="100%" fill="{LIGHT["ground"]}"/>'
            f'{"".join(parts)}</svg>')


def _tiles(tiles: Sequence[Tile], y: float) -> Iterator[str]:
    width = (WIDTH - 2 * MARGIN - GAP / 2 * (len(tiles) - 1)) / len(tiles)
    for place, tile in enumerate(tiles):
        x = MARGIN + place * (width + GAP / 2)
        yield _box(x, y, width, 96)
        yield _text(tile.label, x + 12, y + 22, 14, "soft")
        yield _text(tile.value, x + 12, y + 47, 18 if len(tile.value) > 18 else 21, "ink", bold=True)
        for line, words in enumerate(wrap(tile.note, 34)[:2]):
            yield _text(words, x + 12, y + 67 + 17 * line, 13, "soft")


def _panel(section: Section, x: float, y: float) -> tuple[str, float]:
    """A section's title and chart in a box, and its height."""
    chart = section.drawing.svgs["wide"]  # type: ignore[union-attr]
    box = re.match(r'<svg\s+viewBox="0 0 ([\d.]+) ([\d.]+)"', chart)
    if box is None:
        raise ValueError(f"the chart of {section.key} has no size")
    wide, high = float(box[1]), float(box[2])
    inner = COLUMN - 32
    scaled = high * inner / wide
    placed = chart.replace("<svg", f'<svg x="{x + 16:.1f}" y="{y + 44:.1f}" width="{inner}" height="{scaled:.1f}"', 1)
    title = _text(section.title, x + 16, y + 29, 18, "ink", bold=True)
    return _box(x, y, COLUMN, scaled + 60) + title + in_light(placed), scaled + 60


def _box(x: float, y: float, width: float, height: float) -> str:
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="8" fill="{LIGHT["panel"]}" '
            f'stroke="{LIGHT["rule"]}"/>')


def _text(words: str, x: float, y: float, size: int, colour: str, bold: bool = False, anchor: str = "start") -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{LIGHT[colour]}" text-anchor="{anchor}"{weight}>'
            f"{escape(words)}</text>")
