"""What device health costs: the decoder with and without it in turn, and what examining takes.

`PYTHONPATH=tests python -m bench.health` (with `ROUNDS=5` for more) prints the decoder's CPU time for
an uplink as the hot path is, and with the marks left out, each draining the same backlog; then how
long the examiner takes for an hour of 5,000 devices.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import throughput
from bench.city import write_city
from bench.services import new_database, running
from stadttakt_runtime.database import Database
from support.stack import running_stack
from uplink_decoder import __main__ as decoder
from uplink_decoder.examiner import Examiner
from uplink_decoder.pipeline import Pipeline
from uplink_decoder.storage import health

WITHOUT = "BENCH_WITHOUT_HEALTH"
ROUNDS = int(os.environ.get("ROUNDS", "3"))
console = Console()


class _Forgetful(set[tuple[str, int]]):
    def update(self, *_: Iterable[tuple[str, int]]) -> None:
        """Take nothing, and do not even build it."""


def main() -> None:
    """Measure, or run the decoder that is measured."""
    if WITHOUT in os.environ:
        _serve(with_health=os.environ[WITHOUT] == "0")
        return
    with tempfile.TemporaryDirectory() as folder, running_stack() as stack:
        city = Path(folder) / "city"
        devices = write_city(city)
        url = new_database(stack, "bench", city)
        throughput._raw(stack, 0)
        with running("uplink_decoder", url, stack.mosquitto.url, city):
            pass
        found: dict[str, list[tuple[float, float]]] = {"0": [], "1": []}
        for number in range(2 * ROUNDS):
            without = str(number % 2) if number // 2 % 2 == 0 else str(1 - number % 2)
            throughput.fill(stack, devices, number)
            os.environ[WITHOUT] = without
            with running("bench.health", url, stack.mosquitto.url, city) as service:
                rate, cpu_us, _ = throughput.drain(service)
            found[without].append((rate, cpu_us))
            console.print(f"round {number}: without={without} {rate:,.0f}/s {cpu_us:.1f} µs/uplink")
        del os.environ[WITHOUT]
        _show(found)
        asyncio.run(_examine(url))


def _show(found: dict[str, list[tuple[float, float]]]) -> None:
    names = {"0": "with health", "1": "without"}
    for key, rounds in found.items():
        rate, cpu = (statistics.median(values) for values in zip(*rounds, strict=True))
        console.print(f"{names[key]}: median {rate:,.0f}/s, {cpu:.1f} µs CPU/uplink")


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


async def _examine(url: str) -> None:
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
        console.print(
            f"examiner: {uplinks:,} uplinks in {hours:,} hours of devices took {wall:.1f} s,"
            f" {cpu / uplinks * 1e6:.1f} µs CPU an uplink in the decoder's process"
        )


if __name__ == "__main__":
    main()
