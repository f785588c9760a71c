"""Collect the faults of a replay server, `--fault NAME[:argument=value,...]`; each file declares those of one subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flows.replay.faults import actions, bars, charts, companies, lists, macro, transport
from flows.replay.faults.declared import MEANING, Declared, InjectedFault, choose
from flows.replay.faults.wire import Fault, FaultyApp

__all__ = ["LIBRARY", "SUBJECTS", "Declared", "Fault", "FaultyApp", "InjectedFault", "listing", "parse_faults"]

SUBJECTS: Mapping[str, tuple[Declared, ...]] = {
    "the wire": transport.FAULTS, "charts": charts.FAULTS, "bars": bars.FAULTS, "splits and dividends": actions.FAULTS,
    "companies": companies.FAULTS, "FRED": macro.FAULTS, "published weights and the clock": lists.FAULTS,
}
LIBRARY: Mapping[str, Declared] = {fault.name: fault for faults in SUBJECTS.values() for fault in faults}


def parse_faults(texts: Sequence[str], seed: int = 0) -> list[InjectedFault]:
    """Parse the named faults, each with a separate seed; raise BadRequest for an unknown name or an invalid argument."""
    return [choose(text, LIBRARY, f"{seed}/{number}") for number, text in enumerate(texts)]


def listing() -> str:
    """List every fault with its arguments and their defaults, by subject."""
    lines = []
    for subject, faults in SUBJECTS.items():
        lines += [f"{subject}:", *(f"  {fault.name:<26}{fault.does}{_arguments(fault)}" for fault in faults), ""]
    return "\n".join([*lines, "arguments (NAME:argument=value,argument=value):",
                      *(f"  {name:<26}{meaning}" for name, meaning in MEANING.items())])


def _arguments(fault: Declared) -> str:
    given = ",".join(f"{name}={value}" for name, value in fault.takes.items())
    return f" [{given}]" if given else ""
