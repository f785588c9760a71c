"""Every error a person can meet: a value with fields for programs and one sentence that says the next step."""

from __future__ import annotations

from dataclasses import astuple, dataclass


class RallyscopeError(Exception):
    """The root: `exit_code` is 1 when data or sources failed, 2 when the request itself cannot be."""

    exit_code = 1

    def __reduce__(self):
        """Errors cross process borders whole: they pickle by their fields, not by their message."""
        return type(self), astuple(self)  # type: ignore[call-overload]


@dataclass(eq=False)
class CatalogError(RallyscopeError):
    """A catalogue entry that cannot be read; raised before anything runs."""

    file: str
    entry: str
    key: str
    problem: str

    exit_code = 2

    def __str__(self) -> str:
        return f"catalogue {self.file}, entry {self.entry}, key {self.key}: {self.problem}"
