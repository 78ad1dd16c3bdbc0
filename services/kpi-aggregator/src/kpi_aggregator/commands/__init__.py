# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt kpi`: what can be done with indicators on the command line."""

from __future__ import annotations

import typer

from kpi_aggregator.commands.compute import compute_command
from kpi_aggregator.commands.demo import demo_command
from kpi_aggregator.commands.explain import explain_command
from kpi_aggregator.commands.report import report_command, verify_command

app = typer.Typer(help="Indicators: computed anew, explained, reported.", no_args_is_help=True)


@app.callback()
def kpi() -> None:
    """Indicators."""


app.command("compute")(compute_command)
app.command("demo")(demo_command)
app.command("explain")(explain_command)
app.command("report")(report_command)
app.command("verify-report")(verify_command)
