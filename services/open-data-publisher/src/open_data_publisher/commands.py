# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt deliveries`: receipts, what was sent, and "publish now" on the command line."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.markup import escape

from open_data_publisher.api.deliveries import delivery_view, queue
from open_data_publisher.deliveries.targets import FILE, Target, read_targets
from open_data_publisher.domain.deliveries import Payload, Status
from open_data_publisher.storage import deliveries as storage
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.commands.database import with_database
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
from stadttakt_runtime.http.paging import HIGHEST_NUMBER
from stadttakt_runtime.plugins import CityError

app = typer.Typer(help="Deliveries of feeds: receipts, publish now.", no_args_is_help=True)
SCHEMA = "opendata"
BY = "command_line"
"""Who asked, in the rows that a command writes: whoever holds the database's password."""
HEADINGS = ("id, sent, answer", "target, feed", "status", "HTTP")
"""What fits into 80 columns; `--json` tells the rest."""
SHOWN = 36
City = Annotated[Path, typer.Option(envvar="STADTTAKT_CITY", help="the city's folder")]
TargetsFile = Annotated[
    Path | None,
    typer.Option(
        "--targets", envvar="STADTTAKT_OPENDATA_TARGETS", help="instead of the city's targets.yaml"
    ),
]


@app.command("list")
def list_command(
    database_url: DatabaseUrl,
    *,
    target: Annotated[str | None, typer.Option(help="of this target")] = None,
    feed: Annotated[str | None, typer.Option(help="of this feed")] = None,
    status: Annotated[Status | None, typer.Option()] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    as_json: AsJson = False,
) -> None:
    """List deliveries with their receipts, those queued last first."""

    async def find(database: Database) -> list[Any]:
        async with database.connection() as connection:
            return await storage.newest_first(
                connection,
                before=HIGHEST_NUMBER,
                limit=limit,
                target=target,
                feed=feed,
                status=status.value if status else None,
                since=None,
                until=None,
            )

    _show(with_database(database_url, SCHEMA, find), as_json=as_json)


@app.command()
def publish(
    target: Annotated[str, typer.Argument(help="its id in targets.yaml")],
    database_url: DatabaseUrl,
    city: City,
    *,
    feed: Annotated[list[str] | None, typer.Option(help="only this feed; several times")] = None,
    targets: TargetsFile = None,
    as_json: AsJson = False,
) -> None:
    """Let the running publisher deliver at once, whatever the intervals; the list tells what came of it."""
    with one_line(CityError, OSError):
        declared = read_targets(targets or city / FILE, None)
    found = declared.find(target)
    if found is None:
        known = ", ".join(each.target_id for each in declared.targets) or "none is declared"
        raise fail(f"there is no target {escape(target)}: {known}")
    feeds = list(dict.fromkeys(feed or found.feeds))
    unknown = [each for each in feeds if found.offer(each) is None]
    if unknown:
        raise fail(f"{escape(target)} does not get {escape(unknown[0])}: {', '.join(found.feeds)}")
    rows = with_database(database_url, SCHEMA, lambda database: _queue(database, found, feeds))
    _show(rows, as_json=as_json)


async def _queue(database: Database, target: Target, feeds: list[str]) -> list[Any]:
    now = utc_now()
    async with database.transaction() as connection:
        queued = [await queue(connection, target, feed, now=now, by=BY) for feed in feeds]
        return [await storage.one(connection, each) for each in queued]


@app.command()
def payload(
    delivery: Annotated[UUID, typer.Argument(help="its id, as `list` tells it")],
    database_url: DatabaseUrl,
    *,
    to: Annotated[Path | None, typer.Option(help="a file, instead of the standard output")] = None,
) -> None:
    """Give the bytes that were sent, or will be."""

    async def find(database: Database) -> tuple[bool, Payload | None]:
        async with database.connection() as connection:
            row = await storage.one(connection, delivery)
            return row is not None, await storage.payload(connection, delivery)

    is_known, found = with_database(database_url, SCHEMA, find)
    if not is_known:
        raise fail(f"there is no delivery {delivery}")
    if found is None:
        raise fail("nothing was sent yet, or it is no longer kept")
    body = gzip.decompress(found.zipped)
    if to is None:
        typer.echo(body, nl=False)
        return
    with one_line(OSError):
        to.write_bytes(body)
    out.print(f"{to}: {len(body)} bytes, {found.media_type}", markup=False)


def _show(rows: list[Any], *, as_json: bool) -> None:
    views = [delivery_view(row) for row in rows]
    if as_json:
        print_json([view.model_dump(mode="json") for view in views])
        return
    print_table(
        HEADINGS,
        [
            (
                _lines(
                    str(view.delivery_id),
                    f"{view.sent_at:%Y-%m-%d %H:%M:%SZ}" if view.sent_at else "–",
                    escape(" ".join((view.receipt or "").split())[:SHOWN]),
                ),
                _lines(view.target, view.feed),
                view.status.value,
                str(view.http_status or "–"),
            )
            for view in views
        ],
        whole=HEADINGS,
    )


def _lines(*told: str) -> str:
    return "\n".join(each for each in told if each)
