# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt parking`: what can be done with lots on the command line."""

from __future__ import annotations

import typer

from parking_occupancy.commands.backtest import backtest_command
from parking_occupancy.commands.effect import effect_command
from parking_occupancy.commands.sign_key import sign_key_command

app = typer.Typer(
    help="Parking: forecasts, effects of measures, keys of signs.", no_args_is_help=True
)


@app.callback()
def parking() -> None:
    """Parking."""


app.command("backtest")(backtest_command)
app.command("effect")(effect_command)
app.command("sign-key")(sign_key_command)
