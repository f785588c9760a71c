"""core.price_step and what is read from it: levels free of splits, doubtful steps, repeated bars, the index's evidence."""

from __future__ import annotations

from assertions import assertions_fail
from drawn import day, table

INSTRUMENTS = table(("symbol", "name", "kind"), [("AAA", "Triple A", "stock"), ("^VIX", "Volatility Index", "index")])


def test_a_step_is_free_of_splits_and_gifts(spec):
    """Ten for one on the third day, which closes a tenth lower; on the fourth a quarter of a share at 8 is given."""
    spec("core.price_step", {
        "staging.instrument": table(("symbol", "name", "kind"), [("AAA", "A", "stock"), ("NEW", "N", "stock")]),
        "staging.split": table(("symbol", "date", "ratio"), [("AAA", day(3), 10)]),
        "staging.spinoff": table(("symbol", "distributed", "ex_date", "per_share"), [("AAA", "NEW", day(4), 0.25)]),
        "staging.price_bar": table(("symbol", "date", "close", "volume", "known_at"), [
            ("AAA", day(1), 100.0, 1000, f"{day(1)} 21:15"), ("AAA", day(2), 110.0, 0, f"{day(2)} 21:15"),
            ("AAA", day(3), 11.0, 20_000, f"{day(3)} 21:15"), ("AAA", day(4), 9.0, 20_000, f"{day(4)} 21:15"),
            ("NEW", day(4), 8.0, 100, f"{day(4)} 21:15")]),
    }, table(("symbol", "date", "number", "split_product", "units_traded", "step", "last_date"), [
        ("AAA", day(1), 1, 1, 1000, None, None), ("AAA", day(2), 2, 1, None, 0.09531017980432493, day(1)),
        ("AAA", day(3), 3, 10, 2000, 0.0, day(2)), ("AAA", day(4), 4, 10, 2000, 0.0, day(3)),
        ("NEW", day(4), 1, 1, 100, None, None)]), tolerance=1e-12)


def test_an_index_of_volatility_has_bounds_of_its_own(spec):
    bars = table(("symbol", "date", "close", "known_at"), [
        ("AAA", day(1), 10.0, f"{day(1)} 21:15"), ("^VIX", day(1), 20.0, f"{day(1)} 21:15")])
    kinds = spec.rows("core.price_step", {"staging.instrument": INSTRUMENTS, "staging.price_bar": bars},
                      columns=["symbol", "kind"])
    assert kinds == [("AAA", "stock"), ("^VIX", "volatility")]


def test_assertions_can_fail(spec):
    assertions_fail(spec, "core.price_step", {
        "only the first bar has no step": [{"number": 1, "step": 0.1}, {"number": 2, "step": None}],
        "bars are in order": {"number": 2, "step": 0.1, "date": "2026-03-02", "last_date": "2026-03-02"},
    })
    assertions_fail(spec, "core.price_step_bound", {
        "a larger step needs more": [{"step": 0.2, "back": 0.1, "leap": 0.3}, {"step": 0, "back": 0.1, "leap": 0.3},
                                     {"step": 0.1, "back": 0.4, "leap": 0.3}],
        "volume is a multiple": {"volume": 1},
    })
    step = {"step": 0.5, "back": 0.2, "leap": 0.3, "is_unnamed_split": False, "is_confirmed": False}
    assertions_fail(spec, "core.doubtful_step", {
        "a step worth a look": [{**step, "step": 0}, {**step, "back": 0}, {**step, "leap": -1}],
        "an unnamed split has its count, and no other witness": [
            {**step, "is_unnamed_split": True}, {**step, "counted_at": "2026-03-02 21:15"},
            {**step, "is_unnamed_split": True, "is_confirmed": True, "counted_at": "2026-03-02 21:15"}],
    })
    assertions_fail(spec, "core.price_step_by_index", {"two kinds of evidence": {"evidence": "odd"}})
    assertions_fail(spec, "core.stale_bar", {"a repeated bar has a close": {"close": 0}})
