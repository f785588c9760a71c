"""Build the axes and lines that all charts of the page share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flows.report.page.chart import Size, var

if TYPE_CHECKING:
    import altair as alt

Rows = Sequence[Mapping[str, Any]]
Series = Sequence[tuple[str, str, str, list[int]]]
"""Column, label, colour and dashes of each line."""
# Removes the sign that a signed format puts before zero.
ZERO = "datum.value == 0 ? replace(datum.label, '+', '') : datum.label"


def days(size: Size, field: str = "date", axis: bool = True, **scale: Any) -> alt.X:
    """Return the axis of sessions, in UTC so that no date shifts by a day."""
    import altair as alt

    labels = alt.Axis(grid=False, labelOverlap="greedy", tickCount=size.of(7, 3), labelFlush=True,
                      # Over a few days Vega also marks hours, which get no label.
                      labelExpr="utchours(datum.value) != 0 ? '' : utcFormat(datum.value, "
                                "(utcdate(datum.value) == 1 ? '' : '%-d ') + '%b' + "
                                "(datum.index == 0 || utcmonth(datum.value) == 0 ? ' %Y' : ''))")
    return alt.X(f"{field}:T", title=None, scale=alt.Scale(type="utc", **scale), axis=labels if axis else None)


def measure(field: str, format: str, **more: Any) -> alt.Y:
    """Return a vertical axis; equal extents align stacked panels."""
    import altair as alt

    scale = alt.Scale(zero=more.pop("zero", False), nice=more.pop("nice", True), **more.pop("scale", {}))
    return alt.Y(f"{field}:Q", title=None, scale=scale, **more,
                 axis=alt.Axis(format=format, labelExpr=ZERO, tickCount=5, minExtent=44, maxExtent=44))


def lines(source: str, series: Series, size: Size, height: int, format: str, title: str | list[str],
          **axis: Any) -> alt.LayerChart | alt.FacetChart:
    """Draw several columns of one table of days as lines, named in the legend."""
    import altair as alt

    return alt.layer(*(
        alt.Chart(alt.NamedData(source)).mark_line(clip=True).transform_calculate(series=f"'{label}'").encode(
            days(size), measure(column, format, **axis), *look([s[1:] for s in series], size))
        for column, label, _, _ in series)).properties(width=size.width, height=height, title=title)


def look(series: Sequence[tuple[str, str, list[int]]], size: Size,
         field: str = "series") -> tuple[alt.Color, alt.StrokeDash]:
    """Return colour and dashes by name in one legend, so that no line is distinguished by colour alone."""
    import altair as alt

    labels, legend = [s[0] for s in series], alt.Legend(columns=size.of(len(series), 2), symbolType="stroke")
    return (alt.Color(f"{field}:N", legend=legend, scale=alt.Scale(domain=labels, range=[var(s[1]) for s in series])),
            alt.StrokeDash(f"{field}:N", legend=legend, scale=alt.Scale(domain=labels, range=[s[2] for s in series])))


def stacked(*panels: alt.Chart | alt.LayerChart | alt.FacetChart) -> alt.VConcatChart:
    """Stack panels below each other, each with separate colours and legend."""
    import altair as alt

    return alt.vconcat(*panels).resolve_scale(color="independent", strokeDash="independent", fill="independent")


def span(rows: Rows, field: str = "date") -> dict[str, Any]:
    """Return the first and the last day of a table as a scale."""
    found = [row[field] for row in rows]
    return {"domain": [str(min(found)), str(max(found))], "nice": False}


def titled(size: Size, *pieces: str) -> str | list[str]:
    """Return a title in one line, or one line per piece if the size is narrow."""
    return list(pieces) if size.narrow else " ".join(pieces)


def known(rows: Rows, *columns: str) -> bool:
    """Return whether any of the columns has a value; a chart without values is not drawn."""
    return any(row[column] is not None for row in rows for column in columns)
