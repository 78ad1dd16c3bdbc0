# SPDX-License-Identifier: EUPL-1.2
"""The command line of the simulators."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from stadttakt_simulators.burst import (
    Pace,
    burst_devices,
    burst_pool,
    city_devices,
    run_burst,
    write_devices,
    write_log,
)
from stadttakt_simulators.burst.pool import spacing_for
from stadttakt_simulators.city.places import load_city
from stadttakt_simulators.city.section import CityError
from stadttakt_simulators.city.simulation import load_simulation
from stadttakt_simulators.clock import EpochNs, system_clock, to_datetime
from stadttakt_simulators.faults import parse_rule
from stadttakt_simulators.mobilithek.folder import write_folder
from stadttakt_simulators.mobilithek.runner import stand_in
from stadttakt_simulators.publisher import Broker
from stadttakt_simulators.runner import Run
from stadttakt_simulators.runner import run as run_simulation
from stadttakt_simulators.simulation import Options, Simulation
from stadttakt_simulators.transit.config import TransitConfig, read_fleet, read_school_holidays
from stadttakt_simulators.transit.flows import FlowOf, flows_of
from stadttakt_simulators.transit.live import LiveTransit
from stadttakt_simulators.transit.past import days_before, opened, write_past
from stadttakt_simulators.transit.runner import TransitRun
from stadttakt_simulators.transit.runner import run as run_transit
from stadttakt_simulators.transit.timetable import load_timetable
from stadttakt_simulators.transit.town import TransitDay

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Simulated sensors of a city, with faults on request.",
)

MqttUrl = Annotated[
    str,
    typer.Option(
        envvar="STADTTAKT_MQTT_URL",
        help="The platform's broker: mqtt://[user:password@]host[:port].",
    ),
]


@app.callback()
def main() -> None:
    """Simulated sensors of a city, with faults on request."""


@app.command()
def run(  # noqa: PLR0913, PLR0917 - one parameter per option
    city: Annotated[Path, typer.Option(envvar="STADTTAKT_CITY", help="The city folder.")],
    mqtt_url: MqttUrl = "mqtt://127.0.0.1:1893",
    speed: Annotated[
        float | None, typer.Option(min=0.001, help="Demand runs this much faster than time.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="The same seed gives the same cars and faults.")
    ] = None,
    duration: Annotated[
        float | None, typer.Option(min=0, help="Seconds after which to stop.")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="name=probability[@seconds] or name=dev_eui,…[@seconds]; repeatable."),
    ] = None,
    faults_from_city: Annotated[
        bool, typer.Option(help="Use the faults of simulation.yaml as well.")
    ] = True,
    truth: Annotated[
        Path | None, typer.Option(help="File for what really happened, as JSON lines.")
    ] = None,
) -> None:
    """Simulates the sensors of a city: cars come and go, uplinks reach the broker in two servers' formats."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        places, config = load_city(city), load_simulation(city / "simulation.yaml")
        rules = (dict(config.faults) if faults_from_city else {}) | dict(
            parse_rule(text) for text in fault or ()
        )
        options = Options(
            seed=config.seed if seed is None else seed,
            speed=config.speed if speed is None else speed,
            faults=rules,
        )

        def make(now: EpochNs) -> Simulation:
            return Simulation(places, config, options, now)

        job = Run(make, Broker.parse(mqtt_url), truth, duration, system_clock, typer.echo)
        asyncio.run(run_simulation(job))
    except (CityError, ValueError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error


@app.command()
def transit(
    city: Annotated[Path, typer.Option(envvar="STADTTAKT_CITY", help="The city folder.")],
    mqtt_url: MqttUrl = "mqtt://127.0.0.1:1893",
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same days.")] = None,
    duration: Annotated[
        float | None, typer.Option(min=0, help="Seconds after which to stop.")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="File for who really boarded, as JSON lines.")
    ] = None,
) -> None:
    """Simulates trams and buses on the city's timetable, by the clock: counts, devices, positions, trips."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        config, zone = load_simulation(city / "simulation.yaml"), load_city(city).zone
        if config.transit is None:
            # It waits like one that has something to do: `make run` ends with any of its programs.
            typer.echo("simulation.yaml has no section `transit`: nothing drives")
            signal.sigwait({signal.SIGTERM, signal.SIGINT})
            return
        make_day = _days(city, config.transit, seed, zone)

        def make(now: datetime) -> LiveTransit:
            return LiveTransit(make_day, zone, now)

        job = TransitRun(make, Broker.parse(mqtt_url), truth, duration, system_clock, typer.echo)
        asyncio.run(run_transit(job))
    except (CityError, ValueError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error


@app.command()
def transit_past(
    file: Annotated[Path, typer.Argument(help="CSV to write; packed if its name ends in .gz.")],
    city: Annotated[Path, typer.Option(envvar="STADTTAKT_CITY", help="The city folder.")],
    days: Annotated[int, typer.Option(min=1, max=400, help="How many.")] = 35,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day after them; today.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same days.")] = None,
    flow: Annotated[
        FlowOf | None,
        typer.Option(help="Instead, who boards and alights per quarter of an hour, by what."),
    ] = None,
) -> None:
    """Writes who was on board on the days before, as if all had been counted rightly: no need to wait for weeks."""
    try:
        zone = load_city(city).zone
        today = to_datetime(system_clock()).astimezone(zone).date()
        wanted = days_before(until.date() if until else today, days)
        transit = load_simulation(city / "simulation.yaml").transit
        made = () if transit is None else map(_days(city, transit, seed, zone), wanted)
        if flow is None:
            written = write_past(file, made)
        else:
            with opened(file) as stream:
                written = flows_of(made, flow).write(stream)
    except (CityError, ValueError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(f"{written} {'departures' if flow is None else 'intervals'} of {days} days")


def _days(
    city: Path, transit: TransitConfig, seed: int | None, zone: ZoneInfo
) -> Callable[[date], TransitDay]:
    """This function returns what makes a city's days; raises CityError where today has no timetable."""
    folder = city / transit.timetable
    service = replace(transit.service, seed=transit.service.seed if seed is None else seed)
    fleet, holidays = read_fleet(city), read_school_holidays(city)
    load_timetable(folder, to_datetime(system_clock()).astimezone(zone).date(), zone)

    def day(wanted: date) -> TransitDay:
        free = any(begin <= wanted <= end for begin, end in holidays)
        timetable = load_timetable(folder, wanted, zone)
        return TransitDay(timetable, service, fleet, school_holiday=free)

    return day


@app.command()
def mobilithek(
    folder: Annotated[Path, typer.Option(help="Where certificates and targets.yaml are.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port of HTTPS.")] = 8190,
    prepare: Annotated[bool, typer.Option(help="Write the folder anew and leave.")] = False,
) -> None:
    """Stands in for the Mobilithek's broker and a ParkAPI receiver: takes deliveries, on loopback only."""
    if prepare:
        write_folder(folder, port)
        return
    try:
        asyncio.run(stand_in(folder, port))
    except (ValueError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error


@app.command()
def burst(  # noqa: PLR0913, PLR0917 - one parameter per option
    count: Annotated[int, typer.Option(min=1, help="How many uplinks.")],
    mqtt_url: MqttUrl = "mqtt://127.0.0.1:1893",
    rate: Annotated[
        float, typer.Option(min=0, help="Uplinks per second; 0 is as fast as possible.")
    ] = 0,
    devices: Annotated[int, typer.Option(min=1, help="From how many made-up devices.")] = 5000,
    city: Annotated[Path | None, typer.Option(help="Use this city's bay sensors instead.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same identities.")] = 1,
    window: Annotated[int, typer.Option(min=1, help="Unacknowledged uplinks at once.")] = 2000,
    log: Annotated[
        Path | None, typer.Option(help="File for what was acknowledged, as JSON lines.")
    ] = None,
    devices_file: Annotated[
        Path | None, typer.Option(help="File for the devices, as devices.csv.")
    ] = None,
) -> None:
    """Publishes ChirpStack uplinks of 1 kB at QoS 1, again after a broken connection, and records the receipts."""
    try:
        chosen = city_devices(city) if city else burst_devices(devices)
        broker = Broker.parse(mqtt_url)
    except (CityError, ValueError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    if devices_file:
        write_devices(devices_file, chosen)
    pool = burst_pool(
        count, chosen, started=system_clock(), spacing_ns=spacing_for(rate), seed=seed
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    result = run_burst(pool, broker, Pace(rate, window), stop=stop, say=typer.echo)
    if log:
        write_log(log, pool, result)
    typer.echo(
        f"{result.acknowledged} of {count} acknowledged in {result.seconds:.2f} s"
        f" ({result.acknowledged / result.seconds:.0f}/s), {result.republished} sent again,"
        f" {result.reconnects} reconnects, {result.refused} refused"
    )
