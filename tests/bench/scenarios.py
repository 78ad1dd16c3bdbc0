# SPDX-License-Identifier: EUPL-1.2
"""What `make bench` can measure, by name; each scenario has a database and a broker of its own."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import (
    advice,
    as_of,
    chain,
    datasets,
    departures,
    departures_night,
    feed_serving,
    feeds,
    forecast,
    growth,
    gtfs,
    health,
    ideas,
    indicators,
    latency,
    parking,
    polling,
    registry,
    replays,
    scripts,
    signs,
    sizing,
    soak,
    stays,
    throughput,
    vehicle_load,
    vehicles,
)
from bench.alone import alone
from bench.load import load
from bench.peers import measuring
from bench.services import new_database, running
from bench.whole_city import running_town
from stadttakt_simulators.burst import BurstDevice
from support.stack import running_stack

PEER_MESSAGES = int(os.environ.get("PEER_MESSAGES", "30000"))


@dataclass(frozen=True)
class Bench:
    """The city for load, and how often what varies is measured."""

    city: Path
    devices: Sequence[BurstDevice]
    rounds: int
    console: Console


@dataclass(frozen=True)
class Scenario:
    """Something to measure; the core ones are run where none is named."""

    name: str
    about: str
    run: Callable[[Bench], Iterator[Table]]
    is_core: bool = True


def _signs(bench: Bench) -> Iterator[Table]:
    with running_stack() as stack:
        database_url, mqtt_url = new_database(stack, "bench", bench.city), stack.mosquitto.url
        with (
            running("uplink_decoder", database_url, mqtt_url, bench.city) as decoder,
            running("parking_occupancy", database_url, mqtt_url, bench.city) as parking,
        ):
            bench.console.print("latency at 1,000 uplinks/s …")
            with load(stack, bench.devices, 1000, 120):
                yield _table_of_latency(signs.measure_latency(stack, parking, decoder))
            bench.console.print("sign endpoint at 500 uplinks/s …")
            with load(stack, bench.devices, 500, 60):
                found = signs.measure_requests(parking, decoder, len(bench.devices))
                yield _table_of_requests(found)


def _registry(bench: Bench) -> Iterator[Table]:
    with running_stack() as stack:
        yield from registry.measure(stack, bench.city)


def _datasets(bench: Bench) -> Iterator[Table]:
    with running_stack() as stack:
        bench.console.print("a year of 15-minute values …")
        yield from datasets.measure(stack, bench.city)


def _as_of(bench: Bench) -> Iterator[Table]:
    with running_stack() as stack:
        bench.console.print("some weeks of tellings …")
        yield from as_of.measure(stack, bench.city)


def _feeds(bench: Bench) -> Iterator[Table]:
    bench.console.print("all feeds of 500 lots and 20,000 bays …")
    yield alone(feeds.measure)


def _feed_serving(bench: Bench) -> Iterator[Table]:
    yield from feed_serving.measure(bench.city, bench.console)


def _vehicles(bench: Bench) -> Iterator[Table]:
    yield from vehicles.measure(bench.console)


def _scripts(bench: Bench) -> Iterator[Table]:
    with running_stack() as stack:
        yield scripts.table_of_rates(scripts.measure_rates(stack, bench.city, bench.devices))
        yield scripts.table_of_delays(scripts.measure_delays(stack, bench.city, bench.devices))


def _throughput(bench: Bench) -> Iterator[Table]:
    rounds = []
    if bench.rounds:
        with running_stack() as stack:
            database_url = new_database(stack, "bench", bench.city)
            for number in range(bench.rounds):
                bench.console.print(f"round {number + 1} of {bench.rounds} …")
                measured = throughput.measure(
                    stack, database_url, bench.city, bench.devices, number
                )
                rounds.append(measured)
        yield _table_of_throughput(rounds)


def _replays(bench: Bench) -> Iterator[Table]:
    table = Table(
        "", "uplinks/s", "CPU, µs/uplink", title=f"{throughput.COUNT:,} stored uplinks replayed"
    )
    with running_stack() as stack:
        database_url = new_database(stack, "bench", bench.city)
        for result in replays.measure(stack, database_url, bench.city, bench.devices):
            table.add_row(result.scenario.title, f"{result.rate:,.0f}", f"{result.cpu_us:.0f}")
    yield table


def _health(bench: Bench) -> Iterator[Table]:
    with running_stack() as stack:
        yield from health.measure(stack, bench.city, bench.devices, bench.rounds)


def _parking(_: Bench) -> Iterator[Table]:
    yield from parking.measure()


def _stays(bench: Bench) -> Iterator[Table]:
    with running_stack() as stack:
        yield from stays.measure(stack, bench.console)


def _gtfs(bench: Bench) -> Iterator[Table]:
    with running_stack() as stack:
        yield from gtfs.measure(stack, bench.city)


def _growth(what: str) -> Callable[[Bench], Iterator[Table]]:
    def run(bench: Bench) -> Iterator[Table]:
        with tempfile.TemporaryDirectory() as folder:
            yield from growth.measure(what, Path(folder), bench.rounds, bench.console)

    return run


def _vehicle_load(_: Bench) -> Iterator[Table]:
    yield from vehicle_load.accuracy()
    yield from vehicle_load.presence()
    yield from vehicle_load.speed()


def _departures(bench: Bench) -> Iterator[Table]:
    yield alone(departures.measure)
    bench.console.print("a night's work on the database …")
    with running_stack() as stack:
        yield from departures_night.measure(stack, bench.city)


def _advice(_: Bench) -> Iterator[Table]:
    yield advice.measure()


def _indicators(bench: Bench) -> Iterator[Table]:
    with running_stack() as stack:
        yield from indicators.measure(stack, bench.city, bench.console)


def _ideas(bench: Bench) -> Iterator[Table]:
    with running_stack() as stack:
        yield from ideas.measure(stack, bench.console)


def _forecast(_: Bench) -> Iterator[Table]:
    yield alone(forecast.measure)


def _peers(bench: Bench) -> Iterator[Table]:
    with tempfile.TemporaryDirectory() as folder, running_stack() as stack:
        ground = measuring.ground_of(stack, bench.city, bench.devices, PEER_MESSAGES, Path(folder))
        yield from measuring.measure(ground, bench.rounds, bench.console.print)


def _latency(bench: Bench) -> Iterator[Table]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack() as stack,
        running_town(stack, Path(folder)) as town,
    ):
        yield from latency.measure(town, bench.console)


def _sizing(bench: Bench) -> Iterator[Table]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack() as stack,
        running_town(stack, Path(folder), sizing.DEVICES, sizing.LOTS) as town,
    ):
        yield from sizing.measure(town, bench.console)


def _chain(_: Bench) -> Iterator[Table]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack() as stack,
        running_town(stack, Path(folder)) as town,
    ):
        yield chain.measure(town)


def _polling(_: Bench) -> Iterator[Table]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack() as stack,
        running_town(stack, Path(folder)) as town,
    ):
        yield from polling.measure(town)


def _soak(bench: Bench) -> Iterator[Table]:
    with tempfile.TemporaryDirectory() as folder, running_stack() as stack:
        yield from soak.measure(stack, Path(folder), bench.console)


def _table_of_throughput(rounds: list[throughput.Round]) -> Table:
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
    return table


def _table_of_latency(latency: signs.Latency) -> Table:
    table = Table("", "median", "p95", "p99", "worst", title="Latency")
    table.caption = signs.ASKED.format(signs.SIGN)
    table.add_row(
        f"uplink published → sign endpoint changed, {signs.PROBES} changes,"
        f" {latency.uplinks_per_s:,.0f} uplinks/s stored meanwhile",
        *(f"{delay:.0f} ms" for delay in (latency.median, latency.p95, latency.p99, latency.worst)),
    )
    return table


def _table_of_requests(result: signs.Requests | None) -> Table:
    table = Table("", "requests/s", "p99", title="Sign endpoint, one process")
    table.caption = signs.ASKED.format(signs.CHANGING_SIGN)
    if result is None:
        table.add_row("not measured, wrk is missing (Debian package wrk)", "-", "-")
    else:
        what = f"at 500 uplinks/s, of a sign that changed {result.changes_per_s:.1f} times a second"
        table.add_row(what, f"{result.per_s:,.0f}", f"{result.p99_ms:.1f} ms")
    return table


GROWING = {
    **{what: f"one decoder by {what}" for what in ("devices", "codecs", "rows")},
    "decoders": "one decoder and two on a shared subscription",
    "held-decoders": f"the same, each held to {growth.HELD_CORES} of a core, so that there are cores",
}
SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("signs", "uplink to sign, and requests of signs meanwhile", _signs),
        Scenario("registry", "100,000 devices: imports, lists, what uplinks notice", _registry),
        Scenario("scripts", "payload formatters, and what bad ones cost the others", _scripts),
        Scenario("throughput", "one decoder against a bare receive loop", _throughput),
        Scenario("replays", "stored uplinks decoded again", _replays),
        *(
            Scenario(f"growth-{what}", about, _growth(what), is_core=False)
            for what, about in GROWING.items()
        ),
        Scenario("health", "what device health costs the decoder", _health, is_core=False),
        Scenario("parking", "20,000 bays: events, start, take-over", _parking, is_core=False),
        Scenario(
            "stays", "a month of bays and gates reconstructed, and asked for", _stays, is_core=False
        ),
        Scenario("vehicles", "counts at doors of 1,000 vehicles", _vehicles, is_core=False),
        Scenario("as-of", "what was public then, by how long ago", _as_of, is_core=False),
        Scenario(
            "datasets", "a year of 500 lots as Parquet, beside COPY", _datasets, is_core=False
        ),
        Scenario("feeds", "500 lots and 20,000 bays in every format", _feeds, is_core=False),
        Scenario(
            "feed-serving",
            "requests for feeds a second while bays change, beside a bare server",
            _feed_serving,
            is_core=False,
        ),
        Scenario(
            "indicators",
            "a hundred indicators over three years, from scratch and nightly",
            _indicators,
            is_core=False,
        ),
        Scenario("ideas", "10,000 ideas: list, search, board", _ideas, is_core=False),
        Scenario("gtfs", "a timetable of 100 MB imported", _gtfs, is_core=False),
        Scenario("forecast", "forecasts for 500 lots, one core", _forecast, is_core=False),
        Scenario(
            "vehicle-load",
            "how right loads are, what a reading costs",
            _vehicle_load,
            is_core=False,
        ),
        Scenario(
            "departures",
            "forecasts for the departures of 1,000 vehicles, one core",
            _departures,
            is_core=False,
        ),
        Scenario("peers", "uplinks to committed rows, beside others", _peers, is_core=False),
        Scenario(
            "latency", "publish to row, topic, sign and feed by rate", _latency, is_core=False
        ),
        Scenario(
            "chain", "uplinks a second to rows, through parking, to signs", _chain, is_core=False
        ),
        Scenario("polling", "a thousand clients that poll with ETag", _polling, is_core=False),
        Scenario("sizing", "what 100,000 devices cost, beside the model", _sizing, is_core=False),
        Scenario("soak", "memory of each service by the minute", _soak, is_core=False),
        Scenario("advice", "advice for a day of 1,000 vehicles, one core", _advice, is_core=False),
    )
}
