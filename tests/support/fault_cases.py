"""The faults that the matrix plays: each of the library, on a key where it shows, on the evening that suits it."""

from __future__ import annotations

from flows.replay.faults import LIBRARY, SUBJECTS

# Faults for the evening of the split; all others are for a quiet evening.
ON_THE_SPLIT = ("split-late", "split-undivided", "split-early", "split-a-day-late", "split-wrong-ratio",
                "split-divided-twice")
# Faults of the connection on other requests than the bars of one symbol.
ELSEWHERE = (
    "rate-limited:on=bars", "unavailable:on=bars", "reset:on=yahoo", "malformed:on=shares,key=BBB", "server-error:on=fred",
    "timeout:on=fred", "truncated:on=observations,key=DGS10", "html-page:on=observations,key=DGS10", "redirect:on=fred",
    "truncated:on=weights", "malformed:on=weights", "html-page:on=weights",
)
# Smaller than the defaults, since one machine plays all faults.
SIZES = {"huge": "megabytes=80", "bomb": "megabytes=200", "timeout": "seconds=10", "slow-drip": "bytes=8,seconds=0.5"}


def cases() -> list[str]:
    """Return every fault of the library with its arguments, subject by subject."""
    return [case(fault.name) for faults in SUBJECTS.values() for fault in faults] + list(ELSEWHERE)


def case(name: str) -> str:
    """Return a fault with the arguments for which it shows best in the tiny market."""
    takes = LIBRARY[name].takes
    whom = {"symbol": "BBB", "key": "DGS10" if LIBRARY[name].among == "series" else "BBB", "series": "DGS10"}
    given = [f"{argument}={whom[argument]}" for argument in takes if argument in whom
             and (takes[argument] == "" or ("on" in takes and argument == "key"))]
    if LIBRARY[name].among == "split":
        given = ["symbol=AAA"]
    if name.startswith("dividend") and "symbol" in takes:
        given = ["symbol=CCC"]
    if name.startswith("statement"):
        given = ["symbol=AAA"]
    given += [SIZES[name]] if name in SIZES else []
    return f"{name}:{','.join(given)}" if given else name


# Faults that look like a true change: the value is published as received, and corrected when the source corrects it.
AS_SAID = {
    "spinoff-as-split": "price and event agree, as at a true spin-off",
    "unsettled-bar": "a slightly wrong close cannot be told from a correct one until the source corrects it",
    "corrected-bar": "a correction of one percent cannot be told from a true one until the source takes it back",
}
# Faults whose wrong values are published although they should not be.
GAPS: dict[str, str] = {}
# Faults that one good run does not heal, with the remedy.
UNHEALED: dict[str, str] = {}
