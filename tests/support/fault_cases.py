"""Which faults the matrix plays: each of the library, on whom it shows, on the evening that it belongs to."""

from __future__ import annotations

from flows.replay.faults import LIBRARY, SUBJECTS

# On the evening of the split itself; the others on a quiet one.
ON_THE_SPLIT = ("split-late", "split-undivided", "split-early", "split-a-day-late", "split-wrong-ratio",
                "split-divided-twice")
# What a fault of the wire meets besides the bars of one symbol.
ELSEWHERE = (
    "rate-limited:on=bars", "unavailable:on=bars", "reset:on=yahoo", "malformed:on=shares,key=BBB", "server-error:on=fred",
    "timeout:on=fred", "truncated:on=observations,key=DGS10", "html-page:on=observations,key=DGS10", "redirect:on=fred",
    "truncated:on=weights", "malformed:on=weights", "html-page:on=weights",
)
# Smaller than the defaults: the machine that plays all of them has other things to do.
SIZES = {"huge": "megabytes=80", "bomb": "megabytes=200", "timeout": "seconds=10", "slow-drip": "bytes=8,seconds=0.5"}


def cases() -> list[str]:
    """Every fault of the library as it is played, subject by subject."""
    return [case(fault.name) for faults in SUBJECTS.values() for fault in faults] + list(ELSEWHERE)


def case(name: str) -> str:
    """The fault on whom it shows best in the tiny market."""
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


# What no comparison can tell from a true change: it is published as the source says, and corrected when the source is.
AS_SAID = {
    "spinoff-as-split": "price and event agree, as at a true spin-off",
    "unsettled-bar": "a close that is slightly off is a close until the source settles it",
    "corrected-bar": "a correction of one percent is a correction until the source takes it back",
}
# What is published wrong and should not be.
GAPS: dict[str, str] = {}
# What one good run does not heal, and what does.
UNHEALED: dict[str, str] = {}
