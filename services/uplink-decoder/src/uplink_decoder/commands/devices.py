"""`stadttakt devices`: how devices are."""

from __future__ import annotations

import typer

from uplink_decoder.commands.device_health import health_command

app = typer.Typer(help="Devices: sensors and counters.", no_args_is_help=True)
app.command("health")(health_command)
