"""core.capped_weight: constant index shares through prices, splits and changes of members."""

from __future__ import annotations

from drawn import day, table
from weightings import at, calendar, members, reviews

COLUMNS = ("symbol", "date", "level", "previous_date", "price_return", "known_at")


def given(shares: dict[str, float], levels: dict[str, list[float | None]], stays: dict[str, list[int]],
          counted: dict[str, int] | None = None) -> dict[str, str]:
    """Index shares of one rebalance effective on session 2; levels from session 1 on, None where there is no close."""
    prices, values = [], []
    for issuer, path in levels.items():
        for n, level in enumerate(path, 1):
            if level is None:
                continue
            last = next(((m, path[m - 1]) for m in range(n - 1, 0, -1) if path[m - 1] is not None), None)
            change = None if last is None else level / last[1] - 1
            before = None if last is None else day(last[0])
            prices.append((issuer, day(n), level, before, change, at(n)))
            values.append((issuer, day(n), 1000.0 * level, before, change, at(n)))
    count = max(map(len, levels.values()))
    return {
        "staging.session": calendar(), "core.index_rebalance": reviews((0, 2, 1, "start")),
        "core.index_coverage": table(("date", "index_code", "known_at"), [
            (day(n), "NDX", at(n)) for n in range(1, count + 1)]),
        "core.index_member": members(stays),
        "core.index_shares": table(
            ("index_code", "review", "issuer", "index_shares", "counted_on", "counted_position", "known_at"),
            [("NDX", 0, issuer, float(held), day((counted or {}).get(issuer, 1)), (counted or {}).get(issuer, 1), at(1))
             for issuer, held in shares.items()]),
        "core.security_price": table(COLUMNS, prices),
        "core.issuer_value": table(("issuer", "date", "market_cap", "previous_date", "price_return", "known_at"), values),
    }


def weights(spec, tables: dict[str, str], expect: str, *before: str) -> None:
    spec("core.capped_weight", tables, expect,
         through=(*before, "core.held_level", "core.capped_value", "core.weight_coverage"))


def test_weights_move_with_prices_alone(spec):
    """3 x 10 against 1 x 10; then 3 x 10 against 1 x 20. What the company's capitalization is does not matter."""
    weights(spec, given({"AAA": 3, "BBB": 1}, {"AAA": [10, 10, 10], "BBB": [10, 20, 10]},
                                     {"AAA": [2, 3], "BBB": [2, 3]}), f"""
        date     | issuer | market_cap | open_weight | price_return | weight | previous_date
        {day(2)} | AAA    | 10000      | 0.75        | 0.0          | 0.6    | {day(1)}
        {day(2)} | BBB    | 20000      | 0.25        | 1.0          | 0.4    | {day(1)}
        {day(3)} | AAA    | 10000      | 0.6         | 0.0          | 0.75   | {day(2)}
        {day(3)} | BBB    | 10000      | 0.4         | -0.5         | 0.25   | {day(2)}
    """)


def test_a_leavers_weight_goes_to_the_others_in_proportion_and_makes_no_return(spec):
    """CCC leaves with the open of session 3, at whatever price: A and B stay three to one, and only their returns count."""
    weights(spec, given({"AAA": 3, "BBB": 1, "CCC": 4}, {"AAA": [10, 10, 11], "BBB": [10, 10, 10],
                                                                      "CCC": [10, 10, 99]},
                                     {"AAA": [2, 3], "BBB": [2, 3], "CCC": [2]}), f"""
        date     | issuer | open_weight | weight
        {day(2)} | AAA    | 0.375       | 0.375
        {day(2)} | BBB    | 0.125       | 0.125
        {day(2)} | CCC    | 0.5         | 0.5
        {day(3)} | AAA    | 0.75        | 0.76744186046
        {day(3)} | BBB    | 0.25        | 0.23255813954
    """)


def test_a_joiner_is_there_from_the_session_after_the_close_it_is_counted_at(spec):
    """NEW is counted at session 2 and a member from session 3, with its return since; it takes from all alike."""
    weights(spec, given({"AAA": 3, "BBB": 1, "NEW": 4}, {"AAA": [10, 10, 10], "BBB": [10, 10, 10],
                                                                      "NEW": [None, 10, 12]},
                                     {"AAA": [2, 3], "BBB": [2, 3], "NEW": [3]}, counted={"NEW": 2}), f"""
        date     | issuer | open_weight | price_return
        {day(2)} | AAA    | 0.75        | 0.0
        {day(2)} | BBB    | 0.25        | 0.0
        {day(3)} | AAA    | 0.375       | 0.0
        {day(3)} | BBB    | 0.125       | 0.0
        {day(3)} | NEW    | 0.5         | 0.2
    """)


def test_on_the_session_it_is_first_counted_it_has_a_level_and_no_return(spec):
    weights(spec, given({"AAA": 9, "NEW": 1}, {"AAA": [10, 10], "NEW": [10, 10]},
                        {"AAA": [2], "NEW": [2]}, counted={"NEW": 2}), """
        issuer | weight | open_weight | price_return
        AAA    | 0.9    | 1.0         | 0.0
        NEW    | 0.1    |             |
    """)


def test_a_split_inside_a_quarter_changes_nothing(spec):
    """Levels and index shares are free of splits (core.security_price): AAA's ten for one on session 3 moves no level."""
    tables = given({"AAA": 3, "BBB": 1}, {"AAA": [100, 100, 100], "BBB": [100, 100, 100]}, {"AAA": [2, 3], "BBB": [2, 3]})
    del tables["core.security_price"]
    tables |= {
        "staging.instrument": "symbol | kind\nAAA | stock\nBBB | stock",
        "staging.split": f"symbol | date | ratio | known_at\nAAA | {day(3)} | 10 | {at(3)}",
        "core.price_bar": table(("symbol", "date", "close", "known_at"), [
            (symbol, day(n), 10.0 if (symbol, n) == ("AAA", 3) else 100.0, at(n))
            for symbol in ("AAA", "BBB") for n in (1, 2, 3)]),
    }
    weights(spec, tables, f"""
        date     | issuer | open_weight | weight
        {day(2)} | AAA    | 0.75        | 0.75
        {day(2)} | BBB    | 0.25        | 0.25
        {day(3)} | AAA    | 0.75        | 0.75
        {day(3)} | BBB    | 0.25        | 0.25
    """, "core.split_kind", "core.security_price")


def test_a_spin_off_takes_what_was_distributed_out_of_the_weight(spec):
    """AAA falls from 100 to 79.81, a price adjustment of 1.253: its holders lost nothing, the index holds 79.81."""
    tables = given({"AAA": 3, "BBB": 1}, {"AAA": [100, 100, 100], "BBB": [100, 100, 100]}, {"AAA": [2, 3], "BBB": [2, 3]})
    del tables["core.security_price"]
    tables |= {
        "staging.instrument": "symbol | kind\nAAA | stock\nBBB | stock",
        "staging.split": f"symbol | date | ratio | known_at\nAAA | {day(3)} | 1.253 | {at(3)}",
        "core.price_bar": table(("symbol", "date", "close", "known_at"), [
            (symbol, day(n), 100 / 1.253 if (symbol, n) == ("AAA", 3) else 100.0, at(n))
            for symbol in ("AAA", "BBB") for n in (1, 2, 3)]),
    }
    weights(spec, tables, f"""
        date     | issuer | open_weight | weight             | price_return
        {day(2)} | AAA    | 0.75        | 0.75               | 0.0
        {day(2)} | BBB    | 0.25        | 0.25               | 0.0
        {day(3)} | AAA    | 0.75        | 0.7053844345168117 | 0.0
        {day(3)} | BBB    | 0.25        | 0.2946155654831883 | 0.0
    """, "core.split_kind", "core.security_price")


def test_a_member_without_a_close_leaves_its_weight_to_the_others_and_brings_both_returns_after(spec):
    weights(spec, given({"AAA": 1, "BBB": 9}, {"AAA": [10, None, 12], "BBB": [10, 10, 10]},
                        {"AAA": [2, 3], "BBB": [2, 3]}), f"""
        date     | issuer | open_weight | price_return | previous_date
        {day(2)} | BBB    | 1.0         | 0.0          | {day(1)}
        {day(3)} | AAA    | 0.1         | 0.2          | {day(1)}
        {day(3)} | BBB    | 0.9         | 0.0          | {day(2)}
    """)


def test_a_session_without_a_member_of_more_than_a_tenth_has_no_weights(spec):
    """AAA is a tenth of the index shares and 30 of 255 dollars at its last price: what they are worth decides."""
    weights(spec, given({"AAA": 1, "BBB": 9}, {"AAA": [30, None, 30], "BBB": [25, 25, 25]}, {"AAA": [2, 3], "BBB": [2, 3]}),
            f"date     | issuer\n{day(3)} | AAA\n{day(3)} | BBB")


def test_a_member_that_is_not_counted_yet_is_missing(spec):
    """NEW joins on session 2 and is counted at session 3; until then it weighs as much as the mean member."""
    weights(spec, given({"AAA": 3, "NEW": 1}, {"AAA": [10, 10, 10], "NEW": [None, None, 10]},
                        {"AAA": [2, 3], "NEW": [2, 3]}, counted={"NEW": 3}),
            f"date     | issuer | weight\n{day(3)} | AAA | 0.75\n{day(3)} | NEW | 0.25")


def test_a_session_is_known_when_the_last_of_its_members_is(spec):
    tables = given({"AAA": 1, "BBB": 1}, {"AAA": [10, 10], "BBB": [10, 10]}, {"AAA": [2], "BBB": [2]})
    tables["core.issuer_value"] = tables["core.issuer_value"].replace(f"{at(2)}", f"{at(4)}", 1)
    weights(spec, tables, f"""
        issuer | known_at
        AAA    | {at(4)}
        BBB    | {at(4)}
    """)
