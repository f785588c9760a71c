"""Configure fuzzing: a few fixed examples in every run of the suite, and thousands of new ones by hand:

    RALLYSCOPE_FUZZ_EXAMPLES=5000 python -m pytest tests/pipeline/fuzz
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from warehouse.errors import RallyscopeError

USUAL = 30
EXAMPLES = int(os.environ.get("RALLYSCOPE_FUZZ_EXAMPLES", USUAL))
fuzzed = settings(max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES == USUAL, print_blob=EXAMPLES != USUAL,
                  suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow,
                                         HealthCheck.large_base_example, HealthCheck.data_too_large])

NUMBERS = st.one_of(
    st.sampled_from([0, -0.0, 1, -1, 1e-320, 1e300, -1e300, 2**31, 2**63, 2**64, -(2**63), 10**40, 1767623400000]),
    st.floats(), st.integers(-(2**70), 2**70))
TEXTS = st.one_of(
    st.sampled_from(["", ".", "nan", "inf", "-inf", "null", "2026", "2026-05", "2026-02-30", "0001-01-01", "9999-12-31",
                     "10000-01-01", "2026-01-05T21:00:00Z", "today", "1e999", "0x10", "１２", "\x1b[31m", "\u202e",
                     "a\x00b"]),
    st.text(max_size=12))
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(LEAVES, lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)), max_leaves=5)


def tried(call: Callable[[], Any], *refusals: type[RallyscopeError]) -> tuple[Any, Any]:
    """Return the result of a call, or the expected error it raised, after checking the length of its message."""
    try:
        return call(), None
    except refusals as error:
        refusal = error
    assert 10 < len(str(refusal)) < 1500
    return None, refusal


def places(tree: object, path: tuple = ()) -> list[tuple]:
    """Return every path in a tree of dictionaries and lists, the root first."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


def changed(tree, path: tuple, value: object, how: str):
    """Return a copy of the tree with the value at `path` replaced, removed or duplicated."""
    if not path:
        return value
    key, *rest = path
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    if rest:
        copy[key] = changed(copy[key], tuple(rest), value, how)
    elif how == "left out":
        del copy[key]
    elif how == "twice" and isinstance(copy, list):
        copy.insert(key, copy[key])
    else:
        copy[key] = value
    return copy


@st.composite
def spoilt(draw: st.DrawFn, tree: object, values: st.SearchStrategy = VALUES) -> object:
    """Return a copy of the tree with one to three of its values replaced, removed or duplicated."""
    for _ in range(draw(st.integers(1, 3))):
        where = draw(st.sampled_from(places(tree)))
        tree = changed(tree, where, draw(values), draw(st.sampled_from(["replaced", "replaced", "left out", "twice"])))
    return tree
