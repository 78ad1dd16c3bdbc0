"""`make bench`: throughput, memory and latency on a database and a broker of its own.

Ratios are taken within one run, since machines differ and are noisy; `ROUNDS=5` asks for more.
"""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import registry, replays, scripts, signs, throughput
from bench.city import write_city
from bench.services import new_database, running
from stadttakt_simulators.burst import BurstDevice
from support.stack import Stack, running_stack

ROUNDS = int(os.environ.get("ROUNDS", "3"))
console = Console()


def main() -> None:
    """Run all benchmarks and print their tables."""
    model = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    console.print(f"[bold]Stadttakt benchmarks[/bold] on {model}; broker and database beside it")
    with tempfile.TemporaryDirectory() as folder:
        city = Path(folder) / "city"
        devices = write_city(city)
        with running_stack() as stack:
            _signs(stack, city, devices)
        with running_stack() as stack:
            console.print("device registry of 100,000 …")
            registry.measure(stack, city, console)
        with running_stack() as stack:
            console.print("payload formatters …")
            _show_scripts(scripts.measure_rates(stack, city, devices))
            _show_delays(scripts.measure_delays(stack, city, devices))
        if ROUNDS:
            with running_stack() as stack:
                _throughput(stack, city, devices)
        with running_stack() as stack:
            _replays(stack, city, devices)


def _signs(stack: Stack, city: Path, devices: Sequence[BurstDevice]) -> None:
    console.print("migrating and applying a city of 5,001 devices …")
    database_url, mqtt_url = new_database(stack, "bench", city), stack.mosquitto.url
    with (
        running("uplink_decoder", database_url, mqtt_url, city) as decoder,
        running("parking_occupancy", database_url, mqtt_url, city) as parking,
    ):
        console.print("latency at 1,000 uplinks/s …")
        with signs.load(stack, devices, 1000, 120):
            _show_latency(signs.measure_latency(stack, parking, decoder))
        console.print("sign endpoint at 500 uplinks/s …")
        with signs.load(stack, devices, 500, 30):
            _show_requests(signs.measure_requests(parking))


def _throughput(stack: Stack, city: Path, devices: Sequence[BurstDevice]) -> None:
    database_url = new_database(stack, "bench", city)
    rounds = []
    for number in range(ROUNDS):
        console.print(f"throughput, round {number + 1} of {ROUNDS} …")
        rounds.append(throughput.measure(stack, database_url, city, devices, number))
    _show_throughput(rounds)


def _replays(stack: Stack, city: Path, devices: Sequence[BurstDevice]) -> None:
    database_url = new_database(stack, "bench", city)
    table = Table(
        "", "uplinks/s", "CPU, µs/uplink", title=f"{throughput.COUNT:,} stored uplinks replayed"
    )
    for result in replays.measure(stack, database_url, city, devices):
        table.add_row(result.scenario.title, f"{result.rate:,.0f}", f"{result.cpu_us:.0f}")
    console.print(table)


def _show_throughput(rounds: list[throughput.Round]) -> None:
    table = Table(title=f"One decoder drains {throughput.COUNT:,} waiting uplinks of 1 kB")
    for column in ("", "min", "median", "max"):
        table.add_column(column, justify="right" if column else "left")
    figures = {
        "bare paho receive loop, messages/s": [one.raw_rate for one in rounds],
        "decoder: received, stored, republished/s": [one.decoder_rate for one in rounds],
        "ratio decoder / bare loop": [one.decoder_rate / one.raw_rate for one in rounds],
        "decoder CPU, µs/uplink": [one.cpu_us for one in rounds],
        "decoder resident memory, MB": [one.resident_mb for one in rounds],
    }
    for name, values in figures.items():
        shown = (min(values), statistics.median(values), max(values))
        digits = 2 if name.startswith("ratio") else 0
        table.add_row(name, *(f"{value:,.{digits}f}" for value in shown))
    console.print(table)


def _show_scripts(rates: Mapping[str, scripts.Rate]) -> None:
    table = Table(title=f"Payload formatters: received, decoded by {scripts.CODECS}, republished")
    for column in ("codecs", "uplinks/s", "of native", "decoder CPU, µs/uplink"):
        table.add_column(column, justify="right")
    for kind, rate in rates.items():
        share = rate.per_s / rates["native"].per_s
        table.add_row(kind, f"{rate.per_s:,.0f}", f"{share:.2f}", f"{rate.cpu_us:.0f}")
    console.print(table)


def _show_delays(delays: Sequence[scripts.Delay]) -> None:
    table = Table(
        title=f"Uplink sent → observation published, {scripts.NATIVE_RATE} native and"
        f" {scripts.SCRIPT_RATE} formatted uplinks/s, ms"
    )
    for column in ("bad uplinks/s", "codec", "arrived", "median", "p99", "of p99 without", "worst"):
        table.add_column(column, justify="right")
    for delay in delays:
        for kind, values, usual in (
            ("native", delay.native, delays[0].native),
            ("script", delay.script, delays[0].script),
        ):
            p99, ratio = _p99(values), _p99(values) / _p99(usual)
            median, worst = statistics.median(values), max(values)
            times = (f"{median:,.0f}", f"{p99:,.0f}", f"{ratio:.2f}", f"{worst:,.0f}")
            table.add_row(f"{delay.bad_per_s:g}", kind, f"{len(values):,}", *times)
    console.print(table)


def _p99(values: Sequence[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


def _show_latency(latency: signs.Latency) -> None:
    console.print(
        f"uplink published → sign endpoint changed, {signs.PROBES} changes,"
        f" {latency.uplinks_per_s:,.0f} uplinks/s stored meanwhile:"
        f" median {latency.median:.0f} ms, p95 {latency.p95:.0f} ms,"
        f" p99 {latency.p99:.0f} ms, worst {latency.worst:.0f} ms"
    )


def _show_requests(result: tuple[float, float] | None) -> None:
    if result is None:
        console.print("sign endpoint: not measured, wrk is missing (Debian package wrk)")
        return
    console.print(
        f"sign endpoint: {result[0]:,.0f} requests/s in one process, p99 {result[1]:.1f} ms"
    )


if __name__ == "__main__":
    main()
