# SPDX-License-Identifier: EUPL-1.2
"""Lets `python -m stadttakt_simulators` be the command line."""

from stadttakt_simulators.cli import app

app(prog_name="stadttakt-simulators")
