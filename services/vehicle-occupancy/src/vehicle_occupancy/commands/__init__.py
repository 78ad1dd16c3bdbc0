"""`stadttakt transit`: what can be done with lines and vehicles on the command line."""

from __future__ import annotations

import typer

from vehicle_occupancy.commands.backtest import backtest_command, resample_command

app = typer.Typer(help="Transit: forecasts of how full departures will be.", no_args_is_help=True)


@app.callback()
def transit() -> None:
    """Transit."""


app.command("backtest")(backtest_command)
app.command("resample")(resample_command)
