# SPDX-License-Identifier: EUPL-1.2
"""Runs the stand-in until SIGTERM or Ctrl-C, and says what it takes."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import typer

from stadttakt_simulators.mobilithek.folder import read_folder
from stadttakt_simulators.mobilithek.server import StandIn

TELL_EVERY_S = 60.0


async def stand_in(folder: Path, port: int) -> None:
    """Serve until a signal."""
    found = StandIn(*read_folder(folder))
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with found.serving(port) as served:
        typer.echo(f"SIMULATED Mobilithek and ParkAPI on https://127.0.0.1:{served}")
        told = 0
        while not stop.is_set():
            taken = len(found.broker.received)
            if taken != told:
                typer.echo(f"{taken} deliveries taken")
                told = taken
            try:
                await asyncio.wait_for(stop.wait(), TELL_EVERY_S)
            except TimeoutError:
                continue
