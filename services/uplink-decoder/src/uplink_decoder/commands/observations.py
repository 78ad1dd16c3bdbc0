# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt observations import`: files of historical readings, of any size, through the decoder."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import httpx
import typer
from rich.markup import escape
from rich.progress import DownloadColumn

from stadttakt_runtime.commands.output import fail, one_line, out, print_table, progress_bar

app = typer.Typer(help="Observations of partners.", no_args_is_help=True)

PIECE_BYTES = 262_144
SHOWN = 20
TRIES = 8
LONGEST_PAUSE_S = 30.0
TIMEOUT = httpx.Timeout(10, read=90)
REPORT = ("line", "field", "code", "detail")


class Piece(NamedTuple):
    """Some lines of a file under its header; `first` is the number of the line before them."""

    body: bytes
    first: int
    bytes_read: int


class ServerError(Exception):
    """The decoder does not take the file."""


@app.callback()
def _group() -> None:
    """Observations of partners."""


@app.command("import")
def import_command(  # noqa: PLR0913 (a command's options)
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, UTF-8")],
    source: Annotated[str, typer.Option(help="source_id in sources.yaml")],
    *,
    url: Annotated[
        str, typer.Option(envvar="STADTTAKT_UPLINK_URL", help="where the decoder answers")
    ] = "http://127.0.0.1:8101",
    key: Annotated[
        str, typer.Option(envvar="STADTTAKT_API_KEY", help="key with scope observations:write")
    ] = "",
    key_file: Annotated[Path | None, typer.Option(exists=True, dir_okay=False)] = None,
    timezone: Annotated[str | None, typer.Option(help="of times without one")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check all, store nothing")] = False,
    report: Annotated[Path | None, typer.Option(dir_okay=False, help="CSV of all errors")] = None,
) -> None:
    """Import historical readings; lines that are wrong are told, the others taken.

    Interrupt and repeat it freely: a line that is there already is a duplicate.
    """
    secret = key_file.read_text(encoding="utf-8").strip() if key_file else key
    query = {"source": source, "dry_run": str(dry_run).lower()}
    if timezone:
        query["timezone"] = timezone
    totals = dict.fromkeys(("lines", "stored", "duplicate", "rejected"), 0)
    errors: list[dict[str, Any]] = []
    with (
        one_line(ServerError, OSError, UnicodeDecodeError, csv.Error, httpx.InvalidURL),
        httpx.Client(base_url=url, timeout=TIMEOUT) as client,
        progress_bar(DownloadColumn()) as bar,
    ):
        client.headers["authorization"] = f"Bearer {secret}"
        task = bar.add_task("readings", total=file.stat().st_size)
        for piece in pieces(file):
            answer = _send(client, piece, query)
            for name in totals:
                totals[name] += answer[name]
            errors += [
                {**each, "line": each["line"] + piece.first - 1} for each in answer["errors"]
            ]
            bar.update(task, advance=piece.bytes_read)
    if report is not None:
        _write(report, errors)
    _summarise(totals, errors, dry_run=dry_run)


def pieces(file: Path) -> Iterator[Piece]:
    """Cut a file into pieces that each have its header; a line is never cut."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        header = stream.readline()
        lines, size, first, number = [header], len(header.encode()), 1, 1
        for line in stream:
            number += 1
            lines.append(line)
            size += len(line.encode())
            if size >= PIECE_BYTES:
                yield Piece("".join(lines).encode(), first, size)
                lines, size, first = [header], 0, number
        if len(lines) > 1 or first == 1:
            yield Piece("".join(lines).encode(), first, size)


def _send(client: httpx.Client, piece: Piece, query: dict[str, str]) -> dict[str, Any]:
    """Send a piece until it is taken; trouble that may pass is waited out."""
    told = ""
    for attempt in range(TRIES):
        try:
            answer = client.post(
                "/v1/observations:import",
                params=query,
                content=piece.body,
                headers={"content-type": "text/csv"},
            )
        except httpx.TransportError as error:
            told, wait_s = f"{client.base_url}: {error}", 0.0
        else:
            if answer.is_success:
                taken: dict[str, Any] = answer.json()
                return taken
            told, wait_s = _told(answer), _wait_s(answer)
            if answer.status_code not in {429, 502, 503, 504}:
                break
        time.sleep(min(LONGEST_PAUSE_S, wait_s or 0.5 * 2**attempt))
    raise ServerError(f"line {piece.first + 1} and following: {told}")


def _told(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        return (
            f"{answer.status_code} {problem['code']}: {problem.get('detail') or problem['title']}"
        )
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code} {answer.text[:200]!r}"


def _wait_s(answer: httpx.Response) -> float:
    given = answer.headers.get("retry-after", "")
    return float(given) if given.isascii() and given.isdigit() else 0.0


def _write(file: Path, errors: list[dict[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, REPORT, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(errors)
    with one_line(OSError):
        file.write_text(text.getvalue(), encoding="utf-8")


def _summarise(totals: dict[str, int], errors: list[dict[str, Any]], *, dry_run: bool) -> None:
    rows = [
        (str(each["line"]), each["field"], each["code"], escape(each["detail"]))
        for each in errors[:SHOWN]
    ]
    if rows:
        print_table(REPORT, rows)
    print_table(("lines", ""), [(name, str(number)) for name, number in totals.items()])
    if dry_run:
        out.print("dry run: nothing is stored")
    if totals["rejected"]:
        raise fail(f"{totals['rejected']} lines are wrong")
