"""Assemble the command line from its groups of commands, in the order of the help; each group is a module."""

import typer

from flows.cli import exit_codes, market_commands, publication_commands, read_commands, run_commands, service_commands
from flows.cli.options import VersionOption
from flows.report import output
from flows.report.output import say

app = typer.Typer(name="rallyscope", no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False,
                  rich_markup_mode="rich", help="Who is truly driving the US market, every trading day, with evidence.")
for group in (market_commands, run_commands, read_commands, publication_commands, service_commands):
    app.add_typer(group.commands)


@app.callback()
def rallyscope(version: VersionOption = False) -> None:
    """Run one command; no command needs another one before it."""


def main() -> None:
    """Run the command; an error the user can cause prints one sentence on stderr and exits with 1 or 2, Ctrl-C with 130."""
    output.replace()
    raise SystemExit(exit_codes.exit_code(app, say))


if __name__ == "__main__":
    main()
