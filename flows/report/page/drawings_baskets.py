"""Draw the charts of the baskets: relative rotation, tiers since the last VIX peak, divergence of the two indices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flows.report.page.axes import ZERO, Rows, days, known, lines, look, measure, span, stacked, titled
from flows.report.page.chart import Draw, Points, Size, var
from flows.report.words import FUNDS, name

if TYPE_CHECKING:
    import altair as alt

COLOURS = {"defensive": ("tier1", [2, 3]), "ai_leaders": ("tier2", [1, 0]), "semiconductors": ("tier3", [6, 3]),
           "crypto_equity": ("tier4", [8, 3, 2, 3])}
FUND_COLOURS: dict[str, str] = dict(zip(FUNDS, (
    "tier2", "fund1", "fund3", "tier1", "fund4", "total", "tier4", "fund2", "tier3", "down", "fund5"), strict=True))
# The colours and dashes of baskets that a user's catalog adds, in rotation.
MORE_COLOURS = (("fund1", [4, 1]), ("fund3", [2, 1]), ("fund2", [7, 2, 2, 2]), ("fund4", [5, 1, 1, 1]))

TAIL = {True: 6, False: 4}  # points of a tier and of a fund; ten long tails would hide each other
CORNERS = (("leading", "right", "top"), ("weakening", "right", "bottom"), ("lagging", "left", "bottom"),
           ("improving", "left", "top"))


@dataclass(frozen=True)
class Plane:
    """A panel of the rotation chart: its points, and the conversion of values to pixels."""

    points: list[dict[str, Any]]
    centre: float
    width: int
    height: int

    def domain(self, axis: str) -> tuple[float, float]:
        """Return the range of an axis: all points, and the centre far enough from the edge to give every quadrant room."""
        values = [point[axis] - self.centre for point in self.points]
        low, high = min(*values, 0.0), max(*values, 0.0)
        reach = (high - low) or 1.0
        return self.centre + min(low - 0.1 * reach, -0.25 * reach), self.centre + max(high + 0.1 * reach, 0.25 * reach)

    def at(self, point: dict[str, Any]) -> tuple[float, float]:
        """Return the position of a point in pixels from the left and from the top."""
        (left, right), (low, high) = self.domain("x"), self.domain("y")
        return (self.width * (point["x"] - left) / (right - left), self.height * (high - point["y"]) / (high - low))


def labelled(plane: Plane) -> list[dict[str, Any]]:
    """Place the label of each head above, below, right or left of its point, where it covers the others least."""
    heads = [point for point in plane.points if point["is_head"]]
    boxes = [(x - 5, y - 5, x + 5, y + 5) for x, y in map(plane.at, heads)]
    boxes += [(0 if align == "left" else plane.width - 62, 0 if baseline == "top" else plane.height - 18,
               62 if align == "left" else plane.width, 18 if baseline == "top" else plane.height)
              for _, align, baseline in CORNERS]
    placed = []
    for head in sorted(heads, key=lambda point: -point["y"]):
        x, y = plane.at(head)
        wide = 6.6 * len(head["short"])
        choices = [(dx, dy, (x + dx - wide / 2, y + dy - 9, x + dx + wide / 2, y + dy + 3)) for dx, dy in (
            (0, -9), (0, 17), (wide / 2 + 8, 4), (-wide / 2 - 8, 4), (wide / 2 + 4, -10), (-wide / 2 - 4, -10),
            (wide / 2 + 4, 17), (-wide / 2 - 4, 17))]
        dx, dy, box = min(choices, key=lambda choice: sum(_common(choice[2], other) for other in boxes)
                          + 4 * _outside(choice[2], plane))
        boxes.append(box)
        placed.append({**head, "dx": dx, "dy": dy})
    return placed


def _common(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _outside(box: tuple[float, ...], plane: Plane) -> float:
    return max(0.0, -box[0]) + max(0.0, box[2] - plane.width) + max(0.0, -box[1]) + max(0.0, box[3] - plane.height)


def rotation(rows: Rows, kinds: tuple[tuple[str, ...], tuple[str, ...]], x: str, y: str, centre: float,
             titles: tuple[str, str], format: str) -> Draw:
    """Plot strength against momentum: each basket is a tail of past points with its head today, one panel per kind."""
    tiers, funds = kinds
    ranks: dict[str, int] = {}
    tails = []
    for row in sorted(rows, key=lambda row: row["date"], reverse=True):
        rank = ranks[row["basket"]] = ranks.get(row["basket"], 0) + 1
        if rank <= TAIL[row["basket"] in tiers]:
            tails.append({"basket": row["basket"], "date": row["date"], "x": row[x], "y": row[y], "is_head": rank == 1,
                          "short": row["basket"].upper() if row["basket"] in funds else name(row["basket"])})

    def panel(size: Size, shown: tuple[str, ...], key: str, title: str) -> tuple[Any, dict[str, Points]]:
        import altair as alt

        plane = Plane([t for t in tails if t["basket"] in shown], centre, size.of(285, 285), size.of(280, 270))
        scales = {axis: alt.Scale(domain=list(plane.domain(axis)), nice=False, zero=False) for axis in "xy"}
        axis = alt.Axis(grid=False, format=format, tickCount=5, labelExpr=ZERO)
        at = (alt.X("x:Q", scale=scales["x"], title=titles[0], axis=axis),
              alt.Y("y:Q", scale=scales["y"], title=titles[1], axis=axis))
        colour = alt.Color("basket:N", legend=None, scale=alt.Scale(
            domain=list(shown), range=[var(FUND_COLOURS.get(b) or _look_of(b, shown)[0]) for b in shown]))
        tail, head = alt.Chart(alt.NamedData(f"{key}-tails")), alt.Chart(alt.NamedData(f"{key}-heads"))
        rule = alt.Chart(alt.NamedData("centre")).mark_rule(color=var("soft"), strokeDash=[3, 3])
        label = {"dx": {"expr": "datum.dx"}, "dy": {"expr": "datum.dy"}, "fontWeight": "bold", "fontSize": 11,
                 "baseline": "alphabetic"}
        chart = alt.layer(
            rule.encode(x=alt.X("at:Q", scale=scales["x"])), rule.encode(y=alt.Y("at:Q", scale=scales["y"])),
            alt.Chart(alt.NamedData("corners")).mark_text(
                color=var("soft"), fontSize=11, fontStyle="italic", align={"expr": "datum.align"},
                baseline={"expr": "datum.baseline"}, x={"expr": f"datum.align == 'left' ? 4 : {plane.width - 4}"},
                y={"expr": f"datum.baseline == 'top' ? 4 : {plane.height - 4}"}).encode(text="quadrant:N"),
            tail.mark_line(strokeWidth=1.4, opacity=0.5).encode(*at, colour, order="date:T", detail="basket:N"),
            tail.mark_circle(size=12, opacity=0.6).encode(*at, colour),
            head.mark_circle(size=70, opacity=1).encode(*at, colour),
            # Draw the text twice: the lower one is an outline that separates the letters from the tails.
            head.mark_text(**label, stroke=var("panel"), strokeWidth=3, strokeJoin="round").encode(*at, text="short:N"),
            head.mark_text(**label).encode(*at, colour, text="short:N"),
        ).properties(width=plane.width, height=plane.height, title=title)
        return chart, {f"{key}-tails": plane.points, f"{key}-heads": labelled(plane)}

    def draw(size: Size) -> tuple[alt.TopLevelMixin, Mapping[str, Points]]:
        import altair as alt

        there = {row["basket"] for row in rows}
        panels = [panel(size, tuple(b for b in kind if b in there), key, title) for kind, key, title in (
            (tiers, "tiers", "Tiers"), (funds, "funds", "Sector funds")) if there & set(kind)]
        chart = (alt.vconcat if size.narrow else alt.hconcat)(*(chart for chart, _ in panels))
        data: dict[str, Points] = {
            "centre": [{"at": centre}],
            "corners": [{"quadrant": word, "align": align, "baseline": baseline} for word, align, baseline in CORNERS]}
        for _, some in panels:
            data |= some
        return chart.resolve_scale(color="independent"), data

    return draw


def _look_of(basket: str, shown: Sequence[str]) -> tuple[str, list[int]]:
    """Return the colour and dashes of a tier, or of a basket that the user's catalog adds."""
    added = [b for b in shown if b not in COLOURS and b not in FUND_COLOURS]
    return COLOURS.get(basket) or MORE_COLOURS[added.index(basket) % len(MORE_COLOURS)]


def since_peak(rows: Rows, leads: Rows) -> Draw:
    """Plot each tier's return above the Nasdaq Composite's since the peak; a diamond marks the day it took the lead."""
    where = {(row["basket"], row["date"]): row["excess_since_peak"] for row in rows}
    marks = [{"basket": name(row["tier"]), "date": row["lead_date"], "excess": where[row["tier"], row["lead_date"]]}
             for row in leads if (row["tier"], row["lead_date"]) in where]
    paths = [{"basket": name(row["basket"]), "date": row["date"], "excess": row["excess_since_peak"]} for row in rows]
    there = {row["basket"] for row in rows}
    shown = [tier for tier in (*COLOURS, *sorted(there - COLOURS.keys())) if tier in there]

    def draw(size: Size) -> tuple[alt.TopLevelMixin, Mapping[str, Points]]:
        import altair as alt

        ends = span(rows)
        series = look([(name(tier), *_look_of(tier, shown)) for tier in shown], size, "basket")
        chart = alt.layer(
            alt.Chart(alt.NamedData("zero")).mark_rule(color=var("soft")).encode(y="excess:Q"),
            alt.Chart(alt.NamedData("paths")).mark_line().encode(
                days(size, **ends), measure("excess", "+.2~%"), *series),
            alt.Chart(alt.NamedData("marks")).mark_point(
                shape="diamond", size=110, filled=True, opacity=1, stroke=var("panel"), strokeWidth=1.5).encode(
                days(size, **ends), measure("excess", "+.2~%"), series[0]),
        ).properties(width=size.width, height=240, title=titled(
            size, "Log return above the Nasdaq Composite's since the peak;",
            "a diamond on the day a tier took the lead"))
        return chart, {"paths": paths, "marks": marks, "zero": [{"excess": 0}]}

    return draw


def divergence(rows: Rows) -> Draw:
    """Plot Nasdaq Composite minus S&P 500, with the days on which the former set a record while the latter fell."""
    parted = [{"date": row["date"]} for row in rows if row["is_divergent_day"]]
    series = [line for line in (("spread_21d_return", "21 sessions", "tier2", [1, 0]),
                                ("spread_63d_return", "63 sessions", "tier3", [5, 3])) if known(rows, line[0])]

    def draw(size: Size) -> tuple[alt.TopLevelMixin, Mapping[str, Points]]:
        import altair as alt

        panels: list[Any] = []
        if series:
            panels.append(lines("days", series, size, 170, "+.2~%", titled(
                size, "Return of the Nasdaq Composite", "minus that of the S&P 500")))
        if parted:
            panels.append(alt.Chart(alt.NamedData("parted")).mark_tick(
                color=var("down"), thickness=2, size=14, opacity=1, orient="vertical").encode(
                days(size, axis=False, **span(rows))).properties(width=size.width, height=16, title=titled(
                    size, "Divergent days: a record close of the Nasdaq", "Composite while the S&P 500 fell")))
        if known(rows, "cyclicals_minus_ai_leaders_rs_21d"):
            panels.append(alt.layer(
                alt.Chart(alt.NamedData("zero")).mark_rule(color=var("soft")).encode(
                    y="cyclicals_minus_ai_leaders_rs_21d:Q"),
                alt.Chart(alt.NamedData("days")).mark_line(color=var("total")).encode(
                    days(size), measure("cyclicals_minus_ai_leaders_rs_21d", "+.2~%")),
            ).properties(width=size.width, height=90, title=titled(
                size, "Physical economy (XLF XLI XLRE XLE) minus", "AI leaders, relative strength over 21 sessions")))
        return (stacked(*panels),
                {"days": rows, "parted": parted, "zero": [{"cyclicals_minus_ai_leaders_rs_21d": 0}]})

    return draw
