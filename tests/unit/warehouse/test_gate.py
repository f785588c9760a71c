"""The publication gate: each declared check, by rows that make it fail and rows that pass it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from drawn import day, sessions, table

from warehouse.data_folder import SCHEMA, DataFolder
from warehouse.publication import gate
from warehouse.publication.gate import Acceptance, Build, Check

AT = datetime(2026, 2, 1, tzinfo=UTC)
PRESENT = Build("run-1", AT, True)
PERSON = Acceptance("the index fund confirms it", "ada")


@pytest.fixture
def con(spec) -> Iterator[duckdb.DuckDBPyConnection]:
    spec.con.begin()
    yield spec.con
    spec.con.rollback()


@pytest.fixture
def given(spec, con):
    """Draw tables, and ask one declared check of them: the sentences it finds."""

    def ask(name: str, tables: dict[str, str], build: Build = PRESENT, before: dict[str, str] | None = None) -> list[str]:
        for table_name, text in ({"staging.session": sessions(10)} | tables).items():
            spec.insert(table_name, text)
        con.execute("create or replace temp table span as select ? as run_id, true as is_present, ?::date as first, "
                    "?::date as last, max(date) as newest from staging.session", [build.run_id, build.first, build.last])
        check = next(check for check in gate.checks() if check.name == name)
        if before is not None:
            con.execute("create schema before")
            for table_name, text in before.items():
                schema, _, short = table_name.partition(".")
                con.execute(f"create table before.{short} as from {schema}.{short} limit 0")
                spec.insert(f"before.{short}", text)
        sql = check.sql.replace("before.main.", "before.").replace("before.core.", "before.")
        return [sentence for sentence, in con.execute(
            f"select sentence from ({sql}) where observed > bound order by place").fetchall()]

    return ask


def residuals(newest: float, scheme: str = "capped", usual: float = 1.0, official: float = 0.01, at: int = 10) -> str:
    return table(("date", "index_code", "weight_scheme", "residual_bp", "official_return"), [
        (day(n), "NDX", scheme, newest if n == at else usual, official) for n in range(1, 11)])


def test_every_check_is_declared_with_what_it_is_for():
    assert len(gate.checks()) > 10
    assert all(check.doc and check.severity in gate.SEVERITIES for check in gate.checks())


@pytest.mark.parametrize(("scheme", "bound"), [("full_cap", 110), ("capped", 50), ("anchored", 25)])
def test_a_residual_has_a_bound_of_its_weighting(scheme, bound, given):
    """A tenth of the index's own move of 100 bp is allowed on top."""
    assert given("residual", {"marts.concentration_daily": residuals(bound + 1, scheme)}) == [
        f"NDX ({scheme}) differs from the published index by {bound + 1} bp on {day(10)}; the limit is {bound} bp"]


@pytest.mark.parametrize("rows", [
    residuals(49), residuals(-49), residuals(5000, at=5), residuals(700, usual=-130, scheme="full_cap"),
    residuals(39, official=0.0)])
def test_a_residual_within_its_bound_passes(rows, given):
    """Also one of a session further back, and one of a market that always misses by a hundred basis points and more."""
    assert given("residual", {"marts.concentration_daily": rows}) == []


def test_of_the_runs_own_range_only_what_is_out_of_all_proportion_counts(given):
    requested = Build("run-1", AT, True, day(1), day(10))
    assert given("residual", {"marts.concentration_daily": residuals(249, at=3)}, requested) == []
    assert len(given("residual", {"marts.concentration_daily": residuals(251, at=3, scheme="anchored")}, requested)) == 1


def weights(newest: dict[str, float], before: dict[str, float], change: dict[str, float] | None = None) -> str:
    """Open weights of two sessions, and the returns of the first one."""
    return table(("date", "index_code", "weight_scheme", "issuer", "open_weight", "price_return"), [
        (day(n), "NDX", "full_cap", issuer, weight, (change or {}).get(issuer, 0.0))
        for n, held in ((9, before), (10, newest)) for issuer, weight in held.items()])


BEFORE = {"AAA": 0.10, **{f"S{n}": 0.1 for n in range(9)}}


def test_a_weight_that_jumps_without_a_price_is_found(given):
    """A count twice the truth: 10 % become 18.2 %, and all the others lose alike."""
    newest = {"AAA": 2 / 11, **{f"S{n}": 1 / 11 for n in range(9)}}
    assert given("weight jump", {"marts.contribution_daily": weights(newest, BEFORE)}) == [
        f"AAA: its weight in NDX is 18.18 % on {day(10)}, but its return explains 9.09 %"]


@pytest.mark.parametrize(("newest", "change"), [
    ({"AAA": 2 / 11, **{f"S{n}": 1 / 11 for n in range(9)}}, {"AAA": 1.0}),
    ({"NEW": 0.5, **{name: 0.05 for name in BEFORE}}, {}),
    ({"AAA": 0.108, **{f"S{n}": 0.892 / 9 for n in range(9)}}, {})],
    ids=["its price doubled", "another joined", "a count that moves by eight percent"])
def test_a_weight_that_is_explained_passes(newest, change, given):
    assert given("weight jump", {"marts.contribution_daily": weights(newest, BEFORE, change)}) == []


def marts(name: str, first: int, last: int) -> dict[str, str]:
    columns = {"marts.regime_daily": ("date",), "marts.concentration_daily": ("date", "index_code", "weight_scheme"),
               "marts.rotation_daily": ("date", "basket")}[name]
    return {name: table(columns, [(day(n), "NDX", "capped")[:len(columns)] for n in range(first, last + 1)])}


def days(regime: tuple[int, int], concentration: tuple[int, int] = (1, 1)) -> dict[str, str]:
    return (marts("marts.regime_daily", *regime) | marts("marts.concentration_daily", *concentration)
            | marts("marts.rotation_daily", 1, 1))


def test_a_present_does_not_end_before_the_last_one(given):
    assert given("end of the present", days((1, 8)), before=days((1, 10))) == [
        f"marts.regime_daily ends on {day(8)}, the last publication of the present on {day(10)}"]


def test_a_present_that_goes_on_passes(given):
    assert given("end of the present", days((1, 10)), before=days((1, 9))) == []


def test_sessions_that_are_gone_are_found_whatever_the_cause(given):
    assert given("sessions that vanished", days((7, 10)), before=days((1, 10))) == [
        f"6 sessions of marts.regime_daily are gone, {day(1)} to {day(6)}"]


def test_five_sessions_may_be_corrected_away(given):
    assert given("sessions that vanished", days((6, 10)), before=days((1, 10))) == []


@pytest.mark.parametrize(("cause", "run", "found"), [
    ("unexplained", "run-1", 1), ("correction", "run-1", 0), ("unexplained", "run-0", 0)])
def test_a_row_of_the_past_that_is_gone_has_a_cause(cause, run, found, given):
    gone = given("rows that vanished", {"audit.revision": table(
        ("found_at", "run_id", "previous_build_id", "mart", "key", "date", "column_name", "old", "cause", "is_signal"),
        [("2026-02-01", run, "b", "marts.regime_daily", "{}", day(3), "(row)", "present", cause, False)])}, before={})
    assert len(gone) == found


INSTRUMENTS = """
    symbol | kind   | until
    AAA    | stock  |
    BBB    | stock  |
    OLD    | stock  |
    GONE   | stock  | 2026-01-15
    BTC    | crypto |
    ^VIX   | index  |
"""


def bars(**until: int) -> str:
    """Bars of each symbol from session 1 to the one named, the coin's and the index's up to the newest."""
    return table(("symbol", "date", "close"), [
        (symbol, day(n), 1.0) for symbol, last in {"BTC": 10, "^VIX": 10, **until}.items() for n in range(1, last + 1)])


def requested(*keys: str, status: str = "received", run: str = "run-1", reason: str = "-", feed: str = "bars",
              is_unknown_key: bool = False) -> str:
    columns = ("batch_id", "feed", "key", "asked_from", "asked_to", "status", "rows", "reason", "fetched_at", "run_id",
               "is_unknown_key")
    return table(columns, [("b", feed, key, day(1), day(10), status, 1, reason, f"{day(10)} 22:00", run, is_unknown_key)
                           for key in keys])


def market(**until: int) -> dict[str, str]:
    return {
        "staging.instrument": INSTRUMENTS, "staging.price_bar": bars(**until), "core.price_bar": bars(**until),
        "raw.fetch_outcome": requested("AAA", "BBB", "OLD", "GONE", "BTC"),
        "audit.coverage": table(("date", "feed"), [(day(n), "bars") for n in range(1, 11)]),
        "core.security_price": "symbol | date", "core.instrument": "symbol | kind"}


def test_a_newest_session_of_which_nothing_came_is_named(given):
    """A coin's bar is no session of the exchange, nor is the level of an index or fund (2026-02-24 had them)."""
    found, = given("newest session", market(AAA=9, BBB=9))
    assert found.startswith(f"no stock has a bar for {day(10)}, the newest session of the calendar;")


def test_it_says_what_was_kept_out_of_it(given):
    found, = given("newest session", market(AAA=9, BBB=9) | {"raw.rejected_row": f"""
        feed | key | date      | row_json | reason       | batch_id | fetched_at       | run_id
        bars | AAA | {day(10)} | {{}}     | a close of 0 | b        | 2026-02-01 00:00 | run-1
    """})
    assert "(1 bars are not used: a close of 0)" in found


def test_a_newest_session_of_which_something_came_or_that_was_not_asked_for_passes(given):
    assert given("newest session", market(AAA=10, BBB=9)) == []


def test_a_newest_session_that_nobody_asked_for_is_not_missing(given):
    assert given("newest session", market(AAA=9) | {"audit.coverage": f"date | feed\n{day(9)} | bars"}) == []


def test_bars_due_for_the_newest_session_are_named_while_their_symbols_trade(given):
    """OLD ended six sessions ago and is stale; GONE has left; BBB traded yesterday."""
    assert given("newest bars", market(AAA=10, BBB=9, OLD=4, GONE=9)) == [
        f"1 of 2 bars due for {day(10)} are missing: BBB"]


def test_a_bar_that_was_kept_out_is_missing_with_its_reason(given):
    assert given("newest bars", market(AAA=10, BBB=9) | {"raw.rejected_row": f"""
        feed | key | date      | row_json | reason         | batch_id | fetched_at       | run_id
        bars | BBB | {day(10)} | {{}}     | 100 times more | b        | 2026-02-01 00:00 | run-1
    """}) == [f"1 of 2 bars due for {day(10)} are missing: BBB (100 times more)"]


@pytest.mark.parametrize("given_bars", [{"AAA": 10, "BBB": 10}, {"AAA": 10, "OLD": 4}, {"AAA": 9, "BBB": 9}],
                         ids=["all came", "one ended long ago", "nothing came, which another check says"])
def test_no_bar_is_missing(given_bars, given):
    assert given("newest bars", market(**given_bars)) == []


def hole(*missing: int) -> dict[str, str]:
    tables = market()
    return tables | {"core.price_bar": table(("symbol", "date", "close"), [
        ("AAA", day(n), 1.0) for n in range(1, 11) if n not in missing])}


def traded(*numbers: int) -> dict[str, str]:
    return {"core.security_price": table(("symbol", "date"), [("AAA", day(n)) for n in numbers]),
            "core.instrument": "symbol | kind\nAAA | stock"}


def test_a_session_that_the_publication_before_had_is_newly_missing(given):
    assert given("session newly missing", hole(4), before=traded(*range(1, 10))) == [
        f"no stock has a bar for {day(4)}, which the previous publication has"]


def test_so_is_one_after_its_newest(given):
    assert given("session newly missing", hole(9), before=traded(*range(1, 9))) == [
        f"no stock has a bar for {day(9)}"]


def test_an_older_hole_is_not(given):
    assert given("session newly missing", hole(4), before=traded(1, 2, 3, 5, 6, 7, 8, 9)) == []


def test_an_older_hole_of_the_runs_range_is_reported(given):
    whole = Build("run-1", AT, True, day(1), day(10))
    found, = given("older hole", hole(4), whole)
    assert found.startswith(f"no stock has a bar for {day(4)}: figures based on stocks are NULL for that day")


def test_a_range_without_a_hole_reports_none(given):
    assert given("older hole", hole(4), Build("run-1", AT, True, day(5), day(10))) == []


def test_the_time_before_the_first_bar_is_no_hole(given):
    assert given("older hole", hole(1, 2, 3), Build("run-1", AT, True, day(1), day(10))) == []


@pytest.mark.parametrize(("share", "found"), [(0.874, 1), (0.9, 0), (1.0, 0)])
def test_an_index_without_figures_of_the_newest_session_is_named(share, found, given):
    sentences = given("weight of the newest session", {"core.weight_coverage": table(
        ("date", "index_code", "weight_scheme", "coverage_share"), [(day(10), "NDX", "full_cap", share)])})
    assert len(sentences) == found


@pytest.mark.parametrize(("outcomes", "found"), [
    (requested("AAA", status="failed", reason="HTTP 500"), ["bars: 1 of 1 keys failed: AAA (HTTP 500)"]),
    (requested("AAA", status="failed", run="run-0"), []),
    (requested("GONE", status="failed"), []),
    (requested("DGS10", status="failed", reason="HTTP 500", feed="observations"),
     ["observations: 1 of 1 keys failed: DGS10 (HTTP 500)"])])
def test_keys_that_failed_in_this_run_are_lost(outcomes, found, given):
    assert given("lost keys", {"staging.instrument": INSTRUMENTS, "raw.fetch_outcome": outcomes}) == found


def test_a_key_that_came_when_it_was_asked_again_is_not_lost(given):
    again = requested("AAA", status="failed").replace("22:00", "21:50") + "\n" + requested("AAA").splitlines()[1]
    assert given("lost keys", {"staging.instrument": INSTRUMENTS, "raw.fetch_outcome": again}) == []


@pytest.mark.parametrize(("others", "found"), [(10, 0), (9, 0), (8, 1)])
def test_a_key_that_the_source_does_not_know_is_no_loss_while_it_is_one_of_ten(others, found, given):
    unknown = requested("XXX", status="failed", is_unknown_key=True)
    known = requested(*(f"S{n}" for n in range(others)), run="run-0").splitlines()[1:]
    assert len(given("lost keys", {"staging.instrument": INSTRUMENTS,
                                   "raw.fetch_outcome": "\n".join([unknown, *known])})) == found


def test_what_a_source_does_not_know_is_reported(given):
    assert given("unknown keys", {"raw.fetch_outcome": requested("XXX", "YYY", status="failed", is_unknown_key=True)}) == [
        "bars: the source does not know XXX, YYY"]


@pytest.mark.parametrize(("at", "kind", "incomplete", "reported"), [
    (30, "stale", 1, 0), (10, "stale", 1, 0), (9, "stale", 0, 1), (9, "leap", 1, 0), (2, "leap", 0, 0), (2, "stale", 0, 0)])
def test_a_held_bar_makes_the_run_incomplete_while_it_is_new_or_off_by_a_factor(at, kind, incomplete, reported, given):
    """Thirty sessions, of which the run asked for those from the fifth on; the newest 21 begin with the tenth."""
    tables = {"staging.session": sessions(30), "core.price_bar_held": table(
        ("symbol", "date", "kind", "reason"), [("AAA", day(at), kind, "held: ten times the closes around it")])}
    asked_for = Build("run-1", AT, True, day(5), day(30))
    found = given("bars held", tables, asked_for)
    assert found == [f"the bar of AAA on {day(at)} is held: ten times the closes around it"] * incomplete
    assert len(given("stale bars held", {"staging.session": "date"}, asked_for)) == reported


def test_a_new_list_of_weights_that_is_kept_out_is_named(given):
    """One that its suite refused, and one that the lists before contradict; older ones are known."""
    assert given("weight lists held", {
        "raw.rejected_row": table(("feed", "key", "date", "row_json", "reason", "batch_id", "fetched_at", "run_id"), [
            ("weights", "NDX", day(n), f'{{"published_on": "{day(n)}", "symbol": "{symbol}"}}', "names are missing", "b",
             f"{day(10)} 22:00", run)
            for n, symbol, run in ((9, "AAA", "run-1"), (9, "BBB", "run-1"), (8, "AAA", "run-0"), (1, "AAA", "run-1"))]),
        "core.weight_list_date": table(("index_code", "date", "published_on", "list_date", "reason"), [
            ("SPX", day(10), day(10), None, "held: it lacks AAA"), ("SPX", day(1), day(1), None, "held: it lacks AAA"),
            ("SPX", day(7), day(7), None, "held: it lacks AAA"),
            ("SPX", day(9), day(10), day(9), None)]),
        "raw.index_weight_list": table(("index_code", "date", "published_on", "symbol", "run_id", "source", "is_withdrawn",
                                        "pit_quality", "known_at", "fetched_at"), [
            ("SPX", day(n), day(n), "BBB", run, "weights", False, "vintage", f"{day(n)} 23:00", f"{day(n)} 23:00")
            for n, run in ((10, "run-1"), (7, "run-0"), (1, "run-1"))]),
    }) == [f"the list of NDX of {day(9)}, published on {day(9)}, is not used: names are missing",
           f"the list of SPX of {day(10)}, published on {day(10)}, is not used: held: it lacks AAA"]


def test_an_event_that_is_kept_out_is_named(given):
    rows = [("actions", "AAA", day(9), "a dividend is larger than the price", "run-1"),
            ("actions", "AAA", day(9), "the same", "run-0"), ("observations", "DGS10", day(9), "held: value 12", "run-1"),
            ("observations", "DGS10", day(10), "it is out of range", "run-1"), ("shares", "AAA", day(9), "two", "run-1")]
    columns = ("feed", "key", "date", "reason", "run_id", "row_json", "batch_id", "fetched_at")
    drawn = table(columns, [(*row, "{}", "b", f"{day(10)} 22:00") for row in rows])
    assert given("rows kept out", {"raw.rejected_row": drawn}) == [
        f"an event of AAA on {day(9)} was rejected: a dividend is larger than the price",
        f"an observation of DGS10 on {day(10)} was rejected: it is out of range"]


FAILS = Check("always", "fails", "withhold",
              "select 'here' as place, 2 as observed, 1 as bound, 'two is too much' as sentence")
PASSES = Check("never", "passes", "withhold", FAILS.sql.replace("2 as observed", "1 as observed"))


def judge(con, home: Path, *declared: Check, run: str = "run-1", acceptance: Acceptance | None = None) -> gate.Verdict:
    return gate.judge(con, DataFolder(home), Build(run, AT, True), acceptance, declared)


def kept(con) -> list[tuple]:
    return con.execute("""select run_id, check_name, observed, is_passed, sentence, accepted_reason, accepted_by
                          from audit.publication_check order by rowid""").fetchall()


def test_every_check_is_kept_with_what_it_observed(con, tmp_path):
    verdict = judge(con, tmp_path, FAILS, PASSES)
    assert [finding.sentence for finding in verdict.withheld] == ["two is too much"]
    assert kept(con) == [("run-1", "always", 2.0, False, "two is too much", None, None),
                         ("run-1", "never", 1.0, True, None, None, None)]


def test_a_person_can_accept_what_withholds_and_that_is_kept(con, tmp_path):
    assert judge(con, tmp_path, FAILS, PASSES, acceptance=PERSON).withheld == ()
    assert kept(con) == [("run-1", "always", 2.0, False, "two is too much", PERSON.reason, "ada"),
                         ("run-1", "never", 1.0, True, None, None, None)]


def test_what_was_accepted_stands_while_it_is_no_larger(con, tmp_path):
    judge(con, tmp_path, FAILS, acceptance=PERSON)
    assert judge(con, tmp_path, FAILS, run="run-2").withheld == ()
    assert kept(con)[-1] == ("run-2", "always", 2.0, False, "two is too much", PERSON.reason, "ada")
    larger = Check("always", "fails", "withhold", FAILS.sql.replace("2 as observed", "3 as observed"))
    assert len(judge(con, tmp_path, larger, run="run-3").withheld) == 1
    elsewhere = Check("always", "fails", "withhold", FAILS.sql.replace("'here'", "'there'"))
    assert len(judge(con, tmp_path, elsewhere, run="run-4").withheld) == 1


@pytest.mark.parametrize("severity", ["incomplete", "report"])
def test_an_acceptance_covers_only_what_withholds(severity, con, tmp_path):
    verdict = judge(con, tmp_path, Check("always", "fails", severity, FAILS.sql), acceptance=PERSON)
    assert len(verdict.incomplete + verdict.reported) == 1
    assert kept(con)[0][-2:] == (None, None)


def test_a_build_of_a_past_moment_is_not_asked_about_the_present(con, tmp_path):
    check = Check("present", "fails", "withhold", FAILS.sql, present_only=True)
    assert gate.judge(con, DataFolder(tmp_path), Build("run-1", AT, False, date(2026, 1, 5)), None, [check]).withheld == ()


def test_a_last_publication_that_cannot_be_read_is_said_and_keeps_nothing_back(tmp_path, monkeypatch):
    damaged = tmp_path / "before.duckdb"
    with duckdb.connect(str(damaged)) as written:
        written.execute("create table regime_daily as select hash(range) as value from range(500_000)")
    said = bytearray(damaged.read_bytes())
    for place in range(len(said) // 4, len(said) // 2, 4096):
        said[place] ^= 255
    damaged.write_bytes(said)

    monkeypatch.setattr(gate, "_presents", lambda *_: iter([damaged]))
    compared = Check("compared", "of the last publication", "withhold", """
        select 'all' as place, sum(value) as observed, 0 as bound, 'larger' as sentence from before.main.regime_daily""",
                     compares=True)
    with duckdb.connect() as con:
        con.execute(SCHEMA.read_text())
        con.execute("create table staging.session as select date '2026-02-02' as date")
        verdict = gate.judge(con, DataFolder(tmp_path), PRESENT, declared=[compared])
    assert verdict.withheld == ()
    assert ["the check “compared” was passed over, since the last publication cannot be read" in finding.sentence
            for finding in verdict.reported] == [True]
