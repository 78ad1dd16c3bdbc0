"""`stadttakt transit`: what can be done with lines and vehicles on the command line."""

from __future__ import annotations

import typer

from vehicle_occupancy.commands.acceptance import acceptance_command, plan_command
from vehicle_occupancy.commands.backtest import backtest_command, resample_command

app = typer.Typer(help="Vehicles: acceptance of counting systems, forecasts.", no_args_is_help=True)


@app.callback()
def transit() -> None:
    """Vehicles."""


app.command("acceptance")(acceptance_command)
app.command("acceptance-plan")(plan_command)
app.command("backtest")(backtest_command)
app.command("resample")(resample_command)
