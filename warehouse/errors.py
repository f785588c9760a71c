"""Every error a person can meet: a value with fields for programs and one sentence that says the next step."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from warehouse.visible import visible


class RallyscopeError(Exception):
    """The root: `exit_code` is 1 when data or sources failed, 2 when the request itself cannot be.

    Its sentence may quote a source, a path or what was typed: every character of it can be seen.
    """

    exit_code = 1

    def __init_subclass__(cls) -> None:
        if reported := cls.__dict__.get("__str__"):
            cls.__str__ = lambda self: visible(reported(self))

    def __reduce__(self):
        """Errors cross process borders whole: they pickle by their fields, not by their message."""
        return type(self), astuple(self)  # type: ignore[call-overload]


@dataclass(eq=False)
class CatalogError(RallyscopeError):
    """A catalog entry that cannot be read; raised before anything runs. An entry or key of “-” means all of them."""

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
    """A model whose file, header or SQL is not what a model must be."""

    model: str
    problem: str

    def __str__(self) -> str:
        return f"model {self.model} {self.problem}. Nothing was published; the last good build still stands."


@dataclass(eq=False)
class AssertionFailed(RallyscopeError):
    """Rows of a model fail an assertion of its header; the build was rolled back."""

    model: str
    assertion: str
    rows: int

    def __str__(self) -> str:
        return (f"{self.model}: {self.rows} rows fail the assertion “{self.assertion}”. Nothing was published; "
                f"the last good build still stands. See them: rallyscope failed-rows {self.model}")


@dataclass(eq=False)
class PublicationWithheld(RallyscopeError):
    """A check over the whole build failed, so it was not published; `findings` say what and where."""

    findings: tuple[str, ...]
    current: str | None

    def __str__(self) -> str:
        more = f"; and {len(self.findings) - 3} more" if len(self.findings) > 3 else ""
        shown = "; ".join(self.findings[:3]) + more
        stands = f"the last good publication, {self.current}, stands" if self.current else "nothing was published before"
        return (f"not published, {stands}: {shown}. Everything is loaded. Correct the source and run the same "
                "command again, or publish it all the same: rallyscope build --accept REASON")


@dataclass(eq=False)
class HomeUnusable(RallyscopeError):
    """The data folder cannot be read or written."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path} cannot be used: {self.problem}. {self._next_step()}"

    def _next_step(self) -> str:
        if "replaying WAL" in self.problem:
            return (f"Another program wrote {self.path}.wal, or ended while it did: move that file away, keep it, and run "
                    "the same command again.")
        if "no file of the pipeline's" in self.problem:
            return "Move it away, and run the same command again."
        if "Conflicting lock" in self.problem:
            return "Close it in that program, or open it read-only there, and run the same command again."
        return "Free space or permissions there, or name another folder with --home or RALLYSCOPE_HOME."


@dataclass(eq=False)
class BuildDamaged(HomeUnusable):
    """A published file or a kept build that cannot be read any more; the raw data is elsewhere, and whole."""

    def __str__(self) -> str:
        return (f"{self.path} cannot be used: {self.problem}. It is damaged: rallyscope build makes marts.duckdb anew, "
                "and rallyscope rollback BUILD goes back to a kept build.")


@dataclass(eq=False)
class WriterLocked(RallyscopeError):
    """Another process is writing, and the caller did not want to wait."""

    path: str
    lock_owner: str

    def __str__(self) -> str:
        return (f"{self.path} is being written by {self.lock_owner}. Wait for it to end, or run without --no-wait to take "
                "the next turn.")


@dataclass(eq=False)
class NothingPublished(RallyscopeError):
    """A reader came before the first publication."""

    path: str

    exit_code = 2

    def __str__(self) -> str:
        return (f"nothing is published at {self.path} yet. Make something: rallyscope demo (simulated market), or "
                "rallyscope backfill START END; or name another folder with --home.")


@dataclass(eq=False)
class LandingDamaged(RallyscopeError):
    """A landing folder is not what its manifest says; nothing of it was loaded."""

    folder: str
    problem: str

    def __str__(self) -> str:
        return (f"landing folder {self.folder}: {self.problem}. Nothing of it was loaded; restore it from a backup, "
                "or move it away and run again to fetch it anew.")


@dataclass(eq=False)
class BadRequest(RallyscopeError):
    """A person asked for something that cannot be."""

    what: str
    why: str
    instead: str

    exit_code = 2

    def __str__(self) -> str:
        return f"{self.what}: {self.why}. {self.instead}"


@dataclass(eq=False)
class KeysLost(RallyscopeError):
    """A step did its work, and none of its keys came; the run goes on and says so at its end."""

    step: str
    problem: str

    def __str__(self) -> str:
        return f"{self.step}: {self.problem}"


@dataclass(eq=False)
class RunIncomplete(RallyscopeError):
    """Some batches failed or were stopped; what was good is loaded and published, the rest is asked again."""

    problems: tuple[str, ...]

    def __str__(self) -> str:
        many = len(self.problems)
        missing = "; ".join(problem.rstrip(".") for problem in self.problems)
        return (f"{many} part{'s' * (many > 1)} of this run {'are' if many > 1 else 'is'} missing: {missing}. The rest is "
                "loaded and published with its coverage; run the same command again to ask for what is missing.")


@dataclass(eq=False)
class ArchiveError(RallyscopeError):
    """An archive folder that cannot be served: it is not there, or a file in it is not what the layout says."""

    folder: str
    problem: str

    exit_code = 2

    def __str__(self) -> str:
        return (f"archive {self.folder}: {self.problem}. Name a folder with at least bars.parquet, "
                "for example one that `rallyscope simulate --out DIR` wrote.")


@dataclass(eq=False)
class SourceError(RallyscopeError):
    """A source as a whole could not be asked: which host, what was asked, what came back."""

    host: str
    requested: str
    response_summary: str


@dataclass(eq=False)
class SourceUnreachable(SourceError):
    """No request to a host got any answer; nothing was received from it."""

    def __str__(self) -> str:
        return (f"{self.host} cannot be reached: the request for {self.requested} failed ({self.response_summary}). "
                "Nothing was received from it; check the network or the address given with --source, then run the "
                "same command again.")


@dataclass(eq=False)
class SourceRefused(SourceError):
    """A host refuses whoever asks: a bad key, or a blocked address; no further key was asked."""

    def __str__(self) -> str:
        return (f"{self.host} refuses to answer: the request for {self.requested} failed ({self.response_summary}). "
                "Nothing was received from it; for FRED check FRED_API_KEY (or unset it to read the latest values "
                "without a key), then run the same command again.")


@dataclass(eq=False)
class SourceAnswerInvalid(SourceError):
    """A host answers key after key, but never with data; the rest was not asked."""

    def __str__(self) -> str:
        return (f"{self.host} answers, but without data: the request for {self.requested} failed "
                f"({self.response_summary}). Nothing was received from it; it may be overloaded or have changed, so run "
                "the same command again later.")


@dataclass(eq=False)
class ClockWentBack(RallyscopeError):
    """A source's clock lies before what was already fetched; the run stopped before it loaded or published anything."""

    source: str
    says: str
    newest: str

    def __str__(self) -> str:
        return (f"the clock of {self.source} went back: it says {self.says}, but this data folder was filled at "
                f"{self.newest}. Nothing was loaded and the last publication stays; correct the clock (a replay's is set "
                "with --now), or name another folder with --home.")


@dataclass(eq=False)
class ArchiveNotSimulated(RallyscopeError):
    """A folder to simulate into holds an archive that is not simulated; nothing was written."""

    folder: str

    exit_code = 2

    def __str__(self) -> str:
        return (f"{self.folder} holds an archive that was not simulated, so nothing was written over it. "
                "Name another folder with --out.")


@dataclass(eq=False)
class ServiceFailed(RallyscopeError):
    """A part of the Prefect service did not start, or ended by itself; what had started is stopped again."""

    part: str
    problem: str
    log: str

    def __str__(self) -> str:
        return f"the {self.part} {self.problem}. Nothing of it is left running; its log is {self.log}."


@dataclass(eq=False)
class OutputFailed(RallyscopeError):
    """What takes the answer of a command took no more of it: a full disk, a device."""

    problem: str

    def __str__(self) -> str:
        return f"the answer could not be written: {self.problem}. Free space where it goes, or send it to another place."


@dataclass(eq=False)
class SystemFailed(RallyscopeError):
    """The machine could not do what every command needs: no room, no permission, no memory."""

    path: str
    problem: str

    @classmethod
    def of(cls, error: OSError) -> SystemFailed:
        """What the system said."""
        return cls(str(error.filename or ""), error.strerror or str(error) or type(error).__name__)

    def __str__(self) -> str:
        return (f"{self.path and f'{self.path}: '}{self.problem}. Free space, memory or permissions there, then run the "
                "same command again.")
