"""core.investable_weight_factor: how much of a company the index counts, learned from the lists known at a rebalance."""

from __future__ import annotations

from drawn import day, table
from weightings import at, calendar, units

# Price and count at the reference date 2, of companies by size; all prices 1, so that counts are dollars.
COUNTS = {"BIG": 40.0, "TWO": 30.0, "MID": 10.0, "SML": 6.0, "TIN": 5.0, "ADR": 9.0, **{f"S{n}": 1.0 for n in range(5)}}
WHOLE = {f"S{n}": 0.01 for n in range(5)}
REVIEWS = table(("index_code", "review", "effective_date", "reference_date", "kind", "is_reset", "list_date",
                 "list_published_on"), [
    ("NDX", 0, day(3), day(2), "start", True, None, None),
    ("NDX", 1, day(8), day(6), "quarterly", False, day(5), day(6))])


def listed(shares: dict[str, float], reviews: str = REVIEWS, lines: dict[str, str] | None = None) -> dict[str, str]:
    """Weights of the list of session 5: index shares times a price of 1."""
    return {
        "staging.session": calendar(), "core.index_rebalance": reviews,
        "core.implied_index_shares": table(
            ("index_code", "list_date", "published_on", "position", "symbol", "issuer", "weight", "known_at"),
            [("NDX", day(5), day(6), 5, symbol, (lines or {}).get(symbol, symbol), share, at(6, "04:59"))
             for symbol, share in {**shares, **WHOLE}.items()]),
        "core.issuer_unit": units([(issuer, n, 1, count) for issuer, count in COUNTS.items() for n in (2, 5, 6)]),
    }


def shares_of(spec, **changed) -> dict[str, float]:
    rows = spec.rows("core.investable_weight_factor", listed(**changed), columns=["issuer", "investable_weight_factor"])
    return dict(rows)


def test_an_issuer_with_fewer_index_shares_than_every_larger_one_is_counted_in_part(spec):
    """BIG and TWO are held at half by the limits, MID, SML and TIN are whole; ADR has a quarter of MID's quotient."""
    found = shares_of(spec, shares={"BIG": .20, "TWO": .15, "MID": .10, "SML": .06, "TIN": .05, "ADR": .0225})
    assert {issuer: round(share, 12) for issuer, share in found.items()} == {
        **dict.fromkeys(COUNTS, 1.0), "ADR": 0.25}


def test_within_the_limited_group_the_one_counted_in_part_is_told_by_the_others(spec):
    """TWO has 0.43 of its count, BIG 0.5: the limits leave 0.5, so 0.86 of TWO is counted."""
    found = shares_of(spec, shares={"BIG": .20, "TWO": .129, "MID": .10, "SML": .06, "TIN": .05, "ADR": .09})
    assert round(found["TWO"], 12) == 0.86
    assert found["BIG"] == found["MID"] == found["ADR"] == 1.0


def test_rounding_and_passing_differences_of_counts_are_no_unlisted_shares(spec):
    found = shares_of(spec, shares={"BIG": .20, "TWO": .15, "MID": .0975, "SML": .0615, "TIN": .05, "ADR": .09})
    assert set(found.values()) == {1.0}


def test_the_lines_of_a_company_are_counted_together(spec):
    """A company counted whole under its primary line, on the list by two lines of half each."""
    found = shares_of(spec, shares={"BIG": .10, "BIG2": .10, "TWO": .15, "MID": .10, "SML": .06, "TIN": .05, "ADR": .09},
                      lines={"BIG2": "BIG"})
    assert set(found) == set(COUNTS)
    assert found["BIG"] == 1.0


def test_before_the_first_list_nothing_is_learned(spec):
    assert spec.rows("core.investable_weight_factor", listed(
        {"BIG": 1.0}, reviews=REVIEWS.replace(f"{day(5)} | {day(6)}", "     |     "))) == []


def test_of_the_last_years_bounds_the_smallest_stands(spec):
    """By the second list TWO is itself held down by a limit, and could be whole; the first one knew better."""
    reviews = table(("index_code", "review", "effective_date", "reference_date", "kind", "is_reset", "list_date",
                     "list_published_on"), [
        ("NDX", 0, day(3), day(2), "start", True, None, None),
        ("NDX", 1, day(8), day(6), "quarterly", False, day(5), day(6)),
        ("NDX", 2, day(12), day(10), "quarterly", False, day(9), day(10))])
    given = listed({"BIG": .20, "TWO": .129, "MID": .10, "SML": .06, "TIN": .05, "ADR": .09}, reviews=reviews)
    given["core.implied_index_shares"] += "\n" + "\n".join(
        f"NDX | {day(9)} | {day(10)} | 9 | {s} | {s} | {w} | {at(10, '04:59')}"
        for s, w in {"BIG": .20, "TWO": .18, "MID": .10, "SML": .06, "TIN": .05, "ADR": .09, **WHOLE}.items())
    given["core.issuer_unit"] += "\n" + "\n".join(
        f"{issuer} | {day(9)} | 9 | 1.0 | {count} | {at(9)}" for issuer, count in COUNTS.items())
    rows = spec.rows("core.investable_weight_factor", given,
                     columns=["review", "issuer", "investable_weight_factor", "known_at"])
    shares = {(review, issuer): round(share, 12) for review, issuer, share, _ in rows}
    assert shares[1, "TWO"] == shares[2, "TWO"] == 0.86
    assert {str(known) for review, *_, known in rows if review == 2} == {f"{at(10, '04:59')}:00"}
