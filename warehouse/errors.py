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


@dataclass(eq=False)
class ModelError(RallyscopeError):
    """A model whose file, header or SQL is not what a model must be."""

    model: str
    problem: str

    def __str__(self) -> str:
        return f"model {self.model} {self.problem}. Nothing was published; the last good build still stands."


@dataclass(eq=False)
class PromiseBroken(RallyscopeError):
    """Rows of a model break a promise in its header; the build was rolled back."""

    model: str
    promise: str
    rows: int

    def __str__(self) -> str:
        return (f"{self.model}: {self.rows} rows break “{self.promise}”. Nothing was published; "
                f"the last good build still stands. See them: rallyscope broken {self.model}")
