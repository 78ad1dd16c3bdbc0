# SPDX-License-Identifier: EUPL-1.2
"""`POST /v1/devices:import`: a CSV file of devices, all lines or none."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from stadttakt_runtime.database import Database
from stadttakt_runtime.http.csv_upload import CSV_BODY, ImportRefused, csv_of
from stadttakt_runtime.http.idempotency import Idempotent
from uplink_decoder.api.device_writing import Writer, author_of, writing
from uplink_decoder.domain.registration import Action
from uplink_decoder.registry.importing import (
    TOLD,
    Imported,
    ImportOptions,
    LineOutcome,
    RefusedError,
    import_devices,
)
from uplink_decoder.registry.lines import LineError, LineReader, Numbered

router = APIRouter(prefix="/v1/devices", tags=["devices"])

PATH = "/v1/devices:import"
MAX_BYTES = 33_554_432
SHOWN = 1000
AT_ONCE = 50


class LineView(BaseModel):
    """A device that did not stay as it was; no line where it is retired for not being named."""

    line: int | None
    dev_eui: str
    outcome: Action
    fields: list[str]


class WarningView(BaseModel):
    """What is allowed in a line and most often a slip."""

    line: int
    field: str
    detail: str
    code: str


class ImportView(BaseModel):
    """What an import did, or would do."""

    dry_run: bool
    created: int
    changed: int
    unchanged: int
    retired: int
    reinstated: int
    changes: list[LineView] = Field(description=f"the first {TOLD}, in the order of the file")
    warnings: list[WarningView] = Field(description=f"the first {TOLD}; nothing was refused for it")


@router.post(":import", openapi_extra=CSV_BODY, response_model=ImportView)
async def import_csv(
    request: Request,
    once: Idempotent,
    principal: Writer,
    *,
    dry_run: Annotated[bool, Query(description="tell what it would do, write nothing")] = False,
    retire_absent: Annotated[
        bool, Query(description="retire all registered devices that the file does not name")
    ] = False,
) -> Response:
    """Import devices from CSV, as `GET /v1/devices` with `Accept: text/csv` gives them.

    All lines or none: 422 `import_refused` names line, column and reason. A column that the file
    does not have leaves alone what is there, but a device without the column `retired` is in
    service. At most 32 MiB.
    """
    lines = await _lines(_text(await csv_of(request)))
    options = ImportOptions(dry_run=dry_run, retire_absent=retire_absent)
    author = author_of(principal)
    if dry_run:
        database: Database = request.app.state.database
        async with database.connection() as connection:
            imported = await _import(connection, lines, options, author)
        view = _view(imported, dry_run=True)
        return Response(view.model_dump_json(), media_type="application/json")
    async with writing(request) as connection:
        if known := await once.recall(connection):
            return known
        imported = await _import(connection, lines, options, author)
        return await once.answer(connection, _view(imported, dry_run=False), 200)


async def _lines(text: str) -> list[Numbered]:
    """Read the lines, a few at a time: live traffic shares the event loop."""
    reader = LineReader(text)
    for number, _ in enumerate(reader.read()):
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
    if reader.errors:
        raise _refusal(reader.errors)
    return reader.lines


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise _refusal([LineError(line, None, "not UTF-8", "invalid_encoding")]) from error


async def _import(
    connection: Any, lines: list[Numbered], options: ImportOptions, author: Any
) -> Imported:
    try:
        return await import_devices(connection, lines, options, author)
    except RefusedError as error:
        raise _refusal(error.errors) from error


def _refusal(errors: list[LineError]) -> ImportRefused:
    first = errors[0]
    where = f"line {first.line}" + (f", {first.column}" if first.column else "")
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    shown = [
        {
            "in": "body",
            "field": each.column or "",
            "line": each.line,
            "detail": each.detail,
            "code": each.code,
        }
        for each in errors[:SHOWN]
    ]
    return ImportRefused(f"{where}: {first.detail}{more}", errors=shown, error_count=len(errors))


def _view(imported: Imported, *, dry_run: bool) -> ImportView:
    counts = imported.counts
    return ImportView(
        dry_run=dry_run,
        created=counts[Action.CREATED],
        changed=counts[Action.CHANGED],
        unchanged=counts[Action.UNCHANGED],
        retired=counts[Action.RETIRED],
        reinstated=counts[Action.REINSTATED],
        changes=[_line(each) for each in imported.changes],
        warnings=[
            WarningView(line=each.line, field=each.column or "", detail=each.detail, code=each.code)
            for each in imported.warnings
        ],
    )


def _line(each: LineOutcome) -> LineView:
    line, dev_eui, outcome, fields = each
    return LineView(line=line, dev_eui=dev_eui, outcome=outcome, fields=list(fields))
