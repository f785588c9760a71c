"""Draw the charts of the index, each for a size: its regime, its contributions, its concentration and its breadth."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING

from flows.report.page.axes import ZERO, Rows, days, known, lines, measure, span, stacked, titled
from flows.report.page.chart import Draw, Points, Size, var
from flows.report.words import name, number

if TYPE_CHECKING:
    import altair as alt

BANDS = ((0, 20, "band1", "below 20"), (20, 25, "band2", "20 to 25"), (25, 30, "band3", "25 to 30"),
         (30, 200, "band4", "above 30"))
STAGES = ("re_contraction", "high_vol_risk_off", "consolidation", "re_entry", "emotion_driven", "mid_late_dispersion",
          "risk_on_expansion", "neutral")


def regime(timeline: Rows, spells: Rows) -> Draw:
    """Plot the Nasdaq Composite with its records, the VIX over its bands, and the stages below."""
    closes = [row["vix_close"] for row in timeline if row["vix_close"] is not None]
    low, high = min([*closes, 14]) - 2, max([*closes, 32]) + 2
    bands = [{"low": max(a, low), "high": min(b, high), "colour": var(c), "label": label} for a, b, c, label in BANDS]
    last = max(row["date"] for row in timeline)
    # A spell lasts until the next one begins, so that a weekend leaves no gap.
    strip = [{"from": row["first_date"], "until": after["first_date"] if after else last, "label": name(row["stage"])}
             for row, after in zip_longest(spells, spells[1:])]
    shown = [stage for stage in STAGES if stage in {row["stage"] for row in spells}]

    def draw(size: Size) -> tuple[alt.TopLevelMixin, Mapping[str, Points]]:
        import altair as alt

        ends = span(timeline)
        close = measure("nasdaq_close", ",.0f")
        index = alt.layer(
            alt.Chart(alt.NamedData("days")).mark_line(color=var("total")).encode(
                days(size, axis=False, **ends), close),
            alt.Chart(alt.NamedData("days")).transform_filter("datum.is_ath_close").mark_circle(
                color=var("up"), size=size.of(34, 26), opacity=1).encode(days(size, axis=False, **ends), close),
        ).properties(width=size.width, height=130, title=titled(
            size, "Nasdaq Composite, index points;", "dots are record closes"))
        scale = alt.Scale(domain=[low, high], nice=False, zero=False)
        # Label every edge of a band, as long as five points have room for a label.
        values = [10, 15, 20, 25, 30, 40, 50] if high - low < 45 else range(10, 100, 10)
        axis = alt.Axis(values=list(values), grid=False, minExtent=44, maxExtent=44, format=".0f", labelOverlap=False)
        # Set this axis on every layer, since the default axis of a layer would hide labels.
        level = {"scale": scale, "axis": axis, "title": None}
        band = alt.Chart(alt.NamedData("bands"))
        label = band.transform_calculate(middle="(datum.low + datum.high) / 2").mark_text(
            align="left", dx=6, fontSize=11, color=var("soft")).encode(
            x=alt.value(size.width), y=alt.Y("middle:Q", **level), text="label:N")
        vix = alt.layer(
            band.mark_rect().encode(y=alt.Y("low:Q", **level), y2="high:Q",
                                    fill=alt.Fill("colour:N", scale=None)),
            *size.of([label], []),
            alt.Chart(alt.NamedData("days")).mark_line(color=var("ink"), strokeWidth=1.6).encode(
                days(size, axis=not strip, **ends), alt.Y("vix_close:Q", **level)),
        ).properties(width=size.width, height=150, title=titled(
            size, "VIX at the close, index points;", "bands end at 20, 25 and 30"))
        panels = [panel for panel, column in ((index, "nasdaq_close"), (vix, "vix_close")) if known(timeline, column)]
        if not strip:
            return stacked(*panels), {"days": timeline, "bands": bands}
        colours = alt.Scale(domain=[name(stage) for stage in shown],
                            range=[var(f"stage{STAGES.index(stage) + 1}") for stage in shown])
        stages = alt.Chart(alt.NamedData("strip")).mark_rect().encode(
            days(size, "from", **ends), x2="until:T",
            color=alt.Color("label:N", scale=colours, legend=alt.Legend(
                orient="bottom", columns=size.of(4, 2), symbolType="square", symbolSize=120, offset=8)),
        ).properties(width=size.width, height=18, title="Stage")
        return stacked(*panels, stages), {"days": timeline, "bands": bands, "strip": strip}

    return draw


def waterfall(rows: Rows, unit: str) -> Draw:
    """Plot the steps from the companies to the published index; each bar begins where the one above it ends."""
    bars, level = [], 0.0
    for row in rows:
        whole = row["kind"] in ("sum", "index")
        start, level = (0.0, row["bp"]) if whole else (level, level + row["bp"])
        kind = "total" if whole else "residual" if row["kind"] == "residual" else "up" if row["bp"] >= 0 else "down"
        bars.append({"label": row["label"], "start": start, "end": level, "kind": kind, "right": max(start, level),
                     "text": number(row["bp"], 1, True)})
    for bar, following in pairwise(bars):
        bar["next"] = following["label"]
    span = max(b["right"] for b in bars) - min(min(b["start"], b["end"]) for b in bars) or 1.0
    ends = [min(0.0, *(min(b["start"], b["end"]) for b in bars)), max(b["right"] for b in bars)]

    def draw(size: Size) -> tuple[alt.TopLevelMixin, Mapping[str, Points]]:
        import altair as alt

        # Leave room for the figure to the right of the longest bar, in units of the axis.
        room = alt.Scale(domain=[ends[0] - 0.02 * span, ends[1] + span * size.of(0.1, 0.27)], nice=False)
        y = alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelColor=var("ink"), labelLimit=120, minExtent=78),
                  scale=alt.Scale(paddingInner=0.28, paddingOuter=0.1))
        x = alt.X("start:Q", title=unit, scale=room, axis=alt.Axis(format="+,~r", labelExpr=ZERO, tickCount=size.of(8, 4)))
        base = alt.Chart(alt.NamedData("bars"))
        chart = alt.layer(
            base.transform_filter("isValid(datum.next)").mark_rule(color=var("soft"), strokeWidth=1).encode(
                x=alt.X("end:Q", scale=room), y=y, y2="next:N"),
            base.mark_bar(strokeWidth=1.2).encode(
                x=x, x2="end:Q", y=y,
                fill=alt.Fill("kind:N", legend=None, scale=alt.Scale(
                    domain=["up", "down", "total", "residual"],
                    range=[var("up"), var("down"), var("total"), var("panel")])),
                stroke=alt.Stroke("kind:N", legend=None, scale=alt.Scale(
                    domain=["up", "down", "total", "residual"],
                    range=[var("up"), var("down"), var("total"), var("ink")])),
                strokeDash=alt.condition("datum.kind == 'residual'", alt.value([3, 2]), alt.value([1, 0]))),
            base.mark_text(align="left", dx=5).encode(x=alt.X("right:Q", scale=room), y=y, text="text:N"),
        ).properties(width=size.of(590, 250), height=alt.Step(size.of(23, 22)))
        return chart, {"bars": bars}

    return draw


def concentration(rows: Rows, by_market_value: bool) -> Draw:
    """Plot the weights of the largest one, five and ten companies, and below them the effective number of names.

    `by_market_value` states that these weights are already those by market value alone.
    """
    series: list[tuple[str, str, str, list[int]]] = [
        ("top10_weight", "ten largest", "tier2", [1, 0]), ("top5_weight", "five largest", "tier4", [6, 3]),
        ("top1_weight", "the largest", "tier3", [2, 3])]
    if not by_market_value and known(rows, "market_value_top10_weight"):
        series.append(("market_value_top10_weight", "ten largest, by market value", "total", [8, 3, 2, 3]))

    def draw(size: Size) -> tuple[alt.TopLevelMixin, Mapping[str, Points]]:
        import altair as alt

        weights = lines("days", series, size, 190, ".0%", "Weight in the index", zero=True)
        names = alt.Chart(alt.NamedData("days")).mark_line(color=var("total")).encode(
            days(size), measure("effective_names", ".3~r")).properties(width=size.width, height=90, title=titled(
                size, "Effective names: how many equal companies", "would be as concentrated"))
        return stacked(weights, names), {"days": rows}

    return draw


def breadth(rows: Rows) -> Draw:
    """Plot the share of members above their means, and new highs against new lows."""
    series = [line for line in (("above_50d_share", "above 50-day mean", "tier2", [1, 0]),
                                ("above_200d_share", "above 200-day mean", "tier3", [5, 3])) if known(rows, line[0])]
    shown = [{**row, "lows": -row["new_lows_252d"] if row["new_lows_252d"] is not None else None} for row in rows]

    def draw(size: Size) -> tuple[alt.TopLevelMixin, Mapping[str, Points]]:
        import altair as alt

        shares = lines("days", series, size, 170, ".0%", "Share of the members", scale={"domain": [0, 1]})
        extremes = alt.layer(*(
            alt.Chart(alt.NamedData("days")).mark_area(color=var(colour), interpolate="step", opacity=1).encode(
                days(size), measure(column, "d", zero=True))
            for column, colour in (("new_highs_252d", "up"), ("lows", "down")))).properties(
            width=size.width, height=90, title=titled(
                size, "Members at 252-session highs (up)", "and lows (down)"))
        return stacked(shares, *([extremes] if known(rows, "new_highs_252d", "new_lows_252d") else [])), {"days": shown}

    return draw
