"""What a raw row says of its moment: an observed release, a rule, or our fetch; and what the source said of that."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

NFCI = """
    series_id | date       | value | realtime_start | realtime_end | pit_quality
    NFCI      | 2026-03-06 | -0.50 | 2026-03-11     | 2026-03-24   | rule
    NFCI      | 2026-03-06 | -0.48 | 2026-03-25     | 9999-12-31   |
    NFCI      | 2026-03-20 | -0.45 | 2026-03-25     | 9999-12-31   |
"""


def test_a_period_that_a_rule_dates_is_no_vintage(desk):
    desk.fetch("observations", "2026-04-01 12:00", NFCI)
    desk.holds("raw.macro_observation", """
        date       | value | known_at         | pit_quality
        2026-03-06 | -0.50 | 2026-03-12 03:59 | rule
        2026-03-06 | -0.48 | 2026-03-26 03:59 | vintage
        2026-03-20 | -0.45 | 2026-03-26 03:59 | vintage
    """)
    assert desk.fetch("observations", "2026-04-02 12:00", NFCI).added == 0


def test_a_rules_period_that_ends_without_a_successor_is_withdrawn_by_the_same_rule(desk):
    desk.fetch("observations", "2026-04-01 12:00", """
        series_id | date       | value | realtime_start | realtime_end | pit_quality
        NFCI      | 2026-03-06 | -0.50 | 2026-03-11     | 2026-03-24   | rule
    """)
    desk.holds("raw.macro_observation", """
        date       | value | is_withdrawn | known_at         | pit_quality
        2026-03-06 | -0.50 | false        | 2026-03-12 03:59 | rule
        2026-03-06 |       | true         | 2026-03-26 03:59 | rule
    """)


def test_a_batch_that_says_nothing_of_it_has_vintages(desk):
    """FRED itself, whose real-time periods are those of releases it saw; and a batch landed before it was kept."""
    batch = desk.land("observations", "2026-04-01 12:00", NFCI)
    file = batch.frame("observations")
    desk.con.execute(f"copy (select * exclude (pit_quality) from '{file}') to '{file}.new' (format parquet)")
    file.with_name(file.name + ".new").replace(file)
    desk.load(batch)
    assert desk.con.execute("select distinct pit_quality from raw.macro_observation").fetchall() == [("vintage",)]


@pytest.mark.parametrize(("since", "qualities"), [
    (None, [None, None, None]),
    ("2026-03-25", ["rule", None, None]),
    ("9999-12-31", ["rule", "rule", "rule"]),
])
def test_a_replay_says_from_when_on_its_periods_were_observed(since, qualities):
    from flows.sources.fred import _mark_unobserved

    root = ET.fromstring("<observations>" + "".join(
        f'<observation realtime_start="{day}" date="2026-03-06" value="1"/>'
        for day in ("2026-03-11", "2026-03-25", "2026-04-01")) + "</observations>")
    _mark_unobserved(root, since)
    assert [row.get("pit_quality") for row in root] == qualities
