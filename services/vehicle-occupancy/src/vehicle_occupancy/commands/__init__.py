# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt transit`: what can be done with timetables and vehicles on the command line."""

from __future__ import annotations

import typer

from vehicle_occupancy.commands.acceptance import acceptance_command, plan_command
from vehicle_occupancy.commands.backtest import backtest_command, resample_command
from vehicle_occupancy.commands.import_gtfs import import_command
from vehicle_occupancy.commands.import_loads import import_loads_command
from vehicle_occupancy.commands.timetables import app as timetables

app = typer.Typer(
    help="Vehicles: timetables, acceptance of counting systems, forecasts.", no_args_is_help=True
)


@app.callback()
def transit() -> None:
    """Vehicles."""


app.command("import-gtfs")(import_command)
app.command("import-loads")(import_loads_command)
app.add_typer(timetables, name="timetable")
app.command("acceptance")(acceptance_command)
app.command("acceptance-plan")(plan_command)
app.command("backtest")(backtest_command)
app.command("resample")(resample_command)
