"""core.macro_as_known: what each evening knew, and nothing it did not."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from assertions import assertions_fail
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import draw, sessions, weekdays

MODEL = "core.macro_as_known"
WEEK = sessions(weekdays(5, date(2026, 3, 2)))
NEW_YORK = ZoneInfo("America/New_York")


def test_a_value_published_the_next_evening_says_its_own_date(spec):
    spec(MODEL, {"staging.session": WEEK, "staging.macro_observation": """
        series_id | date       | value | known_at
        DGS10     | 2026-03-02 | 4.10  | 2026-03-04 04:59:00
        DGS10     | 2026-03-03 | 4.20  | 2026-03-05 04:59:00
    """}, expect="""
        date       | series_id | value | observation_date | known_at
        2026-03-03 | DGS10     | 4.10  | 2026-03-02       | 2026-03-04 04:59:00
        2026-03-04 | DGS10     | 4.20  | 2026-03-03       | 2026-03-05 04:59:00
        2026-03-05 | DGS10     | 4.20  | 2026-03-03       | 2026-03-05 21:15:00
        2026-03-06 | DGS10     | 4.20  | 2026-03-03       | 2026-03-06 21:15:00
    """)


def test_a_later_vintage_changes_rows_from_its_own_day_on(spec):
    spec(MODEL, {"staging.session": WEEK, "staging.macro_observation": """
        series_id | date       | value | known_at
        NFCI      | 2026-02-27 | -0.50 | 2026-03-03 04:59:00
        NFCI      | 2026-02-27 | -0.40 | 2026-03-05 04:59:00
    """}, expect="""
        date       | value | observation_date
        2026-03-02 | -0.50 | 2026-02-27
        2026-03-03 | -0.50 | 2026-02-27
        2026-03-04 | -0.40 | 2026-02-27
        2026-03-05 | -0.40 | 2026-02-27
        2026-03-06 | -0.40 | 2026-02-27
    """)


def test_a_revision_of_an_older_observation_is_no_news(spec):
    spec(MODEL, {"staging.session": WEEK, "staging.macro_observation": """
        series_id | date       | value | known_at
        NFCI      | 2026-02-20 | -0.50 | 2026-03-03 04:59:00
        NFCI      | 2026-02-27 | -0.30 | 2026-03-04 04:59:00
        NFCI      | 2026-02-20 | -0.60 | 2026-03-05 04:59:00
    """}, expect="""
        date       | value | observation_date
        2026-03-02 | -0.50 | 2026-02-20
        2026-03-03 | -0.30 | 2026-02-27
        2026-03-04 | -0.30 | 2026-02-27
        2026-03-05 | -0.30 | 2026-02-27
        2026-03-06 | -0.30 | 2026-02-27
    """)


def test_the_evening_ends_with_the_day_in_new_york_in_winter_and_in_summer(spec):
    spec(MODEL, {"staging.session": sessions([date(2026, 3, 6), date(2026, 3, 9)]), "staging.macro_observation": """
        series_id | date       | value | known_at
        WINTER    | 2026-03-05 | 1     | 2026-03-07 04:59:59
        WINTER    | 2026-03-06 | 2     | 2026-03-07 05:00:00
        SUMMER    | 2026-03-05 | 1     | 2026-03-10 03:59:59
        SUMMER    | 2026-03-06 | 2     | 2026-03-10 04:00:00
    """}, expect="""
        date       | series_id | value
        2026-03-06 | WINTER    | 1
        2026-03-09 | SUMMER    | 1
        2026-03-09 | WINTER    | 2
    """)


def test_a_value_taken_back_gives_way_to_the_one_before(spec):
    spec(MODEL, {"staging.session": WEEK, "staging.macro_observation": """
        series_id | date       | value | known_at
        DGS10     | 2026-02-26 | 4.10  | 2026-03-03 04:59:00
        DGS10     | 2026-02-27 | 9.99  | 2026-03-04 04:59:00
        DGS10     | 2026-02-27 |       | 2026-03-05 02:00:00
        DGS10     | 2026-02-27 | 4.20  | 2026-03-06 04:59:00
    """}, expect="""
        date       | value | observation_date | known_at
        2026-03-02 | 4.10  | 2026-02-26       | 2026-03-03 04:59:00
        2026-03-03 | 9.99  | 2026-02-27       | 2026-03-04 04:59:00
        2026-03-04 | 4.10  | 2026-02-26       | 2026-03-05 02:00:00
        2026-03-05 | 4.20  | 2026-02-27       | 2026-03-06 04:59:00
        2026-03-06 | 4.20  | 2026-02-27       | 2026-03-06 21:15:00
    """)


def test_a_holiday_without_a_value_is_passed_over(spec):
    spec(MODEL, {"staging.session": WEEK, "staging.macro_observation": """
        series_id | date       | value | known_at
        DGS10     | 2026-03-02 | 4.10  | 2026-03-03 04:59:00
        DGS10     | 2026-03-03 |       | 2026-03-04 04:59:00
    """}, expect="""
        date       | value | observation_date
        2026-03-02 | 4.10  | 2026-03-02
        2026-03-03 | 4.10  | 2026-03-02
        2026-03-04 | 4.10  | 2026-03-02
        2026-03-05 | 4.10  | 2026-03-02
        2026-03-06 | 4.10  | 2026-03-02
    """)


def test_a_series_none_of_whose_values_is_known_has_no_row(spec):
    assert spec.rows(MODEL, {"staging.session": WEEK, "staging.macro_observation": """
        series_id | date       | value | known_at
        LATE      | 2026-03-02 | 1     | 2026-03-09 04:59:00
        EMPTY     | 2026-03-02 |       | 2026-03-03 04:59:00
    """}) == []


FIRST = date(2026, 3, 2)
MIDNIGHT = datetime.combine(FIRST, time())
vintages = st.lists(st.tuples(
    st.integers(-10, 10),                                           # the observation's day
    st.integers(-24 * 4, 24 * 16),                                  # hour in which it became known
    st.one_of(st.none(), st.integers(1, 99)),                       # its value, or none
), max_size=30, unique_by=lambda v: v[:2])


@settings(max_examples=80, deadline=None)
@given(vintages)
def test_every_evening_shows_the_newest_date_with_a_value_in_its_latest_vintage(spec, reported):
    days = weekdays(8, FIRST)
    told = [(FIRST + timedelta(days=d), MIDNIGHT + timedelta(hours=h), v) for d, h, v in reported]
    given_tables = {"staging.session": sessions(days)}
    if told:
        given_tables["staging.macro_observation"] = draw(
            {"series_id": "X", "date": d, "value": v, "known_at": k} for d, k, v in told)
    expected = []
    for day in days:
        evening = datetime.combine(day, time(23, 59, 59), NEW_YORK).astimezone(UTC).replace(tzinfo=None)
        latest = {d: v for d, k, v in sorted(told, key=lambda o: o[1]) if k <= evening}
        valued = [(d, v) for d, v in latest.items() if v is not None]
        if valued:
            newest, value = max(valued)
            expected.append((day, float(value), newest))
    assert spec.rows(MODEL, given_tables, columns=["date", "value", "observation_date"]) == expected


def test_assertions_can_fail(spec):
    assertions_fail(spec, MODEL, {
        "known by the end of its day": {"date": "2026-03-06", "known_at": "2026-03-07 05:00:00"},
        "a number with its date": [{"value": "nan", "observation_date": "2026-03-05"}, {"value": 1}],
    })


def test_a_value_says_how_its_moment_was_found(spec):
    """The evening of session 2 knows the value by its rule, that of session 3 by the release that was seen."""
    from drawn import day, sessions

    spec("core.macro_as_known", {
        "staging.session": sessions(3),
        "staging.macro_observation": f"""
            series_id | date     | value | pit_quality | known_at
            NFCI      | {day(1)} | -0.5  | rule        | {day(2)} 05:00
            NFCI      | {day(1)} | -0.4  | vintage     | {day(3)} 20:00
        """}, f"""
        date     | series_id | value | pit_quality
        {day(2)} | NFCI      | -0.5  | rule
        {day(3)} | NFCI      | -0.4  | vintage
    """)
