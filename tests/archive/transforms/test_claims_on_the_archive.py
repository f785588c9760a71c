"""The ledger over the real market: its verdicts as of the archive's end, and what it could not know before."""

from __future__ import annotations

import duckdb
import pytest
from archive import OPEN_SPRING, built
from judged import CLAIM

VERDICTS = {
    "supported": "A01 A02 A03 A04 A06 A09 A10 A14 A15 A19 A20 A21 A24 A25 B07 B11 B17",
    "partial": "A05 A07 A08 A11 A13 A17 A22 B03 B09 B10",
    "contradicted": "A12 A23 A27 A28 B01 B06 B08",
    "data_missing": "A16 A18 A26 A29 B02 B04 B05 B12 B13 B14 B15",
    "not_testable": "B16",
}


@pytest.fixture(scope="module")
def con(real_archive) -> duckdb.DuckDBPyConnection:
    return built(real_archive)


def test_the_verdicts(con):
    found = con.execute("""
        select verdict, string_agg(claim_id, ' ' order by claim_id) from marts.claim_ledger group by verdict""").fetchall()
    assert dict(found) == VERDICTS


@pytest.mark.parametrize(("claim_id", "observed"), [
    ("A01", 7), ("A02", 31.05), ("A03", 18.36), ("A04", -12.69), ("A07", 3), ("A24", 1), ("A25", 1)])
def test_figures_that_are_facts(con, claim_id, observed):
    found = con.execute("select observed from marts.claim_ledger where claim_id = ?", [claim_id]).fetchall()
    assert found == [(pytest.approx(observed, abs=1e-9),)]


@pytest.mark.parametrize("claim_id", CLAIM)
def test_a_query_in_the_ledger_gives_the_figure_in_the_ledger(con, claim_id):
    metric, observed = con.execute("select metric_sql, observed from marts.claim_ledger where claim_id = ?",
                                   [claim_id]).fetchall()[0]
    if metric is None:
        assert observed is None
        return
    answer = con.execute(metric)
    place = [column[0] for column in answer.description or []].index("observed")
    rows = answer.fetchall()
    assert (rows[0][place] if rows else None) == (observed if observed is None else pytest.approx(observed, abs=1e-12))


def test_the_rows_behind_a_figure_are_there_to_see(con):
    """Of every claim that has a figure, the query that the evidence ends with finds some; only a count of none has none."""
    for claim_id, observed in con.execute("select claim_id, observed from marts.claim_ledger").fetchall():
        if observed:
            assert con.execute(CLAIM[claim_id].shown_by).fetchall(), claim_id


def test_a_ledger_of_the_past_knows_nothing_of_what_came_after(real_archive):
    """On the evening of 10 April 2026 the VIX had not come back, April's records were ahead and May unthinkable."""
    then = dict(built(real_archive, OPEN_SPRING).execute(
        "select claim_id, (verdict, observed) from marts.claim_ledger").fetchall())
    assert then["A02"] == ("supported", pytest.approx(31.05))
    assert {key: then[key][0] for key in ("A01", "A03", "A04", "A05", "A07", "A21")} == dict.fromkeys(
        ("A01", "A03", "A04", "A05", "A07", "A21"), "data_missing")
    assert then["A24"][0] == "data_missing"        # leadership was still open
    assert then["A17"][0] == "data_missing"        # the first quarter's statements come in May
    assert then["A25"] == ("contradicted", 0)
