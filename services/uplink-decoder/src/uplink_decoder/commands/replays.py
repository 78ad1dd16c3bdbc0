# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt replays`: decodes stored uplinks again, shows what differs, watches and stops it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.markup import escape

from stadttakt_runtime.commands.output import (
    AsJson,
    DatabaseUrl,
    fail,
    one_line,
    out,
    print_json,
    print_table,
)
from stadttakt_runtime.database import Database
from uplink_decoder.api.replay_request import ReplayRequest
from uplink_decoder.api.replays import SHOWN_EXAMPLES, ReplayReport, replay_report, replay_view
from uplink_decoder.commands.running import BY, with_database
from uplink_decoder.commands.watching import read, tell_end, watch
from uplink_decoder.replay.book import UnknownCodecError, chosen_codec
from uplink_decoder.storage import replays as storage

app = typer.Typer(help="Replays: stored uplinks decoded again.", no_args_is_help=True)

MAX_ID = (1 << 63) - 1
SHOWN = 60
ReplayId = Annotated[int, typer.Argument(min=1, max=MAX_ID)]
Watch = Annotated[bool, typer.Option("--watch", help="show progress until it has ended")]


@app.command()
def start(  # noqa: PLR0913 (a command's options)
    database_url: DatabaseUrl,
    *,
    device: Annotated[list[str] | None, typer.Option(help="device EUI; several times")] = None,
    codec: Annotated[
        str | None, typer.Option(help="decoded with it, or from devices that have it now")
    ] = None,
    source: Annotated[str | None, typer.Option()] = None,
    asset: Annotated[str | None, typer.Option(help="what was watched, as bay:<bay id>")] = None,
    flag: Annotated[list[str] | None, typer.Option(help="with this flag; several times")] = None,
    since: Annotated[datetime | None, typer.Option("--from", help="UTC, inclusive")] = None,
    until: Annotated[datetime | None, typer.Option("--to", help="UTC, exclusive")] = None,
    decode_with: Annotated[
        str | None, typer.Option("--with", help="decode with this codec, not the devices' own")
    ] = None,
    version: Annotated[int | None, typer.Option(help="its version, active or not")] = None,
    everything: Annotated[bool, typer.Option("--all", help="everything that is stored")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only report what differs")] = False,
    role: Annotated[str | None, typer.Option(help="in which role you ask")] = None,
    note: Annotated[str | None, typer.Option(help="why")] = None,
    watching: Watch = False,
) -> None:
    """Queue a replay for the running decoder; without a filter it must be --all or a dry run."""
    kind, _, asset_id = (asset or "").partition(":")
    chosen = {
        "dev_euis": device or None,
        "codec_id": codec,
        "source": source,
        "asset": {"kind": kind, "id": asset_id} if asset else None,
        "flags": flag or None,
        "from": _utc(since),
        "to": _utc(until),
    }
    request = _checked(
        {
            "filter": chosen,
            "everything": everything,
            "codec_id": decode_with,
            "codec_version": version,
            "dry_run": dry_run,
            "author_role": role,
            "note": note,
        }
    )

    async def queue(database: Database) -> int:
        async with database.transaction() as connection:
            if request.codec_id is not None:
                await chosen_codec(connection, request.codec_id, request.codec_version)
            row = await storage.create(connection, request.asked_by(BY))
        replay_id: int = row["replay_id"]
        out.print(f"replay {replay_id} is queued", markup=False)
        if watching:
            tell_end(await watch(database, replay_id))
        return replay_id

    with one_line(UnknownCodecError):
        with_database(database_url, queue)


@app.command("list")
def list_command(
    database_url: DatabaseUrl,
    *,
    state: Annotated[str | None, typer.Option(help="queued, running, done, …")] = None,
    kind: Annotated[str | None, typer.Option(help="manual, registration, quarantine")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    as_json: AsJson = False,
) -> None:
    """List replays, the newest first; those the decoder began itself too."""

    async def find(database: Database) -> list[Any]:
        async with database.connection() as connection:
            return await storage.list_replays(
                connection, state=state, kind=kind, before=MAX_ID, limit=limit
            )

    views = [replay_view(row) for row in with_database(database_url, find)]
    if as_json:
        print_json([view.model_dump(mode="json") for view in views])
        return
    rows = [
        (
            str(view.replay_id),
            view.kind + (" (dry)" if view.dry_run else ""),
            _coloured(view.state),
            f"{view.progress:.0%}",
            str(view.counts.messages or view.counts.uplinks),
            f"{view.created_at:%Y-%m-%d %H:%M}",
            escape(view.requested_by[:SHOWN]),
            escape(json.dumps(view.filter)[:SHOWN]),
        )
        for view in views
    ]
    headings = ("replay", "kind", "state", "done", "handled", "created", "by", "filter")
    print_table(headings, rows, whole=("replay",))


@app.command()
def show(database_url: DatabaseUrl, replay_id: ReplayId, *, as_json: AsJson = False) -> None:
    """Print a replay and what it found different."""

    async def find(database: Database) -> ReplayReport:
        await read(database, replay_id)
        async with database.connection() as connection:
            row = await storage.get(connection, replay_id)
            found = await storage.differences(connection, replay_id, after=0, limit=SHOWN_EXAMPLES)
        return replay_report(row, found)

    report = with_database(database_url, find)
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    _show_counts(report)
    if report.fields:
        fields = [(escape(f.field), str(f.changed), str(f.new), str(f.gone)) for f in report.fields]
        print_table(("field", "changed", "new", "gone"), fields)
    if report.examples:
        examples = [
            (
                each.dev_eui,
                f"{each.observed_at:%Y-%m-%d %H:%M:%S}",
                escape(each.field),
                each.change,
                _short(each.before),
                _short(each.after),
            )
            for each in report.examples
        ]
        headings = ("device", "observed at", "field", "", "before", "after")
        print_table(headings, examples)
        out.print(f"{report.differences_kept} differences are kept", markup=False)


@app.command("watch")
def watch_command(database_url: DatabaseUrl, replay_id: ReplayId) -> None:
    """Show how far a replay is until it has ended; Ctrl-C only stops the showing."""

    async def until_end(database: Database) -> None:
        tell_end(await watch(database, replay_id))

    with_database(database_url, until_end)


@app.command()
def cancel(database_url: DatabaseUrl, replay_id: ReplayId) -> None:
    """Stop a replay where it is; what it did stays done."""
    _move(database_url, replay_id, "cancelled", ("queued", "running"))


@app.command()
def resume(database_url: DatabaseUrl, replay_id: ReplayId) -> None:
    """Take up a cancelled or failed replay where it stopped."""
    _move(database_url, replay_id, "queued", ("cancelled", "failed"))


def _move(database_url: str, replay_id: int, to: str, of: tuple[str, ...]) -> None:
    async def change(database: Database) -> None:
        moved = await database.persist(
            lambda connection: storage.move(connection, replay_id, to=to, of=of)
        )
        if moved is None:
            raise fail(f"replay {replay_id} is {(await read(database, replay_id)).state}")
        out.print(f"replay {replay_id} is {to}", markup=False)

    with_database(database_url, change)


def _checked(document: dict[str, Any]) -> ReplayRequest:
    try:
        return ReplayRequest.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise fail(escape(f"{where}: {first['msg']}" if where else first["msg"])) from error


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


def _show_counts(report: ReplayReport) -> None:
    counts, observed = report.counts, report.counts.observations
    dry = " (dry run)" if report.dry_run else ""
    out.print(
        f"replay {report.replay_id}{dry} of {report.requested_by}: {report.state},"
        f" {report.progress:.0%}" + (f", {report.error}" if report.error else ""),
        markup=False,
    )
    if report.kind == "quarantine":
        print_table(
            ("messages", "resolved", "failed again"),
            [(str(counts.messages), str(counts.resolved), str(counts.still_failing))],
        )
        return
    print_table(
        ("", "all", "changed", "new", "gone", "same", "refused"),
        [
            (
                "uplinks",
                *map(
                    str,
                    (
                        counts.uplinks,
                        counts.changed,
                        counts.new,
                        counts.gone,
                        counts.same,
                        counts.failed,
                    ),
                ),
            ),
            (
                "observations",
                "",
                *map(str, (observed.changed, observed.new, observed.gone, observed.same)),
                "",
            ),
        ],
    )


def _coloured(state: str) -> str:
    colour = {"done": "green", "failed": "red", "cancelled": "yellow"}.get(state)
    return f"[{colour}]{state}[/{colour}]" if colour else state


def _short(value: Any) -> str:
    return "" if value is None else escape(json.dumps(value, ensure_ascii=False)[:SHOWN])
