"""What a shock does, on a market of three companies whose co-movement is exact."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from flows.report.what_if import parse, what_if
from warehouse import catalog
from warehouse.data_folder import DataFolder
from warehouse.errors import BadRequest

# AAA's returns alternate; BBB moves twice as much; CCC is orthogonal to it. Sixty sessions.
MARKET = """
    create schema core; create schema audit;
    create table audit.publication as
        select true as is_simulated, true as is_present, timestamp '2026-03-02' as as_of, true as is_current;
    create table core.instrument as select * from (values ('AAA', 'AAA'), ('AAB', 'AAA'), ('BBB', 'BBB'), ('CCC', 'CCC'))
        t(symbol, issuer);
    create table core.index_weight as
        select date '2026-03-01' as date, 'NDX' as index_code, 'full_cap' as weight_scheme, * from (values
            ('AAA', 0.5::double), ('BBB', 0.3), ('CCC', 0.2)) t(issuer, weight);
    create table core.index_level as select date '2026-03-01' as date, '^NDX' as symbol, 20000.0 as close;
    create table core.issuer_value as
        select unnest(['AAA', 'BBB', 'CCC']) as issuer, date '2026-01-01' + n::integer as date,
            unnest([0.01 * (-1)**n, 0.02 * (-1)**n, 0.01 * (-1)**(n // 2)]) as price_return
        from range(60) t(n)"""


@pytest.fixture
def home(tmp_path: Path) -> DataFolder:
    with duckdb.connect(str(tmp_path / "marts.duckdb")) as con:
        con.execute(MARKET)
    return DataFolder(tmp_path)


def answer(home: DataFolder, capsys: pytest.CaptureFixture[str], **shocks: float) -> dict:
    what_if(home, catalog.load().universes["NDX"], shocks, as_json=True)
    return json.loads(capsys.readouterr().out)


def test_the_direct_leg_is_weight_times_shock_and_the_other_what_moved_with_it(home, capsys) -> None:
    """AAA -10 %: half of it direct; BBB is implied at -20 %, CCC at nothing."""
    impact, = answer(home, capsys, AAA=-0.10)["impact"]
    assert impact["direct_return"] == pytest.approx(-0.05)
    assert impact["beta_implied_return"] == pytest.approx(0.3 * -0.20)
    assert impact["total_index_points"] == pytest.approx(-0.11 * 20000)
    assert impact["regressed_weight"] == pytest.approx(1)


def test_two_shocks_explain_each_other_away(home, capsys) -> None:
    """Given CCC too, the regression still gives BBB twice AAA and nothing of CCC."""
    legs = answer(home, capsys, AAA=-0.10, CCC=0.30)["legs"]
    implied = {leg["issuer"]: leg["beta_implied_return"] for leg in legs}
    assert implied == {"AAA": 0, "CCC": 0, "BBB": pytest.approx(-0.20)}


def test_concentration_after_the_shock(home, capsys) -> None:
    """Direct: 0.45, 0.30, 0.20 of 0.95."""
    rows = answer(home, capsys, AAA=-0.10)["concentration"]
    assert [row["top1_weight"] for row in rows[:2]] == pytest.approx([0.5, 0.45 / 0.95])
    assert rows[0]["effective_names"] == pytest.approx(1 / (0.25 + 0.09 + 0.04))


def test_the_published_limits_before_and_after(home, capsys) -> None:
    """AAA has half the index, far over 24 %; all three are over 4.5 %; there are no five."""
    rows = answer(home, capsys, AAA=-0.10)["limits"]
    assert [(row["review"], row["limited"], row["before_weight"], row["broken"]) for row in rows] == [
        ("quarterly", "the largest issuer", pytest.approx(0.5), True),
        ("quarterly", "issuers over 4.5 % together", pytest.approx(1.0), True),
        ("annual", "the largest issuer", pytest.approx(0.5), True),
        ("annual", "the 5 largest together", pytest.approx(1.0), True)]
    assert rows[0]["after_weight"] == pytest.approx(0.45 / (0.45 + 0.24 + 0.20))


def test_it_says_of_which_session_and_whose_market_it_is(home, capsys) -> None:
    reported = answer(home, capsys, AAA=-0.10)
    assert (reported["date"], reported["simulated"], reported["as_of"]) == ("2026-03-01", True, None)
    what_if(home, catalog.load().universes["NDX"], {"AAA": -0.10})
    assert capsys.readouterr().out.startswith("Sunday, 1 March 2026   simulated market\n")


def test_a_line_stands_for_its_company(home, capsys) -> None:
    assert answer(home, capsys, AAB=-0.10) == answer(home, capsys, AAA=-0.10)


@pytest.mark.parametrize(("shock", "sentence"), [
    ("NVDA", "is not SYMBOL=RETURN"), ("NVDA=much", "is not SYMBOL=RETURN"), ("NVDA=-10", "between -1 and 10")])
def test_a_shock_that_is_none_is_refused(shock: str, sentence: str) -> None:
    with pytest.raises(BadRequest, match=sentence):
        parse([shock])


def test_a_symbol_given_twice_is_refused() -> None:
    with pytest.raises(BadRequest, match=r"shock 'nvda=0\.2': NVDA is given twice"):
        parse(["NVDA=0.1", "nvda=0.2"])


def test_two_lines_of_one_company_are_refused(home: DataFolder) -> None:
    with pytest.raises(BadRequest, match="shock of AAA, AAB: two of them are share classes of one company"):
        what_if(home, catalog.load().universes["NDX"], {"AAA": 0.1, "AAB": 0.2})


def test_a_company_outside_the_index_is_refused(home: DataFolder) -> None:
    with pytest.raises(BadRequest, match="not in the Nasdaq-100"):
        what_if(home, catalog.load().universes["NDX"], {"XYZ": 0.1})
