# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt quarantine`: looks into messages that could not be read, retries and discards them."""

from __future__ import annotations

import base64
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.markup import escape

from stadttakt_runtime.commands.output import (
    AsJson,
    DatabaseUrl,
    fail,
    out,
    print_json,
    print_table,
)
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.paging import END_OF_TIME, HIGHEST_ID
from uplink_decoder.api.quarantine import SHOWN_BYTES, printable
from uplink_decoder.commands.running import BY, with_database
from uplink_decoder.commands.watching import tell_end, watch
from uplink_decoder.domain.selection import Selection
from uplink_decoder.domain.uplink import fingerprint
from uplink_decoder.storage import quarantine as storage
from uplink_decoder.storage import quarantine_retries, quarantine_states, replays
from uplink_decoder.storage.quarantine_states import Author

app = typer.Typer(help="Quarantine: messages that could not be read.", no_args_is_help=True)

SHOWN = 60
STATES = ("open", "resolved", "discarded", "expired")
Id = Annotated[uuid.UUID, typer.Argument(help="as the list shows it")]
Ids = Annotated[list[uuid.UUID] | None, typer.Argument(help="as the list shows them")]
Reason = Annotated[str | None, typer.Option(help="why it was quarantined")]
SourceId = Annotated[str | None, typer.Option(help="whose message it is")]
CodecId = Annotated[str | None, typer.Option(help="which codec refused it")]
Devices = Annotated[list[str] | None, typer.Option(help="device EUI; several times")]
Since = Annotated[datetime | None, typer.Option("--from", help="last received then; UTC")]
Until = Annotated[datetime | None, typer.Option("--to", help="exclusive; UTC")]


@app.command("list")
def list_command(  # noqa: PLR0913 (a command's options)
    database_url: DatabaseUrl,
    *,
    reason: Reason = None,
    source: SourceId = None,
    codec: CodecId = None,
    device: Devices = None,
    state: Annotated[str, typer.Option(help=f"{', '.join(STATES)}, any")] = "open",
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List messages, the newest first; those that are open if no state is named."""
    if state not in {*STATES, "any"}:
        raise fail(f"no such state; it is one of {', '.join(STATES)}, any")
    selection = _selection(None, reason, source, codec, device, since, until)

    async def find(database: Database) -> list[Any]:
        async with database.connection() as connection:
            return await storage.list_quarantine(
                connection,
                selection,
                state=None if state == "any" else state,  # type: ignore[arg-type]
                before=(END_OF_TIME, HIGHEST_ID),
                limit=limit,
                shown_bytes=SHOWN_BYTES,
            )

    rows = with_database(database_url, find)
    if as_json:
        print_json([_document(row) for row in rows])
        return
    shown = [
        (
            str(row["quarantine_id"]),
            f"{row['last_received_at']:%Y-%m-%d %H:%M:%S}",
            str(row["times"]),
            row["source_id"],
            escape(row["dev_eui"] or "-"),
            _coloured(row["state"], row["reason"]),
            str(row["retries"]),
            escape(row["detail"][:SHOWN]),
        )
        for row in rows
    ]
    headings = ("message", "last received", "times", "source", "device", "reason", "retries", "")
    print_table(headings, shown, whole=("message",))


@app.command()
def reasons(database_url: DatabaseUrl, *, as_json: AsJson = False) -> None:
    """Count messages by reason and codec, those with most open ones first."""

    async def find(database: Database) -> list[Any]:
        async with database.connection() as connection:
            return await storage.summary(connection)

    found = [dict(row) for row in with_database(database_url, find)]
    if as_json:
        print_json(found)
        return
    rows = [
        (
            escape(each["reason"]),
            escape(each["codec_id"] or "-"),
            *(str(each[state]) for state in STATES),
            f"{each['oldest_open']:%Y-%m-%d %H:%M}" if each["oldest_open"] else "-",
        )
        for each in found
    ]
    print_table(("reason", "codec", *STATES, "oldest open"), rows)


@app.command()
def show(database_url: DatabaseUrl, message: Id, *, as_json: AsJson = False) -> None:
    """Print a message with its bytes, and what was done about it."""

    async def find(database: Database) -> tuple[Any, list[Any], int]:
        async with database.connection() as connection:
            row = await storage.get(connection, message)
            if row is None:
                raise fail(f"there is no message {message}")
            print_ = fingerprint([row["topic"].encode(), row["payload"]])
            deaths = await storage.known_suspects(connection, [print_])
            return row, await storage.history(connection, message), deaths.get(print_, 0)

    row, steps, deaths = with_database(database_url, find)
    document = {**_document(row), "deaths": deaths, "history": [dict(step) for step in steps]}
    if as_json:
        print_json(document)
        return
    hidden = {"payload_hex", "payload_base64", "text", "history"}
    rows = [(name, escape(str(v))) for name, v in document.items() if name not in hidden and v]
    print_table(("", ""), rows)
    text = document["text"]
    out.print(text if text is not None else row["payload"].hex(" ", 2), markup=False)
    if steps:
        history = [
            (
                f"{step['at']:%Y-%m-%d %H:%M:%S}",
                step["action"],
                escape(" ".join(filter(None, (step["author"], step["author_role"])))),
                escape(step["note"] or ""),
            )
            for step in steps
        ]
        print_table(("at", "what", "who", "why"), history)


@app.command()
def retry(  # noqa: PLR0913 (a command's options)
    database_url: DatabaseUrl,
    messages: Ids = None,
    *,
    reason: Reason = None,
    source: SourceId = None,
    codec: CodecId = None,
    device: Devices = None,
    since: Since = None,
    until: Until = None,
    everything: Annotated[bool, typer.Option("--all", help="all that are open")] = False,
    role: Annotated[str | None, typer.Option(help="in which role you ask")] = None,
    note: Annotated[str | None, typer.Option(help="why now")] = None,
    watching: Annotated[
        bool, typer.Option("--watch", help="show progress until it has ended")
    ] = False,
) -> None:
    """Have open messages go through the pipeline again, by the running decoder."""
    selection = _selection(messages, reason, source, codec, device, since, until)
    if not (everything or selection.document()):
        raise fail("name messages or a filter, or say --all")

    async def queue(database: Database) -> None:
        async with database.transaction() as connection:
            await _refuse_decided(connection, messages or [])
            work = replays.Request(
                kind="quarantine",
                selection=selection,
                requested_by=BY,
                author_role=role,
                note=note,
                total=await quarantine_retries.count_open(connection, selection),
            )
            row = await replays.create(connection, work)
        out.print(f"replay {row['replay_id']} is to retry {row['total']} messages", markup=False)
        if watching:
            tell_end(await watch(database, row["replay_id"]))

    with_database(database_url, queue)


@app.command()
def discard(  # noqa: PLR0913 (a command's options)
    database_url: DatabaseUrl,
    messages: Ids = None,
    *,
    role: Annotated[str, typer.Option(help="in which role you decide")],
    because: Annotated[str, typer.Option(help="why; it stays on record")],
    reason: Reason = None,
    source: SourceId = None,
    codec: CodecId = None,
    device: Devices = None,
    since: Since = None,
    until: Until = None,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Give open messages up for good; they stay to be seen, with who decided and why."""
    selection = _selection(messages, reason, source, codec, device, since, until)
    if not selection.document():
        raise fail("name messages or a filter")
    if not (because.strip() and role.strip()):
        raise fail("say in which role, and why")

    async def count(database: Database) -> int:
        async with database.connection() as connection:
            return await quarantine_retries.count_open(connection, selection)

    async def give_up(database: Database) -> int:
        async with database.transaction() as connection:
            await _refuse_decided(connection, messages or [])
            author = Author(BY, role.strip(), because.strip())
            return await quarantine_states.discard(connection, selection, author)

    if not yes:
        found = with_database(database_url, count)
        typer.confirm(f"Discard {found} messages for good?", abort=True)
    out.print(f"{with_database(database_url, give_up)} messages discarded", markup=False)


async def _refuse_decided(connection: Any, ids: list[uuid.UUID]) -> None:
    states = await quarantine_retries.states(connection, ids)
    for each in ids:
        if each not in states:
            raise fail(f"there is no message {each}")
        if states[each] != "open":
            raise fail(f"message {each} is {states[each]}")


def _selection(  # noqa: PLR0913, PLR0917 (the options that all commands share)
    messages: list[uuid.UUID] | None,
    reason: str | None,
    source: str | None,
    codec: str | None,
    devices: list[str] | None,
    since: datetime | None,
    until: datetime | None,
) -> Selection:
    if since and until and since >= until:
        raise fail("--from must be before --to")
    return Selection(
        quarantine_ids=tuple(str(each) for each in messages or ()),
        reason=reason,
        source=source,
        codec_id=codec,
        dev_euis=tuple(each.lower() for each in devices or ()),
        from_time=since.replace(tzinfo=UTC) if since else None,
        to_time=until.replace(tzinfo=UTC) if until else None,
    )


def _document(row: Any) -> dict[str, Any]:
    stored = dict(row)
    payload: bytes = stored.pop("payload")
    ids = ("quarantine_id", "uplink_id")
    return {
        **stored,
        **{name: str(stored[name]) if stored[name] else None for name in ids},
        "payload_hex": payload.hex(),
        "payload_base64": base64.b64encode(payload).decode(),
        "text": printable(payload),
    }


def _coloured(state: str, reason: str) -> str:
    return escape(reason) if state == "open" else f"[dim]{escape(reason)} ({state})[/dim]"
