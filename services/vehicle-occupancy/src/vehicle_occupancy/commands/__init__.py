"""`stadttakt transit`: what can be done with vehicles on the command line."""

from __future__ import annotations

import typer

from vehicle_occupancy.commands.acceptance import acceptance_command, plan_command

app = typer.Typer(help="Vehicles: acceptance of counting systems.", no_args_is_help=True)


@app.callback()
def transit() -> None:
    """Vehicles."""


app.command("acceptance")(acceptance_command)
app.command("acceptance-plan")(plan_command)
