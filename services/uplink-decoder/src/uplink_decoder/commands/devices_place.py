# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt devices assign|unassign|swap`: what a device watches from when on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from stadttakt_runtime.commands.output import DatabaseUrl, fail, one_line
from uplink_decoder.commands.devices_write import Eui, NoteOption, registered, run
from uplink_decoder.domain import periods
from uplink_decoder.domain.periods import Period
from uplink_decoder.domain.readings import OBSERVED
from uplink_decoder.domain.registration import Entry, Owner, Step, replaced
from uplink_decoder.domain.swap import swap
from uplink_decoder.registry.fields import check_asset
from uplink_decoder.storage.registry import Author

At = Annotated[datetime | None, typer.Option(help="UTC; now if omitted")]


def assign(  # noqa: PLR0913 (a command's options)
    database_url: DatabaseUrl,
    dev_eui: Eui,
    asset: Annotated[str, typer.Argument(help="bay/<id>, lot_gate/<lot>/<gate>, vehicle/<id>, …")],
    *,
    at: At = None,
    until: Annotated[datetime | None, typer.Option(help="UTC; open if omitted")] = None,
    observes: Annotated[str | None, typer.Option(help="the one kind of observation")] = None,
    note: NoteOption = None,
) -> None:
    """Let a device watch an asset from a time on; what it watched until then ends."""
    kind, _, asset_id = asset.partition("/")
    if kind not in OBSERVED:
        raise fail(f"an asset is one of {', '.join(OBSERVED)}, a slash and its id")
    with one_line(ValueError):
        watched = check_asset(kind, asset_id, observes)

    def decide(entries: dict[str, Entry], author: Author) -> list[Step]:
        entry = registered(entries, dev_eui)
        if entry.retired_at:
            raise fail("the device is retired; reinstate it first")
        begin = _utc(at) or author.at
        left = periods.end(entry.history, begin)
        history = periods.add(left, Period(watched, begin, _utc(until)))
        return [replaced(entry, history, by=Owner.OPERATOR)]

    run(database_url, [dev_eui], note, decide)


def unassign(
    database_url: DatabaseUrl, dev_eui: Eui, *, at: At = None, note: NoteOption = None
) -> None:
    """End what a device watches, now or at a past time."""

    def decide(entries: dict[str, Entry], author: Author) -> list[Step]:
        entry = registered(entries, dev_eui)
        history = periods.end(entry.history, _utc(at) or author.at)
        return [replaced(entry, history, by=Owner.OPERATOR)]

    run(database_url, [dev_eui], note, decide)


def swap_command(  # noqa: PLR0913 (a command's options)
    database_url: DatabaseUrl,
    dev_eui: Eui,
    replacement: Annotated[str, typer.Argument(help="EUI of the device that takes its place")],
    *,
    at: At = None,
    name: Annotated[str | None, typer.Option(help="the old one's if omitted")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="do not retire the old device")] = False,
    note: NoteOption = None,
) -> None:
    """Let another device take this one's place; the asset's history goes on without a gap."""
    old, new = dev_eui.lower(), replacement.lower()
    if old == new or len(new) != 16 or not set(new) <= set("0123456789abcdef"):
        raise fail("the replacement is another device's EUI, 16 hexadecimal digits")

    def decide(entries: dict[str, Entry], author: Author) -> list[Step]:
        time = _utc(at) or author.at
        if time > author.at:
            raise fail("--at lies in the future")
        steps = swap(
            registered(entries, old),
            new,
            entries.get(new),
            at=time,
            by=Owner.OPERATOR,
            is_retired=not keep,
            fields={"name": name} if name else {},
        )
        return list(steps)

    run(database_url, [old, new], note, decide)


def _utc(time: datetime | None) -> datetime | None:
    return None if time is None else time.replace(tzinfo=UTC)
