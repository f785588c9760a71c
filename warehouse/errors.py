"""Every error a user can meet: fields for programs, and one sentence that names the problem and the next step."""

from __future__ import annotations

import errno
from dataclasses import astuple, dataclass

from warehouse.visible import visible

FULL = {errno.ENOSPC, errno.EDQUOT}


def disk_is_full(error: Exception) -> bool:
    """Whether an error of the operating system or of DuckDB is due to a full disk or quota."""
    return getattr(error, "errno", None) in FULL or "No space left" in str(error)


class RallyscopeError(Exception):
    """The root: `exit_code` is 1 if data or sources failed, 2 if the request itself is invalid.

    The sentence may quote a source, a path or user input, so it escapes every invisible character.
    """

    exit_code = 1

    def __init_subclass__(cls) -> None:
        if sentence := cls.__dict__.get("__str__"):
            cls.__str__ = lambda self: visible(sentence(self))

    def __reduce__(self):
        """Errors pickle by their fields, not by their message, so that they survive a process border."""
        return type(self), astuple(self)  # type: ignore[call-overload]


@dataclass(eq=False)
class CatalogError(RallyscopeError):
    """A catalog entry is invalid; raised before anything runs. An entry or key of “-” means all of them."""

    file: str
    entry: str
    key: str
    problem: str

    exit_code = 2

    def __str__(self) -> str:
        entry = "" if self.entry == "-" else f", entry {self.entry}"
        return f"catalog {self.file}{entry}{'' if self.key == '-' else f', key {self.key}'}: {self.problem}"


@dataclass(eq=False)
class ModelError(RallyscopeError):
    """The file, header or SQL of a model is invalid."""

    model: str
    problem: str

    def __str__(self) -> str:
        return f"model {self.model} {self.problem}. Nothing was published; the last good build stays current."


@dataclass(eq=False)
class AssertionFailed(RallyscopeError):
    """Rows of a model fail an assertion of its header; the build was rolled back."""

    model: str
    assertion: str
    rows: int

    def __str__(self) -> str:
        return (f"{self.model}: {self.rows} rows fail the assertion “{self.assertion}”. Nothing was published; "
                f"the last good build stays current. To see the rows: rallyscope failed-rows {self.model}")


@dataclass(eq=False)
class PublicationWithheld(RallyscopeError):
    """A check of the build failed, so it was not published; `findings` say what failed and where."""

    findings: tuple[str, ...]
    current: str | None

    def __str__(self) -> str:
        more = f"; and {len(self.findings) - 3} more" if len(self.findings) > 3 else ""
        shown = "; ".join(self.findings[:3]) + more
        current = f"publication {self.current} stays current" if self.current else "and there is no earlier publication"
        return (f"not published, {current}: {shown}. All data is loaded. Fix the cause and run the same "
                "command again, or publish the build as it is: rallyscope build --accept REASON")


@dataclass(eq=False)
class HomeUnusable(RallyscopeError):
    """The data folder cannot be read or written."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path} cannot be used: {self.problem}. {self._next_step()}"

    def _next_step(self) -> str:
        if "replaying WAL" in self.problem:
            return (f"Another program wrote {self.path}.wal, or exited while it was writing. Move that file to a safe "
                    "place and run the same command again.")
        if "a link to a file that does not exist" in self.problem:
            return ("If the file is on a disk that is not mounted, mount it. If it is lost, remove the link: the next run "
                    "loads again what was landed.")
        if "no file of the pipeline's" in self.problem:
            return "Move it away and run the same command again."
        if "Conflicting lock" in self.problem:
            return "Close the file in that program, or open it read-only there, and run the same command again."
        return "Free disk space or fix its permissions, or name another folder with --home or RALLYSCOPE_HOME."


@dataclass(eq=False)
class BuildDamaged(HomeUnusable):
    """A published file or a kept build can no longer be read; the raw data is in another file and is intact."""

    def __str__(self) -> str:
        return (f"{self.path} cannot be used: {self.problem}. The file is damaged. To rebuild marts.duckdb: "
                "rallyscope build. To publish a kept build: rallyscope rollback BUILD")


@dataclass(eq=False)
class OtherRelease(HomeUnusable):
    """A published file lacks a table or column that this release reads."""

    def __str__(self) -> str:
        return (f"{self.path} cannot be read by this release: {self.problem}. The raw data is in another file. Publish "
                "again: rallyscope build")


@dataclass(eq=False)
class WriterLocked(RallyscopeError):
    """Another process is writing, and the caller did not want to wait."""

    path: str
    lock_owner: str

    def __str__(self) -> str:
        return (f"{self.path} is being written by {self.lock_owner}. Wait until it has finished, or run without --no-wait "
                "to queue behind it.")


@dataclass(eq=False)
class NothingPublished(RallyscopeError):
    """Nothing has been published yet."""

    path: str

    exit_code = 2

    def __str__(self) -> str:
        return (f"nothing is published at {self.path} yet. Run rallyscope demo (a simulated market) or "
                "rallyscope backfill START END, or name another folder with --home.")


@dataclass(eq=False)
class LandingDamaged(RallyscopeError):
    """A landing folder does not match its manifest; none of it was loaded."""

    folder: str
    problem: str

    def __str__(self) -> str:
        return (f"landing folder {self.folder}: {self.problem}. None of it was loaded. Restore it from a backup, "
                "or move it away and run again to fetch the data again.")


@dataclass(eq=False)
class BadRequest(RallyscopeError):
    """The user's request is invalid."""

    what: str
    why: str
    instead: str

    exit_code = 2

    def __str__(self) -> str:
        return f"{self.what}: {self.why}{'' if self.why.endswith('?') else '.'} {self.instead}"


@dataclass(eq=False)
class KeysLost(RallyscopeError):
    """A step received none of its keys; the run continues and reports it at its end."""

    step: str
    problem: str

    def __str__(self) -> str:
        return f"{self.step}: {self.problem}"


@dataclass(eq=False)
class RunIncomplete(RallyscopeError):
    """Some batches failed or were stopped; the good ones are loaded and published, the rest is requested again."""

    problems: tuple[str, ...]

    def __str__(self) -> str:
        many = len(self.problems)
        missing = "; ".join(problem.rstrip(".") for problem in self.problems)
        return (f"the run is incomplete ({many} problem{'s' * (many > 1)}): {missing}. Everything else was loaded and "
                "published; run the same command again to fetch what is missing.")


@dataclass(eq=False)
class ArchiveError(RallyscopeError):
    """An archive folder cannot be served: it does not exist, or a file in it does not have the declared layout."""

    folder: str
    problem: str

    exit_code = 2

    def __str__(self) -> str:
        return (f"archive {self.folder}: {self.problem}. Name a folder with at least bars.parquet, "
                "for example one that `rallyscope simulate --out DIR` wrote.")


@dataclass(eq=False)
class ArchiveNotSimulated(RallyscopeError):
    """The output folder of a simulation holds an archive that is not simulated; nothing was written."""

    folder: str

    exit_code = 2

    def __str__(self) -> str:
        return (f"{self.folder} holds an archive that is not simulated, so it was not overwritten. "
                "Name another folder with --out.")


@dataclass(eq=False)
class ServiceFailed(RallyscopeError):
    """A process of the Prefect service did not start, or exited; the others were stopped."""

    part: str
    problem: str
    log: str

    def __str__(self) -> str:
        return f"the {self.part} {self.problem}. The service was stopped; read the log {self.log}."


@dataclass(eq=False)
class OutputFailed(RallyscopeError):
    """The output of a command could not be written: a full disk, a closed device."""

    problem: str

    def __str__(self) -> str:
        return f"the output could not be written: {self.problem}. Free disk space there, or write it to another place."


@dataclass(eq=False)
class SystemFailed(RallyscopeError):
    """The machine lacks what every command needs: disk space, permissions or memory."""

    path: str
    problem: str

    @classmethod
    def of(cls, error: OSError) -> SystemFailed:
        """From an error of the operating system."""
        return cls(str(error.filename or ""), error.strerror or str(error) or type(error).__name__)

    def __str__(self) -> str:
        return (f"{self.path and f'{self.path}: '}{self.problem}. Free disk space or memory, or fix the permissions, then "
                "run the same command again.")
