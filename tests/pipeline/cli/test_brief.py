"""The day's page: every figure on it is a query that runs as it stands, it closes, it does not look ahead, it degrades."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from itertools import pairwise

import pytest
import story
from html_page import Page
from spec import Spec
from story import facts_of

from flows.report.answer import answer
from flows.report.facts import Facts
from flows.report.page import chart, page
from flows.report.page.story_record import claims
from flows.report.page.write import write
from flows.report.question import written_out
from flows.report.questions import FIRST, THEN
from warehouse import catalog
from warehouse.data_folder import DataFolder
from warehouse.errors import BadRequest

QUESTIONS = {question.key: question for question in (*FIRST, *THEN)}
CATALOG = catalog.load()


def html_of(home: DataFolder) -> str:
    found = facts_of(home)
    return page.page(found, page.story(found), [])


# Every figure is a query.

@pytest.mark.parametrize("key", QUESTIONS)
def test_every_question_can_be_asked_of_what_the_models_make(key: str, spec: Spec) -> None:
    """A missing column would cost the page an answer and no error: it shows here."""
    spec.con.execute(written_out(QUESTIONS[key].sql, {"date": date(2026, 5, 29), "scheme": "full_cap", "index": "NDX",
                                                      "index_title": "Nasdaq-100", "published_index": "^NDX",
                                                      "peak": date(2026, 3, 27)}))


@pytest.mark.parametrize("key", QUESTIONS)
def test_every_question_has_an_answer_where_everything_is_known(key: str, known: Facts) -> None:
    assert known[key].lack == ""
    assert known[key].rows


def test_every_query_on_the_page_runs_as_it_stands(shown: Page, home: DataFolder) -> None:
    assert len(shown.sql) > len(QUESTIONS)
    with home.marts() as con:
        for sql in shown.sql:
            con.execute(sql)


def test_what_was_shown_is_what_the_query_shown_gives(known: Facts, shown: Page, home: DataFolder) -> None:
    with home.marts() as con:
        for key, answered in known.answers.items():
            assert answered.sql in shown.sql or key == "strength"  # it stands in where there is no relative rotation
            assert con.execute(answered.sql).fetchall() == [tuple(row.values()) for row in answered.rows]


def test_a_query_can_be_pasted_between_double_quotes(shown: Page) -> None:
    assert not [sql for sql in shown.sql if re.search(r'["$`\\]', sql)]


def test_each_claim_shows_its_query_and_the_one_for_its_rows(known: Facts) -> None:
    assert [claim.queries for claim in claims(known)] == [
        ("select 0.4 as observed", "select 1 as rose"), ("select 0.02 as observed", "select 2 as rose"), ()]
    assert [claim.evidence for claim in claims(known)] == ["It did.", "It did not.", "Nobody knows."]


# It closes.

@pytest.mark.parametrize("key", ["day", "window"])
def test_the_waterfall_closes_to_the_published_index(key: str, known: Facts, home: DataFolder) -> None:
    rows = known[key].rows
    parts = sum(row["bp"] for row in rows if row["kind"] in ("company", "others", "residual"))
    with home.marts() as con:
        now, month_before, official = con.execute("""
            select max(close) filter (date = $day), max(close) filter (date = $day - 29),
                (select official_return from marts.concentration_daily where date = $day and weight_scheme = 'capped')
            from core.index_level""", {"day": story.LAST}).fetchall()[0]
    index = official if key == "day" else now / month_before - 1
    assert parts == pytest.approx(10000 * index, abs=1e-9)
    assert rows[-1]["bp"] == pytest.approx(10000 * index, abs=1e-9)


@pytest.mark.parametrize("key", ["day", "window"])
def test_each_bar_of_the_waterfall_begins_where_the_one_above_ended(key: str, known: Facts) -> None:
    from flows.report.page.drawings_index import waterfall

    bars = waterfall(known[key].rows, "bp")(chart.WIDE)[1]["bars"]
    for above, bar in pairwise(bars):
        assert bar["start"] == (0 if bar["kind"] == "total" else above["end"])
    assert bars[-1]["end"] == pytest.approx(bars[-2]["end"])
    assert [bar["label"] for bar in bars[-3:]] == ["Sum", "Residual", "Nasdaq-100"]


def test_every_company_is_in_the_waterfall(known: Facts) -> None:
    rows = known["day"].rows
    assert Counter(row["kind"] for row in rows) == {"company": 12, "others": 1, "sum": 1, "residual": 1, "index": 1}
    assert [row["label"] for row in rows if row["kind"] == "others"] == [f"{len(story.COMPANIES) - 12} others"]


# The sentence.

def test_the_answer_says_who_how_concentrated_and_which_regime(known: Facts) -> None:
    """PPP, OOO and NNN contribute 9, 8 and 7 units of 0.2 % each over the window, weights are capped."""
    tier = min((r for r in known["tiers"].rows if r["rs_rank"]), key=lambda r: r["rs_rank"])["basket"].replace("_", " ")
    reported = answer(known)
    assert reported.startswith("PPP, OOO and NNN drive the market, with +9.6 points ")
    assert tier.lower() in reported.lower()
    assert "the index is concentrated, ten companies holding 48% of it" in reported
    assert re.search(r"the regime is [a-z -]+, the VIX at \d+\.\d and the Nasdaq Composite 1.2% below its record\.$",
                     reported)


@pytest.mark.parametrize(("sql", "reported"), [
    ("update marts.contribution_window set contribution = -contribution", "PPP, OOO and NNN drag the market, with −9.6"),
    ("update marts.contribution_window set contribution = contribution / 1000", "Nobody drives the market"),
    ("drop table marts.contribution_window", "points of the Nasdaq-100's +0.5% on the day"),
    ("update marts.concentration_daily set top10_weight = 0.52", "very concentrated, ten companies holding 52% of it"),
    ("update marts.concentration_daily set top10_weight = 0.30", "not concentrated by its own standards"),
    ("update marts.regime_daily set is_ath_close = true", "and the Nasdaq Composite at a record."),
    ("update marts.regime_daily set stage = null", "; the VIX at "),
    ("update marts.rotation_daily set rs_21d = -abs(rs_21d)", "no tier ahead of the Nasdaq Composite"),
])
def test_the_answer_follows_the_figures(sql: str, reported: str, changed: Callable[..., DataFolder]) -> None:
    assert reported in answer(facts_of(changed(sql)))


def test_an_answer_of_nothing_says_what_came(changed: Callable[..., DataFolder]) -> None:
    marts = ("concentration_daily", "contribution_daily", "contribution_window", "rotation_daily")
    found = facts_of(changed(*(f"delete from marts.{mart}" for mart in marts), "update marts.regime_daily set "
                             "stage = null, vix_close = null, is_ath_close = null, drawdown_return = null"))
    assert answer(found) == "Who drives the market is not known: 158 of 160 bars came."


def test_the_weighting_nearest_to_the_index_is_the_one_in_use(known: Facts, changed: Callable[..., DataFolder]) -> None:
    assert known.scheme == "capped"
    without = changed("update marts.concentration_daily set index_return = null where weight_scheme = 'capped'")
    assert facts_of(without).scheme == "full_cap"


# Nothing looks ahead.

def test_a_page_of_a_past_day_is_what_it_was_when_it_was_the_newest(
        home: DataFolder, changed: Callable[..., DataFolder]) -> None:
    """Without the days after it, every answer is the same; but for what is of the publication as a whole."""
    day = story.DAYS[290]
    dated = [table for table in story.FILL if table.startswith("marts.") and "date, " in story.FILL[table]]
    before = changed(*(f"delete from {table} where date > '{day}'" for table in [*dated, "core.index_level"]))
    then, now = facts_of(before), facts_of(home, day)
    assert then.date == now.date == day
    for key in QUESTIONS.keys() - {"freshness"}:
        assert then[key].rows == now[key].rows, key


def test_a_lead_is_told_only_once_it_is_confirmed(home: DataFolder) -> None:
    """ai_leaders lead 3 days after the peak and are confirmed at position 289: the page of the day before knows nothing."""
    assert facts_of(home, story.DAYS[287])["leads"].rows == ()
    assert [row["tier"] for row in facts_of(home, story.DAYS[288])["leads"].rows] == ["ai_leaders"]


def test_a_verdict_is_told_only_once_it_is_settled(home: DataFolder) -> None:
    assert facts_of(home, story.DAYS[290])["peak"].row["verdict"] == "open"
    assert facts_of(home)["peak"].row["verdict"] == "match"


# What is missing is said.

@pytest.mark.parametrize("table", [table for table in story.FILL if table != "marts.regime_daily"])
def test_a_missing_table_costs_a_sentence(table: str, changed: Callable[..., DataFolder], undrawn: None) -> None:
    text = html_of(changed(f"drop table {table}"))
    assert any(reason in text for reason in (
        "This publication cannot answer the question: Table with name", "No weighting of the Nasdaq-100",
        "This publication names no index."))


@pytest.mark.parametrize("table", story.FILL)
def test_a_table_of_nulls_breaks_nothing(table: str, spec: Spec, changed: Callable[..., DataFolder], undrawn: None) -> None:
    keys = {"date", "index_code", "weight_scheme", "basket", "issuer", "claim_id", "signal", "episode", "verdict", "as_of",
            "symbol", "tier", "window_sessions", "is_current", "declared_on", "is_simulated", "build_id", "evidence",
            "key", "mart", "cause", "run_id", "feed", "expected", "received", "missing", "late", "known_at", "position",
            "published_at", "recorded_by"}
    columns = [row[0] for row in spec.con.execute(f"describe {table}").fetchall() if row[0] not in keys]
    nulled = ", ".join(f"null as {column}" for column in columns)
    if columns:
        text = html_of(changed(f"create or replace table {table} as select * replace ({nulled}) from {table}"))
        assert not re.search(r">[^<]*\b(None|nan|NaN|null)\b[^<]*<(?!/pre)", re.sub(r"<pre.*?</pre>", "", text, flags=re.S))


def test_nothing_but_the_session_itself_is_needed(changed: Callable[..., DataFolder]) -> None:
    home = changed(*(f"drop table {table}" for table in story.FILL if table != "marts.regime_daily"),
                   f"delete from marts.regime_daily where date <> '{story.LAST}'")
    file = write(home, CATALOG)
    assert "<svg" in file.read_text()
    assert file.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("day", "sentence"), [
    (date(2026, 5, 2), "The nearest before it is 2026-05-01"), (date(2020, 1, 2), "The newest is 2026-05-22")])
def test_a_day_without_a_session_is_refused_with_the_nearest(day: date, sentence: str, home: DataFolder) -> None:
    with pytest.raises(BadRequest, match=sentence):
        write(home, CATALOG, day)
