# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt city`: applies a city's folder to all installed services."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Container
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.markup import escape

from stadttakt_messages.topics import Topics
from stadttakt_runtime import plugins
from stadttakt_runtime.broker_access.folder import check_users
from stadttakt_runtime.commands.output import DatabaseUrl, err, fail, one_line, out, print_table
from stadttakt_runtime.new_city import NewCity, NewCityError, id_of, place_of, write_city
from stadttakt_runtime.plugins import CityApplier, CityError

app = typer.Typer(help="City configuration.", no_args_is_help=True)
# Bytes; 1 MiB is what Kubernetes stores, base64 makes four of three.
MOST_OF_A_CONFIG_MAP = 750_000


@app.callback()
def city() -> None:
    """City configuration."""


@app.command()
def apply(
    database_url: DatabaseUrl,
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="deploy/cities/<city>")
    ],
    *,
    retire: Annotated[
        bool, typer.Option("--retire", help="indicators and reports it no longer names")
    ] = False,
) -> None:
    """Apply a city's folder, as often as you like; each service takes all of it or nothing."""
    appliers = plugins.load(plugins.CITY)
    if retire:
        appliers |= plugins.load(plugins.CITY_RETIRING)
    if not appliers:
        raise fail("no installed service reads a city folder")
    rows, failed = [], False
    for name, applier in appliers.items():
        lines = _apply(applier, folder, database_url)
        failed = failed or lines is None
        rows += [(name, escape(line)) for line in lines or ["[nothing applied]"]]
    print_table(("service", "applied"), rows)
    if failed:
        raise typer.Exit(1)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="of the city, for people")],
    *,
    at: Annotated[str, typer.Option(help="its middle as LAT,LON (WGS 84)")],
    city_id: Annotated[str, typer.Option("--id", help="by default made of the name")] = "",
    timezone: Annotated[str, typer.Option()] = "Europe/Berlin",
    holidays: Annotated[str, typer.Option(help="ISO 3166-2, as DE-BY, or a country")] = "DE",
    into: Annotated[Path, typer.Option(file_okay=False)] = Path("deploy/cities"),
) -> None:
    """Make the folder of a new city, with an example of everything to be replaced by its own."""
    with one_line(NewCityError, OSError):
        lat, lon = place_of(at)
        city = NewCity(
            city_id=city_id or id_of(name),
            name=name,
            lat=lat,
            lon=lon,
            timezone=timezone,
            holidays=holidays,
        )
        folder = into / city.city_id
        written = write_city(folder, city, plugins.load(plugins.CITY_TEMPLATES).values())
    out.print(f"{len(written)} files in {folder}", markup=False)
    out.print(f"next: stadttakt city check {folder}", markup=False, soft_wrap=True)


@app.command()
def chart(
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="deploy/cities/<city>")
    ],
    into: Annotated[Path, typer.Option(file_okay=False, help="where the two files go")],
) -> None:
    """Write what the chart needs of a folder: a ConfigMap, and values that name its files and their checksum."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if sum(path.stat().st_size for path in files) > MOST_OF_A_CONFIG_MAP:
        raise fail("a ConfigMap holds less than this folder has: give the chart a city.volume")
    names = [path.relative_to(folder).as_posix() for path in files]
    content = {
        name.replace("/", "__"): b64encode(path.read_bytes()).decode()
        for name, path in zip(names, files, strict=True)
    }
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "stadttakt-city"},
        "binaryData": content,
    }
    checksum = sha256(json.dumps(content).encode()).hexdigest()
    into.mkdir(parents=True, exist_ok=True)
    for name, written in (
        ("city-config-map.json", config_map),
        ("city-values.json", {"city": {"files": names, "checksum": checksum}}),
    ):
        (into / name).write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
        out.print(str(into / name), markup=False, soft_wrap=True)


@app.command()
def check(
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="deploy/cities/<city>")
    ],
    *,
    production: Annotated[
        bool, typer.Option("--production", help="nothing may be left to fill in")
    ] = False,
    database_url: Annotated[
        str,
        typer.Option(
            envvar="STADTTAKT_DATABASE_URL",
            show_default=False,
            help="with it, what applying the folder would retire is told too",
        ),
    ] = "",
) -> None:
    """Check what services read of a city's folder; needs no database, but compares with one if told."""
    rows, failed, told = [], set[str](), set[str]()
    checks = {**plugins.load(plugins.CITY_CHECKS), "broker": _check_broker}
    for name, checker in checks.items():
        try:
            rows += [(name, escape(line)) for line in checker(folder, production=production)]
        except CityError as error:
            failed.add(name)
            rows.append((name, escape("[see the error]")))
            # several services read city.yaml and find the same wrong
            if str(error) not in told:
                err.print(f"[red]error:[/red] {escape(str(error))}", soft_wrap=True)
            told.add(str(error))
    if database_url:
        rows += _compared(folder, database_url, failed)
    print_table(("service", "found"), rows)
    if failed:
        raise typer.Exit(1)


def _check_broker(folder: Path, *, production: bool) -> list[str]:  # noqa: ARG001 (as services' checks)
    accesses = list(plugins.load(plugins.BROKER_ACCESS).values())
    return check_users(folder, accesses, Topics())


def _compared(folder: Path, url: str, failed: Container[str]) -> list[tuple[str, str]]:
    """Return what applying a folder would retire; that nobody could be asked is told as well."""
    rows = []
    for name, compare in plugins.load(plugins.CITY_COMPARED).items():
        if name in failed:
            continue
        try:
            lines = [f"[yellow]warning:[/yellow] {escape(line)}" for line in compare(folder, url)]
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            lines = [escape(f"not compared with what is applied: {error}")]
        rows += [(name, line) for line in lines]
    return rows


def _apply(applier: CityApplier, folder: Path, url: str) -> list[str] | None:
    """Return the applier's report, or None after printing its error."""
    try:
        return list(applier(folder, url))
    except (CityError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        err.print(f"[red]error:[/red] {escape(str(error))}", soft_wrap=True)
        return None
