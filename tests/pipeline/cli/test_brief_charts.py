"""The axes of the day's page: a label names one place, and a level that is marked is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import groupby

import pytest
from story import facts_of

from flows.report.facts import Facts
from flows.report.page import chart, story_baskets
from flows.report.page.drawings_index import regime
from flows.report.words import FUNDS
from warehouse.data_folder import DataFolder


def texts(draw: chart.Draw, size: chart.Size = chart.WIDE) -> list[str]:
    """What is written on a chart, in the order it is drawn."""
    return written(chart._svg("chart", *draw(size)))


def written(svg: str) -> list[str]:
    return re.findall(r">([^<>]+)</text>", svg)


def sessions(closes: Sequence[float]) -> list[dict[str, object]]:
    """A day each, with that close of the VIX."""
    return [{"date": date(2025, 4, 9) + timedelta(n), "nasdaq_close": 16000.0 + 100 * n, "is_ath_close": False,
             "vix_close": close} for n, close in enumerate(closes)]


@pytest.mark.parametrize("size", [chart.WIDE, chart.NARROW], ids=lambda size: size.name)
@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_day_is_named_once_on_an_axis_of_few_days(count: int, size: chart.Size) -> None:
    named = [text for text in texts(regime(sessions([20.0] * count), []), size) if re.search(r"\d Apr", text)]
    assert named[0] == "9 Apr 2025"
    assert len({text.removesuffix(" 2025") for text in named}) == len(named) > 1


@pytest.mark.parametrize(("highest", "levels"), [
    (31.05, ["10", "15", "20", "25", "30"]),
    (49.30, ["10", "15", "20", "25", "30", "40", "50"]),
    (82.69, ["10", "20", "30", "40", "50", "60", "70", "80"])])
def test_no_level_of_the_vix_is_left_out_between_others(highest: float, levels: list[str]) -> None:
    reported = texts(regime(sessions([12.0, highest, 25.0]), []))
    assert [text for text in reported if re.fullmatch(r"\d\d", text)] == levels


@pytest.mark.parametrize("spread", [0.05, 0.2, 1.0, 3.0])
def test_the_axes_of_relative_rotation_name_a_value_once(spread: float, changed: Callable[..., DataFolder]) -> None:
    found = facts_of(changed(f"update marts.rotation_daily set rs_ratio = 100 + {spread} * (rs_ratio - 100), "
                             f"rs_momentum = 100 + {spread} * (rs_momentum - 100)"))
    drawn = story_baskets.rotation(found).drawing
    assert drawn is not None
    reported = groupby(written(drawn.svgs["wide"]), lambda text: re.fullmatch(r"[\d.]+", text) is not None)
    axes = [list(run) for is_value, run in reported if is_value]
    assert len(axes) == 4
    assert [axis for axis in axes if len(set(axis)) < len(axis)] == []


def test_tiers_and_funds_of_a_users_catalog_are_drawn_among_their_kind(changed: Callable[..., DataFolder]) -> None:
    own = [f"""insert into marts.rotation_daily by name select * replace ('{name}' as basket, rs_ratio + 1 as rs_ratio)
               from marts.rotation_daily where basket = '{like}'"""
           for name, like in (("software", "ai_leaders"), ("fintech", "defensive"), ("xbi", "xlv"))]
    paths = """insert into core.tier_lead by name select * replace ('software' as tier)
               from core.tier_lead where tier = 'ai_leaders'"""
    found = facts_of(changed(*own, paths))
    rotation, since_peak = (part(found).drawing for part in (story_baskets.rotation, story_baskets.since_peak))
    assert rotation is not None
    assert since_peak is not None
    assert {"software", "fintech", "XBI"} <= set(written(rotation.svgs["wide"]))
    assert "software" in written(since_peak.svgs["wide"])


def test_no_two_tails_of_a_panel_are_alike(known: Facts) -> None:
    drawn = story_baskets.rotation(known).drawing
    assert drawn is not None
    colours = {name: colour for colour, name in re.findall(r'fill="(var[^"]+)"[^>]*>([^<]+)</text>', drawn.svgs["wide"])}
    funds = [colours[fund.upper()] for fund in FUNDS]
    assert len(set(funds)) == len(funds)
