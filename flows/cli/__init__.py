"""The command line; `python -m flows.cli` is `rallyscope`."""

from flows.cli.app import main

__all__ = ["main"]
