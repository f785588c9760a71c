"""The commands for the Prefect service and for a check of the environment: serve, doctor."""

from typing import Annotated

import typer

from flows.cli.options import CatalogOption, HomeOption, JsonOption, SourceOption, settings_from
from flows.report.output import say

commands = typer.Typer()


@commands.command(epilog="Example: rallyscope serve --detach")
def serve(port: Annotated[int, typer.Option(min=1, max=65535, help="The loopback port to listen on.")] = 4200,
          detach: Annotated[bool, typer.Option("--detach", help="Return when it is up, and leave it running.")] = False,
          stop: Annotated[bool, typer.Option("--stop", help="Stop the service of this data folder.")] = False,
          no_auth: Annotated[bool, typer.Option("--no-auth", help="Do not require a login: every program and user of "
                                                "this machine can then use the service as you.")] = False,
          home: HomeOption = None, source: SourceOption = None, catalog: CatalogOption = None) -> None:
    """Start a Prefect server with its UI, a worker and the deployments; Ctrl-C or --stop ends them."""
    from flows.service import serve as service

    settings = settings_from(home, source, catalog)
    if stop:
        service.stop(settings, say)
    elif detach:
        service.detach(settings, port, say, no_auth)
    else:
        service.serve(settings, port, say, no_auth)


@commands.command(epilog="Example: rallyscope doctor")
def doctor(json: JsonOption = False, home: HomeOption = None, source: SourceOption = None,
           catalog: CatalogOption = None) -> None:
    """Check settings, disk, source, clock, data and the Prefect service, and print a fix for each problem.

    It exits with 1 if a check fails.
    """
    from flows.cli.doctor.doctor import doctor as examine

    raise typer.Exit(examine(settings_from(home, source, catalog), json))
