# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt kpi report` and `verify-report`: a report to a file; whether archived ones are true."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer

from kpi_aggregator.domain.report import ReportDefinition
from kpi_aggregator.domain.spans import Span, read_span
from kpi_aggregator.reporting.archive import draw, made_again
from kpi_aggregator.reporting.comparing import Likeness, likeness, writing_of
from kpi_aggregator.reporting.document import WRITING, ReportDocument
from kpi_aggregator.reporting.formats import BY_NAME
from kpi_aggregator.reporting.gather import gather
from kpi_aggregator.storage import reports
from kpi_aggregator.storage.reports import Edition, Wanted
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

TRUE = (Likeness.SAME, Likeness.SAME_DATA)
ReportId = Annotated[str, typer.Argument(help="its id, such as awwsd")]
PeriodName = Annotated[str, typer.Argument(help="2026-10, 2026-B5, 2026-Q3, 2026-H2 or 2026")]


def report_command(
    report: ReportId,
    period: PeriodName,
    file: Annotated[Path, typer.Argument(help="its ending says the form: html, pdf, csv, xlsx")],
    database_url: DatabaseUrl,
) -> None:
    """Write a report to a file: the archived one, else a preview of what is known now."""
    form = BY_NAME.get(file.suffix.removeprefix(".").lower())
    if form is None:
        raise fail(f"{file}: expected an ending of {', '.join(BY_NAME)}")

    async def work(database: Database) -> tuple[bytes, str]:
        async with database.connection() as connection:
            definition, span = await _wanted(connection, report, period)
            found = await reports.newest(connection, report, Wanted(span))
            if found:
                kept = await reports.file(connection, found[0].edition_id, form.name)
                if kept is not None:
                    return kept.body, f"edition {found[0].number}, {kept.sha256}"
            document = await gather(connection, definition, span, utc_now())
            return form.preview(document), "preview, not archived"

    with one_line(ValueError):
        body, about = with_database(database_url, "kpi", work)
    with one_line(OSError):
        file.write_bytes(body)
    out.print(f"{file}: {len(body)} bytes, {about}", markup=False)


def verify_command(
    report: ReportId, period: PeriodName, database_url: DatabaseUrl, *, as_json: AsJson = False
) -> None:
    """Make archived reports again from the data of their time and compare byte for byte.

    Ends with 1 where a file is not what its digest says, the data give another document, or a newer
    version of the program wrote it. Of what an older version wrote the data are compared, not the
    words; files that this version draws otherwise are named. Neither is an error. Where such data
    are others, the older version is named too: it may have told the same data otherwise.
    """

    async def work(database: Database) -> list[dict[str, Any]]:
        async with database.connection() as connection:
            _, span = await _wanted(connection, report, period)
            found = await reports.newest(connection, report, Wanted(span), limit=1000)
            return [await _verified(connection, each) for each in found]

    with one_line(ValueError):
        results = with_database(database_url, "kpi", work)
    if not results:
        raise fail(f"there is no archived report {report} on {period}")
    if as_json:
        print_json(results)
    else:
        print_table(
            ("edition", "files", "data", "drawn again"),
            [
                (
                    str(each["edition"]),
                    "unchanged" if each["unchanged"] else "CHANGED",
                    _said(each),
                    ", ".join(
                        f"{name} {'same' if same else 'otherwise'}"
                        for name, same in each["drawn_again"].items()
                    ),
                )
                for each in results
            ],
        )
    if not all(each["unchanged"] and each["data"] in TRUE for each in results):
        raise typer.Exit(1)


def _said(result: Mapping[str, Any]) -> str:
    """Return how an archived document compares with the data of its time."""
    match result["data"]:
        case Likeness.SAME:
            return "same document"
        case Likeness.SAME_DATA:
            return f"same data, words of version {result['writing']} (now {WRITING})"
        case Likeness.NEWER:
            return (
                f"NOT COMPARED: words of version {result['writing']}, this program writes {WRITING}"
            )
        case _ if result["writing"] < WRITING:
            return (
                f"ANOTHER DOCUMENT: words of version {result['writing']} (now {WRITING}),"
                " which may be why"
            )
        case _:
            return "ANOTHER DOCUMENT"


async def _wanted(connection: Any, report: str, period: str) -> tuple[ReportDefinition, Span]:
    definition = await reports.definition(connection, report)
    if definition is None:
        raise fail(f"there is no report {report}")
    return definition, read_span(definition.every, period)


async def _verified(connection: Any, edition: Edition) -> dict[str, Any]:
    kept = await reports.document(connection, edition.edition_id)
    digests = await reports.digests(connection, edition.edition_id)
    unchanged = True
    for name, digest in digests.items():
        file = await reports.file(connection, edition.edition_id, name)
        unchanged &= file is not None and sha256(file.body).hexdigest() == digest
    told = {"edition": edition.number, "unchanged": unchanged, "writing": writing_of(kept)}
    if told["writing"] > WRITING:
        return {**told, "data": Likeness.NEWER, "drawn_again": {}}
    drawn = await draw(ReportDocument.from_bytes(kept))
    return {
        **told,
        "data": likeness(kept, await made_again(connection, edition)),
        "drawn_again": {name: drawn[name].sha256 == digest for name, digest in digests.items()},
    }
