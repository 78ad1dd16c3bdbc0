# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt backfill`: fetches from a server's storage what was sent while nobody listened."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

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
from stadttakt_runtime.plugins import CityError
from uplink_decoder.backfill.asking import WrongRequestError, ask, storage_of
from uplink_decoder.commands.running import BY, with_database
from uplink_decoder.domain.times import read_time
from uplink_decoder.sources import SourceTable, read_sources
from uplink_decoder.storage import backfills

app = typer.Typer(help="Fetches from a server's storage.", no_args_is_help=True)

NEWEST = (datetime(9999, 1, 1, tzinfo=UTC), uuid.UUID(int=(1 << 128) - 1))
LOOK_EVERY_S = 0.5
OPEN = ("queued", "running", "waiting")
BackfillId = Annotated[uuid.UUID, typer.Argument(metavar="ID")]
City = Annotated[Path, typer.Option(envvar="STADTTAKT_CITY", help="the city's folder")]


@app.command()
def start(  # noqa: PLR0913 (the options of one command)
    database_url: DatabaseUrl,
    city: City,
    source: Annotated[str, typer.Option(help="source_id in sources.yaml")],
    since: Annotated[str, typer.Option("--from", help="RFC 3339, e.g. 2026-11-25T08:00:00Z")],
    until: Annotated[str | None, typer.Option("--to", help="else now")] = None,
    device: Annotated[list[str] | None, typer.Option(help="device id or EUI; repeatable")] = None,
    *,
    wait: Annotated[bool, typer.Option("--wait", help="until it is done")] = False,
) -> None:
    """Queue a fetch; the running decoder does it."""
    begin, end = _time("--from", since), _time("--to", until) if until else utc_now()
    with one_line(CityError, WrongRequestError):
        _, kept = storage_of(SourceTable(read_sources(city)), source)

        async def write(database: Database) -> Any:
            async with database.transaction() as connection:
                return await ask(
                    connection,
                    kept,
                    source_id=source,
                    period=(begin, end),
                    devices=device or (),
                    by=BY,
                    now=utc_now(),
                )

        row = with_database(database_url, write)
    typer.echo(row["backfill_id"])
    if wait:
        _wait(database_url, row["backfill_id"])


@app.command("list")
def list_command(
    database_url: DatabaseUrl,
    source: Annotated[str | None, typer.Option()] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    *,
    as_json: AsJson = False,
) -> None:
    """List fetches, the newest first; those the decoder began itself too."""

    async def read(database: Database) -> list[Any]:
        async with database.connection() as connection:
            return await backfills.list_backfills(
                connection, before=NEWEST, source_id=source, state=None, limit=limit
            )

    rows = with_database(database_url, read)
    if as_json:
        print_json([_document(row) for row in rows])
        return
    headings = ("id", "source", "reason", "state", "from", "to", "fetched", "missing", "broken")
    print_table(headings, [_row(row) for row in rows], whole=("id",))


@app.command()
def show(database_url: DatabaseUrl, backfill_id: BackfillId) -> None:
    """Print one fetch as JSON."""
    print_json(_document(_one(database_url, backfill_id)))


@app.command()
def cancel(database_url: DatabaseUrl, backfill_id: BackfillId) -> None:
    """Stop a fetch where it is; what it fetched stays."""
    _move(database_url, backfill_id, "cancelled", OPEN)


@app.command()
def resume(database_url: DatabaseUrl, backfill_id: BackfillId) -> None:
    """Take up a cancelled or failed fetch where it stopped, or try a waiting one now."""
    _move(database_url, backfill_id, "queued", ("cancelled", "failed", "waiting"))


def _move(database_url: str, backfill_id: uuid.UUID, to: str, of: Sequence[str]) -> None:
    async def write(database: Database) -> Any:
        async with database.transaction() as connection:
            return await backfills.move(connection, backfill_id, to=to, of=of, now=utc_now())

    if with_database(database_url, write) is None:
        state = _one(database_url, backfill_id)["state"]
        raise fail(f"the backfill is {state}")
    out.print(f"{backfill_id}: {to}")


def _one(database_url: str, backfill_id: uuid.UUID) -> Any:
    async def read(database: Database) -> Any:
        async with database.connection() as connection:
            return await backfills.get(connection, backfill_id)

    row = with_database(database_url, read)
    if row is None:
        raise fail(f"there is no backfill {backfill_id}")
    return row


def _wait(database_url: str, backfill_id: uuid.UUID) -> None:
    """Show the progress until the fetch has ended; exit 1 where it failed."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("queued", total=1.0)
        while (row := _one(database_url, backfill_id))["state"] in OPEN:
            text = f"{row['state']}: {row['fetched']} messages"
            detail = f" ({escape(row['detail'])})" if row["detail"] else ""
            bar.update(task, completed=backfills.progress(row), description=text + detail)
            time.sleep(LOOK_EVERY_S)
    if row["state"] != "done":
        raise fail(escape(row["detail"] or row["state"]))
    out.print(f"{row['fetched']} fetched, {row['missing']} of them had been missing")


def _time(option: str, text: str) -> datetime:
    time_ = read_time(text)
    if time_ is None:
        raise fail(f"{option}: {escape(text)} is no RFC 3339 time")
    return time_


def _document(row: Any) -> dict[str, Any]:
    document = {name: value for name, value in dict(row).items() if name != "device_index"}
    return {
        **document,
        "backfill_id": str(row["backfill_id"]),
        "progress": backfills.progress(row),
    }


def _row(row: Any) -> list[str]:
    period = [row[name].isoformat(timespec="seconds") for name in ("from_at", "to_at")]
    counts = [str(row[name]) for name in ("fetched", "missing", "broken")]
    return [
        str(row["backfill_id"]),
        row["source_id"],
        row["reason"],
        row["state"],
        *period,
        *counts,
    ]
