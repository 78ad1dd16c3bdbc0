# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt devices`: lists, shows, exports; the commands that write are beside it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.commands.output import (
    AsJson,
    DatabaseUrl,
    err,
    fail,
    one_line,
    out,
    print_json,
    print_table,
)
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.paging import HIGHEST_NUMBER
from uplink_decoder.commands.device_health import health_command
from uplink_decoder.commands.devices_import import import_command
from uplink_decoder.commands.devices_place import assign, swap_command, unassign
from uplink_decoder.commands.devices_write import delete, put, reinstate, release, retire_command
from uplink_decoder.commands.running import with_database
from uplink_decoder.registry.lines import write_lines
from uplink_decoder.storage import assignments
from uplink_decoder.storage import device_lists as storage
from uplink_decoder.storage import devices as device_storage
from uplink_decoder.storage.device_lists import DeviceFilter, export_row

app = typer.Typer(help="Devices: the registry, and how they are.", no_args_is_help=True)
for name, command in (
    ("put", put),
    ("retire", retire_command),
    ("reinstate", reinstate),
    ("release", release),
    ("delete", delete),
    ("assign", assign),
    ("unassign", unassign),
    ("swap", swap_command),
    ("import", import_command),
    ("health", health_command),
):
    app.command(name)(command)

AT_ONCE = 1000
ALL = 1_000_000
COLOURS = {"active": "green", "silent": "red", "unknown": "yellow", "retired": "dim"}

Status = Annotated[str | None, typer.Option(help="active, silent, unknown or retired")]
Codec = Annotated[str | None, typer.Option(help="its codec")]
Tag = Annotated[list[str] | None, typer.Option(help="key or key=value, as often as you like")]
AssetOption = Annotated[str | None, typer.Option(help="bay/<id>, or bay for any")]
SourceOption = Annotated[str | None, typer.Option(help="where it was last heard")]
TextOption = Annotated[
    str | None, typer.Option(help="part of EUI, name, maker, model, description")
]


@app.command("list")
def list_command(  # noqa: PLR0913 (a command's options)
    database_url: DatabaseUrl,
    *,
    status: Status = None,
    codec: Codec = None,
    tag: Tag = None,
    asset: AssetOption = None,
    source: SourceOption = None,
    text: TextOption = None,
    limit: Annotated[int, typer.Option(min=1, max=ALL)] = 100,
    as_json: AsJson = False,
) -> None:
    """List devices by EUI."""
    wanted = _filter(status=status, codec=codec, tag=tag, asset=asset, source=source, text=text)

    async def read(database: Database) -> list[Any]:
        found = [row async for rows in _pages(database, wanted, limit + 1) for row in rows]
        return found[: limit + 1]

    rows = with_database(database_url, read)
    if as_json:
        print_json([export_row(row) for row in rows[:limit]])
        return
    print_table(
        ("device", "name", "codec", "watches", "status", "last seen", "owner"),
        [_row(row) for row in rows[:limit]],
        whole=("device",),
    )
    if len(rows) > limit:
        err.print(f"more than {limit}; see --limit", markup=False)


@app.command()
def show(database_url: DatabaseUrl, dev_eui: str, *, as_json: AsJson = False) -> None:
    """Show one device, what it watched when, and who changed it."""
    device = dev_eui.lower()

    async def read(database: Database) -> tuple[list[Any], list[Any], list[Any]]:
        async with database.connection() as connection:
            return (
                await device_storage.get_devices(connection, now=utc_now(), euis=[device]),
                await assignments.of_device(connection, device),
                await assignments.list_changes(
                    connection, dev_eui=device, before=HIGHEST_NUMBER, limit=20
                ),
            )

    found, watched, changes = with_database(database_url, read)
    if not found:
        raise fail(f"there is no device {escape(device)}")
    told = export_row(found[0])
    if as_json:
        shown = {"assignments": [dict(row) for row in watched], "changes": _changes(changes)}
        print_json({**told, **shown})
        return
    print_table(("", ""), [(name, escape(_text(value))) for name, value in told.items()])
    out.print()
    periods = [_period(row) for row in watched]
    print_table(("watched", "from", "until", "set by"), periods)
    out.print()
    print_table(("changed", "how", "by", "fields"), [_change(row) for row in changes])


def _changes(rows: list[Any]) -> list[dict[str, Any]]:
    return [
        {**dict(row), **{name: orjson.loads(row[name]) for name in ("before", "after")}}
        for row in rows
    ]


def _period(row: Any) -> tuple[str, ...]:
    asset = f"{row['asset_kind']}/{row['asset_id']}"
    return asset, _time(row["valid_from"]), _time(row["valid_to"]), escape(row["set_by"])


def _change(row: Any) -> tuple[str, ...]:
    fields = ", ".join(orjson.loads(row["after"]))
    return _time(row["at"]), row["action"], escape(row["author"]), fields


@app.command()
def export(  # noqa: PLR0913 (a command's options)
    database_url: DatabaseUrl,
    file: Annotated[
        Path | None, typer.Argument(dir_okay=False, help="standard output if omitted")
    ] = None,
    *,
    status: Status = None,
    codec: Codec = None,
    tag: Tag = None,
    asset: AssetOption = None,
    source: SourceOption = None,
    text: TextOption = None,
) -> None:
    """Export registered devices as CSV; imported again it changes nothing."""
    wanted = _filter(status=status, codec=codec, tag=tag, asset=asset, source=source, text=text)
    wanted = replace(wanted, is_registered=True)

    async def write(database: Database) -> int:
        count = 0
        with _spinner() as progress, _target(file) as stream:
            task = progress.add_task("0 devices")
            stream.write(write_lines((), header=True))
            async for rows in _pages(database, wanted, ALL):
                stream.write(write_lines((export_row(row) for row in rows), header=False))
                count += len(rows)
                progress.update(task, description=f"{count} devices")
        return count

    with one_line(OSError):
        with_database(database_url, write)


def _filter(
    *,
    status: str | None,
    codec: str | None,
    tag: list[str] | None,
    asset: str | None,
    source: str | None,
    text: str | None,
) -> DeviceFilter:
    if status is not None and status not in COLOURS:
        raise fail(f"a status is one of {', '.join(COLOURS)}")
    kind, _, asset_id = (asset or "").partition("/")
    return DeviceFilter(
        status=status,
        codec_id=codec,
        tags=tuple(tag or ()),
        asset_kind=kind or None,
        asset_id=asset_id or None,
        source=source,
        text=text,
    )


async def _pages(database: Database, wanted: DeviceFilter, most: int) -> AsyncIterator[list[Any]]:
    """Yield the devices of a filter in pages, about as many as are wanted."""
    after, left = "", most
    while left > 0:
        limit = min(AT_ONCE, left)
        async with database.connection() as connection:
            rows = await storage.list_devices(
                connection, wanted, now=utc_now(), after=after, limit=limit
            )
        yield rows
        if len(rows) < limit:
            return
        after, left = rows[-1]["dev_eui"], left - limit


def _spinner() -> Progress:
    return Progress(SpinnerColumn(), TextColumn("{task.description}"), console=err)


def _target(file: Path | None) -> Any:
    if file is None:
        return nullcontext(sys.stdout)
    return file.open("w", encoding="utf-8", newline="")


def _row(row: Any) -> tuple[str, ...]:
    watches = f"{row['asset_kind']}/{row['asset_id']}" if row["asset_kind"] else "-"
    colour = COLOURS[row["status"]]
    return (
        escape(row["dev_eui"]),
        escape(row["name"]),
        row["codec_id"] or "-",
        watches,
        f"[{colour}]{row['status']}[/{colour}]",
        _time(row["last_seen"]),
        "-" if row["origin"] == "seen" else row["origin"],
    )


def _time(value: Any) -> str:
    return "-" if value is None else f"{value:%Y-%m-%d %H:%M:%S}Z"


def _text(value: Any) -> str:
    return "-" if value is None else str(value)
