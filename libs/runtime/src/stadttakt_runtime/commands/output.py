# SPDX-License-Identifier: EUPL-1.2
"""How commands speak: tables for people, JSON for scripts, one line for an error."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

DatabaseUrl = Annotated[
    str,
    typer.Option(
        envvar="STADTTAKT_DATABASE_URL",
        show_default=False,
        help="postgresql:// address of the platform's database",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON instead of a table")]

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def print_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, whole: Collection[str] = ()
) -> None:
    """Print rows under headings; what stands under one of `whole` is on one line, however narrow it is."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, heading in enumerate(headings):
        lines = [line for row in rows for line in row[place].splitlines()]
        least = max(map(len, lines), default=0) if heading in whole else None
        table.add_column(heading, min_width=least, no_wrap=heading in whole, overflow="fold")
    for row in rows:
        table.add_row(*row)
    # cropped, the last of `whole` would be cut after all
    out.print(table, crop=False)


def print_json(value: Any) -> None:
    """Print one JSON document."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z
    typer.echo(orjson.dumps(value, option=options).decode())


def progress_bar(done: ProgressColumn | None = None) -> Progress:
    """Return a bar on stderr; `done` says how far it is, by default as a number of things."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        done or MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
    )


def fail(message: str) -> typer.Exit:
    """Print an error and return the exit to raise."""
    err.print(f"[red]error:[/red] {message}", markup=True, soft_wrap=True)
    return typer.Exit(1)


@contextmanager
def one_line(*errors: type[BaseException]) -> Iterator[None]:
    """Turn expected errors into one clear line and exit code 1, without a traceback."""
    try:
        yield
    except errors as error:
        lines = str(error).strip().splitlines()
        raise fail(lines[0] if lines else type(error).__name__) from error
