# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt devices put|retire|reinstate|release|delete`: writes single devices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.markup import escape

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.commands.output import DatabaseUrl, fail, out
from stadttakt_runtime.database import Database
from uplink_decoder.commands.running import BY, with_database
from uplink_decoder.domain.registration import (
    Action,
    Entry,
    Owner,
    Step,
    Wish,
    fulfil,
    retire,
    settled,
)
from uplink_decoder.domain.registration import (
    reinstate as reinstated,
)
from uplink_decoder.registry.lines import DeviceLine
from uplink_decoder.registry.writing import write
from uplink_decoder.storage import codecs, registry
from uplink_decoder.storage.registry import Author

Eui = Annotated[str, typer.Argument(help="device EUI, hex in either case")]
NoteOption = Annotated[str | None, typer.Option(help="why, for who reads the changes later")]
Text = Annotated[str | None, typer.Option()]
Steps = Callable[[dict[str, Entry], Author], list[Step]]


def put(  # noqa: PLR0913 (a command's options)
    database_url: DatabaseUrl,
    dev_eui: Eui,
    *,
    name: Text = None,
    codec: Annotated[str | None, typer.Option(help="empty: none")] = None,
    asset: Annotated[
        str | None, typer.Option(help="<kind>/<id> watched from now on; empty: nothing")
    ] = None,
    observes: Annotated[str | None, typer.Option(help="the one kind of observation")] = None,
    expected_interval: Annotated[str | None, typer.Option(help="seconds; empty: none")] = None,
    place: Annotated[str | None, typer.Option(help="lat,lon; empty: none")] = None,
    maker: Text = None,
    model: Text = None,
    description: Text = None,
    tags: Annotated[str | None, typer.Option(help="key=value;key=value")] = None,
    variables: Annotated[str | None, typer.Option(help="key=value;key=value")] = None,
) -> None:
    """Register a device or change it; what is not given stays as it is."""
    lat, _, lon = (place or "").partition(",")
    kind, _, asset_id = (asset or "").partition("/")
    given: dict[str, str | None] = {
        "name": name,
        "codec_id": codec,
        "expected_interval_s": expected_interval,
        "maker": maker,
        "model": model,
        "description": description,
        "tags": tags,
        "codec_variables": variables,
        "lat": None if place is None else lat,
        "lon": None if place is None else lon,
        "asset_kind": None if asset is None else kind,
        "asset_id": None if asset is None else asset_id,
        "observes": observes,
    }
    wish = _wish(dev_eui, {key: value for key, value in given.items() if value is not None})

    async def change(database: Database) -> list[Step]:
        async with database.transaction() as connection:
            known = await codecs.codec_ids(connection)
            wanted = wish.fields.get("codec_id")
            if wanted is not None and wanted not in known:
                raise fail(f"there is no codec {escape(wanted)}")
        return await changed(database, [wish.dev_eui], Author(BY, utc_now()), decide)

    def decide(entries: dict[str, Entry], author: Author) -> list[Step]:
        entry = entries.get(wish.dev_eui)
        if entry and entry.retired_at and asset:
            raise fail("the device is retired; reinstate it first")
        kept = replace(wish, is_retired=bool(entry and entry.retired_at))
        return [fulfil(entry, kept, by=Owner.OPERATOR, now=author.at)]

    tell(with_database(database_url, change))


def _wish(dev_eui: str, given: dict[str, str]) -> Wish:
    """Return the options as a wish; they are checked as a line of CSV is."""
    try:
        line = DeviceLine.model_validate({"dev_eui": dev_eui, "name": "unnamed", **given})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise fail(escape(f"{where}: {reason}" if where else reason)) from error
    wish = line.wish()
    fields = {name: value for name, value in wish.fields.items() if name in given}
    return replace(wish, fields=fields)


def retire_command(database_url: DatabaseUrl, dev_eui: Eui, *, note: NoteOption = None) -> None:
    """Take a device out of service: what it watches ends, later uplinks mean nothing."""
    _each(database_url, dev_eui, note, lambda entry, author: retire(entry, author.at))


def reinstate(database_url: DatabaseUrl, dev_eui: Eui, *, note: NoteOption = None) -> None:
    """Bring a retired device back, watching what it watched."""
    _each(database_url, dev_eui, note, lambda entry, _: reinstated(entry))


def _each(
    database_url: str, dev_eui: str, note: str | None, into: Callable[[Entry, Author], Entry]
) -> None:
    def decide(entries: dict[str, Entry], author: Author) -> list[Step]:
        entry = registered(entries, dev_eui)
        return [settled(entry, into(entry, author), by=Owner.OPERATOR)]

    run(database_url, [dev_eui], note, decide)


def release(database_url: DatabaseUrl, dev_eui: Eui, *, note: NoteOption = None) -> None:
    """Give a device back to the city folder: the next apply makes it what its line says."""

    def decide(entries: dict[str, Entry], _author: Author) -> list[Step]:
        entry = registered(entries, dev_eui)
        if not entry.in_folder:
            raise fail("the last apply of the city folder had no line for it")
        action = Action.UNCHANGED if entry.owner == Owner.CITY else Action.RELEASED
        return [Step(action, entry, replace(entry, owner=Owner.CITY))]

    run(database_url, [dev_eui], note, decide)


def delete(
    database_url: DatabaseUrl,
    dev_eui: Eui,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    note: NoteOption = None,
) -> None:
    """Delete a device that was registered by mistake; uplinks and observations stay."""
    if not yes:
        typer.confirm(f"delete {dev_eui.lower()} and what it watched?", abort=True)

    def decide(entries: dict[str, Entry], _author: Author) -> list[Step]:
        entry = entries.get(dev_eui.lower())
        if entry is None:
            raise fail(f"there is no device {escape(dev_eui.lower())}")
        if entry.in_folder:
            raise fail("it stands in the city folder; take its line out and apply, or retire it")
        return [Step(Action.DELETED, entry, entry)]

    run(database_url, [dev_eui], note, decide)


def registered(entries: dict[str, Entry], dev_eui: str) -> Entry:
    """Return a device that somebody registered, or fail."""
    entry = entries.get(dev_eui.lower())
    if entry is None or not entry.is_registered:
        raise fail(f"there is no registered device {escape(dev_eui.lower())}")
    return entry


def run(database_url: str, euis: list[str], note: str | None, decide: Steps) -> None:
    """Decide about devices in one transaction, write, and tell what became of them."""
    author = Author(BY, utc_now(), note)
    named = [dev_eui.lower() for dev_eui in euis]
    tell(with_database(database_url, lambda database: changed(database, named, author, decide)))


async def changed(database: Database, euis: list[str], author: Author, decide: Steps) -> list[Step]:
    """Write what is decided about devices while nobody else writes the registry."""

    async def work(connection: Any) -> list[Step]:
        await registry.take_turn(connection)
        steps = decide(await registry.read_entries(connection, euis), author)
        await write(connection, steps, author)
        return steps

    try:
        return await database.persist(work)
    except ValueError as error:
        raise fail(escape(str(error))) from error


def tell(steps: list[Step]) -> None:
    """Print what became of each device."""
    for step in steps:
        fields = ", ".join(step.differences()[1])
        more = f": {fields}" if step.action == Action.CHANGED else ""
        out.print(f"{step.after.dev_eui} {step.action}{more}", markup=False)
