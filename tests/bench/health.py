# SPDX-License-Identifier: EUPL-1.2
"""What device health costs: the decoder with and without it in turn, and what examining takes.

The decoder's CPU time for an uplink as the hot path is, and with the marks left out, each draining
the same backlog; then how long the examiner takes for an hour of 5,000 devices.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from bench import throughput
from bench.backlog import UPLINKS, drain
from bench.services import new_database, running
from stadttakt_runtime.database import Database
from stadttakt_simulators.burst import BurstDevice
from support.stack import Stack
from uplink_decoder import __main__ as decoder
from uplink_decoder.examiner import Examiner
from uplink_decoder.pipeline import Pipeline
from uplink_decoder.storage import health

WITHOUT = "BENCH_WITHOUT_HEALTH"


class _Forgetful(set[tuple[str, int]]):
    def update(self, *_: Iterable[tuple[str, int]]) -> None:
        """Take nothing, and do not even build it."""


def measure(
    stack: Stack, city: Path, devices: Sequence[BurstDevice], rounds: int
) -> Iterator[Table]:
    """Drain the same backlog with and without health in turn, then examine what was stored."""
    url = new_database(stack, "bench", city)
    with running("uplink_decoder", url, stack.mosquitto.url, city):
        pass
    found: dict[str, list[tuple[float, float]]] = {"0": [], "1": []}
    for number in range(2 * max(1, rounds)):
        without = str(number % 2) if number // 2 % 2 == 0 else str(1 - number % 2)
        throughput.fill(stack, devices, number)
        settings = {WITHOUT: without}
        with running("bench.health", url, stack.mosquitto.url, city, settings) as service:
            drained = drain(service, UPLINKS, throughput.COUNT)
        found[without].append((drained.per_s, drained.cpu_us))
    table = Table("decoder", "uplinks/s", "CPU, µs/uplink", title="Device health, medians")
    for key, name in (("0", "with health"), ("1", "without")):
        rate, cpu = (statistics.median(values) for values in zip(*found[key], strict=True))
        table.add_row(name, f"{rate:,.0f}", f"{cpu:.1f}")
    yield table
    yield asyncio.run(_examine(url))


def _serve(*, with_health: bool) -> None:
    if not with_health:
        made = Pipeline.__init__

        def make(self: Pipeline, **parts: Any) -> None:
            made(self, **parts)
            self.heard = _Forgetful()

        async def nothing(*_: object) -> None:
            return None

        Pipeline.__init__ = make  # type: ignore[method-assign]
        health.mark_late = nothing  # type: ignore[assignment]
    decoder.main()


async def _examine(url: str) -> Table:
    async with Database.open(url, schema="uplink") as database:
        async with database.connection() as connection:
            uplinks = await connection.fetchval("select count(*) from uplink")
            await connection.execute("delete from health_dirty")
            await connection.execute(
                "insert into health_dirty (dev_eui, hour)"
                " select distinct dev_eui, date_trunc('hour', observed_at) from uplink"
            )
        examiner = Examiner(database, Pipeline.__new__(Pipeline), "bench")
        begun, cpu = time.perf_counter(), time.process_time()
        hours = await examiner.examine_all()
        wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    table = Table("examiner", "s", "CPU, µs/uplink", title="Examined")
    table.add_row(
        f"{uplinks:,} uplinks in {hours:,} hours of devices",
        f"{wall:.1f}",
        f"{cpu / uplinks * 1e6:.1f}",
    )
    return table


if __name__ == "__main__":
    _serve(with_health=os.environ[WITHOUT] == "0")
