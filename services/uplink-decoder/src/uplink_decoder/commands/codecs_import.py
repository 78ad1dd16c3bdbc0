# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt codecs import`: takes over a checkout of the public device repository."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from stadttakt_runtime.commands.output import (
    DatabaseUrl,
    one_line,
    out,
    print_table,
    progress_bar,
)
from stadttakt_runtime.database import Database
from uplink_decoder.codec_library.importing import Imported, ImportOptions, Outcome, import_codecs
from uplink_decoder.codec_library.public_repository import (
    PublicCodec,
    RepositoryError,
    Vendor,
    find_vendors,
    read_codecs,
)
from uplink_decoder.commands.running import BY, with_database

REPORT = ("codec_id", "file", "outcome", "version", "passed", "failed", "vector", "reason")
SHOWN = 60


def import_command(  # noqa: PLR0913 (a command's options)
    database_url: DatabaseUrl,
    checkout: Annotated[Path, typer.Argument(exists=True, file_okay=False)],
    *,
    vendor: Annotated[str | None, typer.Option(help="only this maker's folder")] = None,
    accept_failures: Annotated[
        bool, typer.Option("--accept-failures", help="store codecs whose vectors fail too")
    ] = False,
    activate: Annotated[
        bool, typer.Option("--activate", help="new versions of stored codecs decode at once")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="run all, store nothing")] = False,
    report: Annotated[Path | None, typer.Option(dir_okay=False, help="CSV of all codecs")] = None,
) -> None:
    """Import all codecs of a checkout; what is there already is not run again."""
    with one_line(RepositoryError):
        vendors = find_vendors(checkout, vendor)
    options = ImportOptions(
        by=BY, accept_failures=accept_failures, activate=activate, dry_run=dry_run
    )

    async def run(database: Database) -> list[Imported]:
        with progress_bar() as progress:
            total = sum(len(each.codec_files) for each in vendors)
            task = progress.add_task("codecs", total=total)
            return await import_codecs(
                database, _all(vendors), options, lambda _: progress.advance(task)
            )

    done = with_database(database_url, run)
    if report is not None:
        _write(report, done)
    _summarise(done, dry_run=dry_run)


def _all(vendors: Sequence[Vendor]) -> Iterable[PublicCodec]:
    for vendor in vendors:
        yield from read_codecs(vendor)


def _summarise(done: Sequence[Imported], *, dry_run: bool) -> None:
    wrong = [each for each in done if each.detail or each.failures]
    rows = [
        (each.codec.file, escape(name[:SHOWN]), escape(reason[:200]))
        for each in wrong
        for name, reason in _reasons(each)
    ]
    if rows:
        print_table(("file", "vector", "reason"), rows)
    counts = Counter(each.outcome for each in done)
    lines = [(outcome.value.replace("_", " "), str(counts[outcome])) for outcome in Outcome]
    print_table(("codecs", ""), [*lines, ("all", str(len(done)))])
    passed, failed = sum(each.passed for each in done), sum(each.failed for each in done)
    out.print(f"{passed} of {passed + failed} vectors passed")
    if dry_run:
        out.print("dry run: nothing is stored")


def _reasons(each: Imported) -> list[tuple[str, str]]:
    if each.detail:
        return [("", each.detail)]
    return [
        (failure.vector.description or f"vector {failure.index}", "; ".join(failure.difference))
        for failure in each.failures
    ]


def _write(file: Path, done: Sequence[Imported]) -> None:
    with one_line(OSError), file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(REPORT)
        for each in done:
            codec, version = each.codec, each.version or ""
            head = (codec.codec_id, codec.file, each.outcome.value, version)
            writer.writerow((*head, each.passed, each.failed, "", each.detail))
            for failure in each.failures:
                name = failure.vector.description or f"vector {failure.index}"
                reason = "; ".join(failure.difference)
                writer.writerow(
                    (codec.codec_id, codec.file, "failed_vector", version, "", "", name, reason)
                )
