"""Convert an Altair chart to SVG for the page: its CSS sets the colours, and screen readers read only its label."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any

from flows.report.page.palette import FONT, LIGHT

if TYPE_CHECKING:
    import altair as alt

VEGA_LITE = "6.4"
CHECKED = False
Points = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Size:
    """The size that a chart is drawn for: the plot width in units, which are pixels at full size."""

    name: str
    width: int

    @property
    def narrow(self) -> bool:
        return self.name == "narrow"

    def of(self, wide: Any, narrow: Any) -> Any:
        return narrow if self.narrow else wide


WIDE, NARROW = Size("wide", 640), Size("narrow", 290)
Draw = Callable[[Size], "tuple[alt.TopLevelMixin, Mapping[str, Points]]"]
"""Draws a chart over named data, so that Altair need not walk through the rows."""


@dataclass(frozen=True)
class Drawing:
    """A chart as SVG by name of size, and the sentence that describes it."""

    message: str
    svgs: Mapping[str, str]

    @property
    def html(self) -> str:
        """Return every size as HTML; the CSS of the page shows the one that fits. All have the same label."""
        return "\n".join(
            f'<svg class="{name}" role="img" aria-label="{escape(self.message)}" '
            f'style="max-width: {1.12 * width_of(svg):.0f}px" {svg.removeprefix("<svg").lstrip()}'
            for name, svg in self.svgs.items())


def drawing(key: str, message: str, draw: Draw, sizes: Sequence[Size] = (WIDE, NARROW)) -> Drawing:
    """Draw the chart for each size; `key` makes the ids inside it unique on the page."""
    from altair.utils.schemapi import debug_mode

    # By default Altair checks every object against its schema, which takes longer than drawing. The tests check instead.
    with debug_mode(CHECKED):
        return Drawing(message, {size.name: _svg(f"{key}-{size.name}", *draw(size)) for size in sizes})


def width_of(svg: str) -> float:
    """Return the width of a drawn chart in units."""
    return float(re.findall(r'viewBox="0 0 ([\d.]+) ', svg)[0])


def var(name: str) -> str:
    """Return the CSS variable of a colour; raise KeyError if the palette does not have the name."""
    if name not in LIGHT:
        raise KeyError(name)
    return f"var(--{name})"


def in_light(svg: str) -> str:
    """Replace the CSS variables of the SVG by the colours of the light page."""
    return re.sub(r"var\(--(\w+)\)", lambda found: LIGHT[found[1]], svg)


def points(rows: Points) -> list[dict[str, Any]]:
    """Convert rows for Vega: dates become ISO text, which Vega reads as UTC."""
    return [{k: str(v) if isinstance(v, date) else v for k, v in row.items()} for row in rows]


def _svg(key: str, chart: alt.TopLevelMixin, data: Mapping[str, Points]) -> str:
    import vl_convert

    spec = chart.to_dict(validate=False)  # type: ignore[attr-defined]
    spec["config"] = _look()
    spec["datasets"] = {name: points(rows) for name, rows in data.items()}
    return _cleaned(vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE), key)


def _look() -> dict[str, Any]:
    label = {"labelColor": var("soft"), "titleColor": var("soft"), "labelFontSize": 12, "titleFontSize": 12,
             "labelFont": FONT, "titleFont": FONT, "titleFontWeight": "normal"}
    return {
        "aria": False, "background": None, "font": FONT, "padding": 2,
        "axis": {**label, "domain": False, "ticks": False, "gridColor": var("rule"), "labelPadding": 6, "titlePadding": 8},
        "legend": {**label, "labelColor": var("ink"), "title": None, "orient": "top", "symbolStrokeWidth": 2.5,
                   "symbolSize": 420, "offset": 4, "labelLimit": 240, "columnPadding": 14, "rowPadding": 3},
        "view": {"stroke": None},
        "text": {"font": FONT, "fontSize": 12, "fill": var("ink")},
        "title": {"font": FONT, "fontSize": 12, "fontWeight": "normal", "color": var("soft"), "anchor": "start",
                  "frame": "group", "offset": 6},
        "line": {"strokeWidth": 2, "strokeJoin": "round", "strokeCap": "round"},
        "concat": {"spacing": 14},
    }


def _cleaned(svg: str, key: str) -> str:
    """Clean the SVG: drop attributes that only Vega reads, scale with the page, make ids unique, round to 0.01 pixels."""
    unread = r' (?:class|role|aria-[a-z]+|xmlns:xlink|version|pointer-events|font-family)="[^"]*"| opacity="1"'
    svg = re.sub(unread, "", svg)
    svg = re.sub(r'<path d="(?:M0,0h0v0h0Z)?"[^>]*/>', "", svg)
    svg = re.sub(r"\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), svg)
    while (emptied := re.sub(r"<g[^>]*></g>", "", svg)) != svg:
        svg = emptied
    # Vega continues the numbering of its ids from chart to chart.
    for number, found in enumerate(dict.fromkeys(re.findall(r'\bid="(\w+)"', svg))):
        svg = svg.replace(f'id="{found}"', f'id="{key}-{number}"').replace(f"url(#{found})", f"url(#{key}-{number})")
    return re.sub(r'^<svg xmlns="\S+"\s+width="[\d.]+" height="[\d.]+"', "<svg", svg)
