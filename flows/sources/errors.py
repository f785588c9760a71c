"""Define the errors of a source that fails for every key: the host, the request, the response and the next step."""

from __future__ import annotations

from dataclasses import dataclass

from warehouse.errors import RallyscopeError


@dataclass(eq=False)
class SourceError(RallyscopeError):
    """A source failed for every key; the fields name the host, the request and the response."""

    host: str
    requested: str
    response_summary: str


@dataclass(eq=False)
class SourceUnreachable(SourceError):
    """No request to a host got a response."""

    def __str__(self) -> str:
        return (f"{self.host} cannot be reached: the request for {self.requested} failed ({self.response_summary}). "
                "No data was received from it. Check the network or the address given with --source, then run the "
                "same command again.")


@dataclass(eq=False)
class SourceRefused(SourceError):
    """A host refuses the client because of a bad API key or a blocked address; no further key was requested."""

    def __str__(self) -> str:
        return (f"{self.host} refused the request for {self.requested} ({self.response_summary}). "
                "No data was received from it. For FRED, check FRED_API_KEY, or unset it to read the latest values "
                "without a key; then run the same command again.")


@dataclass(eq=False)
class SourceAnswerInvalid(SourceError):
    """A host responds to several keys in a row, but never with data; the remaining keys were not requested."""

    def __str__(self) -> str:
        return (f"{self.host} responds, but without data: the request for {self.requested} failed "
                f"({self.response_summary}). No data was received from it. It may be overloaded or have changed; run "
                "the same command again later.")


@dataclass(eq=False)
class ClockWentBack(RallyscopeError):
    """A source's clock is behind the newest fetch; the run stopped before it loaded or published anything."""

    source: str
    says: str
    newest: str

    def __str__(self) -> str:
        return (f"the clock of {self.source} went back: it reads {self.says}, but this data folder has data fetched at "
                f"{self.newest}. Nothing was loaded and the publication is unchanged. Correct the clock (for a replay, "
                "with --now), or name another folder with --home.")
