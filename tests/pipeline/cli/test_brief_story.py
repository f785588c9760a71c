"""The sentences and figures of the day's page: a hole is said, a change is that of what is shown, names are words."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import story
from html_page import Page
from story import facts_of

from flows.report.answer import answer, tiles
from flows.report.claims import claims
from flows.report.facts import Facts
from flows.report.page import page, story_baskets, story_index, story_record
from flows.report.page.sections import Section
from flows.report.words import count, number, percent, plain, signal
from warehouse.data_folder import DataFolder

Changed = Callable[..., DataFolder]
NEWEST, BEFORE = f"where date = '{story.LAST}'", f"where date = '{story.DAYS[-2]}'"
NO_INDEX = "update marts.concentration_daily set index_return = null, official_return = null, residual_bp = null, " \
           "top10_weight = null, above_50d_share = null"
# A session of which few bars came: neither an index, nor its members, nor a tier is known, but the VIX and the Composite.
HOLE = (f"{NO_INDEX} {NEWEST}", f"delete from marts.contribution_daily {NEWEST}",
        f"delete from marts.contribution_window {NEWEST}",
        f"update marts.rotation_daily set rs_rank = null, sector_rank = null {NEWEST}",
        f"update audit.coverage set received = 24, missing = 136 {NEWEST}")


@pytest.fixture(autouse=True)
def _undrawn(undrawn: None) -> None:
    pass


@pytest.fixture
def hole(changed: Changed) -> Facts:
    return facts_of(changed(*HOLE))


def moved(facts: Facts) -> dict[str, tuple[str, ...]]:
    """The table of this session against the one before: before, now and change by figure."""
    return {row[0]: row[1:] for row in changes(facts).open_tables[0].rows}


def changes(facts: Facts) -> Section:
    return story_record.changes(facts)


# A hole.

def test_a_session_with_a_hole_says_so_first(hole: Facts) -> None:
    assert answer(hole).startswith("Who drives the market is not known: 24 of 160 bars came; the regime is ")


def test_a_figure_that_is_not_known_stands_as_a_dash_with_its_reason(hole: Facts) -> None:
    reported = {tile.label: (tile.value, tile.note) for tile in tiles(hole)}
    unknown = ("–", "not known: 24 of 160 bars came")
    assert [label for label, tile in reported.items() if tile == unknown] == [
        "Nasdaq-100", "Ten largest", "Above 50-day mean", "Strongest tier"]
    assert not [note for _, note in reported.values() if "–" in note]


def test_without_a_hole_that_is_all_that_is_said(changed: Changed) -> None:
    found = facts_of(changed(*HOLE[:-1], "update audit.coverage set received = 160, missing = 0"))
    assert answer(found).startswith("Who drives the market is not known; the regime is ")


def test_of_many_missing_keys_some_are_named(changed: Changed) -> None:
    keys = ", ".join(f"'{company}'" for company in story.COMPANIES)
    found = facts_of(changed(f"update audit.coverage set missing = 136, received = 24, missing_keys = [{keys}]"))
    assert story_record.coverage(found).message.startswith(
        "24 of 160 bars came (AAA BBB CCC DDD EEE FFF GGG HHH and 128 more missing), 1 of them late")


def test_what_is_known_on_a_session_with_a_hole_is_set_against_the_one_before(hole: Facts) -> None:
    rows = moved(hole)
    assert rows["Nasdaq Composite at the close"] == ("23,180.00", "23,190.00", "+10.00")
    assert rows["Strongest tier over 21 sessions"][1:] == ("–", "–")
    assert "Weight of the ten largest" not in rows
    assert changes(hole).lacks == ("No weighting of the Nasdaq-100 has a return on this session.",)


def test_after_a_hole_what_was_not_known_before_stays_unknown(changed: Changed) -> None:
    """Not this session's own figure, which would say that nothing changed."""
    rows = moved(facts_of(changed(f"{NO_INDEX} {BEFORE}", f"update marts.regime_daily set vix_close = null {BEFORE}",
                                  f"update marts.rotation_daily set rs_rank = null {BEFORE}")))
    for figure in ("VIX at the close", "Weight of the ten largest", "Members above their 50-day mean",
                   "Strongest tier over 21 sessions"):
        before, now, change = rows[figure]
        assert (before, change) == ("–", "–")
        assert now != "–"


# Figures.

def test_halves_are_rounded_away_from_zero_as_the_digits_say() -> None:
    assert [number(value) for value in (36.55, 31.05, -36.55, 0.04, -0.04)] == ["36.6", "31.1", "−36.6", "0.0", "0.0"]
    assert [percent(value, 2, True) for value in (0.28565, -0.00125)] == ["+28.57%", "−0.13%"]


def test_a_change_is_that_of_the_figures_shown(changed: Changed) -> None:
    """52.203 % to 52.107 % is a change of 0.096, which would print as 0.10 beside figures that are 0.09 apart."""
    rows = moved(facts_of(changed(f"update marts.concentration_daily set top10_weight = 0.52203 {BEFORE}",
                                  f"update marts.concentration_daily set top10_weight = 0.52107 {NEWEST}")))
    assert rows["Weight of the ten largest"] == ("52.20%", "52.11%", "−0.09 points")


# Sentences.

def test_the_band_is_the_confirmed_one_and_a_close_beyond_it_is_said(changed: Changed) -> None:
    found = facts_of(changed("update marts.regime_daily set vix_close = 30.33, band = '25_to_30', band_raw = 'above_30'"))
    reported = "confirmed band 25 to 30 (this close alone: above 30)"
    assert f"The VIX closed at 30.33, in the {reported}" in story_index.regime(found).message
    assert reported in next(tile.note for tile in tiles(found) if tile.label == "VIX")


def test_no_page_speaks_of_today(home: DataFolder) -> None:
    """It may be of a past day."""
    found = facts_of(home, story.DAYS[290])
    assert re.findall(r"\b(?:to|yester)day\b", Page(page.page(found, page.story(found), [])).text) == []


@pytest.mark.parametrize(("sessions", "reported"), [
    (1, "below its record of 1 session ago; none of the last 21 sessions brought one."),
    (101, "below its record of 101 sessions ago; none of the last 21 sessions brought one.")])
def test_the_record_is_so_many_sessions_ago(sessions: int, reported: str, changed: Changed) -> None:
    found = facts_of(changed("update marts.regime_daily set is_ath_close = false, drawdown_return = -0.1, "
                             f"sessions_since_ath = {sessions}"))
    assert reported in story_index.regime(found).message


def test_one_is_one() -> None:
    assert [count(1, "session"), count(2, "session"), count(1234)] == ["1 session", "2 sessions", "1,234"]


def test_one_member_is_at_a_high(changed: Changed) -> None:
    found = facts_of(changed("update marts.concentration_daily set new_highs_252d = 1, new_lows_252d = 0"))
    assert "1 is at a high of 252 sessions, 0 at a low" in story_index.breadth(found).message


def test_an_incomplete_order_names_who_did_not_lead(changed: Changed) -> None:
    found = facts_of(changed("update marts.rotation_sequence set verdict = 'incomplete'",
                             "update core.tier_lead set tier = 'defensive' where tier = 'semiconductors'"))
    assert "stayed incomplete: Semiconductors did not lead within 63 sessions." in story_baskets.since_peak(found).message


@pytest.mark.parametrize(("key", "reported"), [
    ("ath", "close of the Nasdaq Composite"), ("residual_full_cap", "residual (full market value)"),
    ("stale_NFCI", "age of NFCI"), ("stage", "stage")])
def test_a_signal_has_a_name(key: str, reported: str) -> None:
    assert signal(key) == reported


def test_signals_that_changed_are_told_in_words(changed: Changed) -> None:
    found = facts_of(changed("update marts.signal_daily set signal = 'ath', previous = 'record', current = 'below_record'"))
    assert changes(found).message.startswith(
        "Signals that changed: close of the Nasdaq Composite: below the record (was a record).")
    assert changes(found).open_tables[1].rows == (
        ("close of the Nasdaq Composite", "a record", "below the record", "watch"),)


# The ledger, on the page and on a terminal.

@pytest.mark.parametrize(("value", "reported"), [
    (31.05, "31.05"), (10.891812, "10.89"), (1234.5678, "1,235"), (0.55267, "0.5527"), (-12.7, "−12.7"), (0.03, "0.03"),
    (6.0, "6"), (0.0, "0"), (2.249e-07, "0.0000"), (-0.000226, "−0.0002")])
def test_a_figure_without_a_unit_is_plain(value: float, reported: str) -> None:
    assert plain(value) == reported


WITHIN = ("update marts.claim_ledger set observed = 0.1145, lower = 0.03, verdict = 'contradicted', "
          "evidence = 'Not met: a correlation of 0.5. It rose by 11.5 %. See: select 2 as rose' where claim_id = 'A02'")


def test_a_figure_inside_its_bounds_is_said_to_be_with_what_is_not_met(changed: Changed) -> None:
    rose, otherwise, _ = story_record.claims(facts_of(changed(WITHIN)))
    assert rose.found == "found 0.4, needs at least 0.1"
    assert otherwise.found == "found 0.1145, at least 0.03 as needed. Not met: a correlation of 0.5."


def test_a_terminal_says_so_too(changed: Changed, capsys: pytest.CaptureFixture[str]) -> None:
    home = changed(WITHIN)
    claims(home, ["A02"], None, False, print)
    assert "A02  contradicted  0.1145  (supported: ≥ 0.03 and more)" in capsys.readouterr().out
    claims(home, [], None, False, print)
    reported = capsys.readouterr().out
    assert "≥ 0.1 " in reported
    assert "“and more”: the figure is within its bounds" in reported
