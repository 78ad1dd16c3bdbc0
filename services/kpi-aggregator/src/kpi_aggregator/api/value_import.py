# SPDX-License-Identifier: EUPL-1.2
"""`POST /v1/values:import`: a CSV file of values, all lines or none, each to be approved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from kpi_aggregator.api.acting import hand_of
from kpi_aggregator.api.visible import today_of, visible
from kpi_aggregator.csv_values import Key, read_values
from kpi_aggregator.domain.causes import CSV_IMPORT
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.values import Proposal, Told
from kpi_aggregator.storage import values
from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.csv_import import FileRefusedError
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.csv_upload import CSV_BODY, csv_of, import_refused
from stadttakt_runtime.http.idempotency import Idempotent

router = APIRouter(prefix="/v1", tags=["values"])


class ImportView(BaseModel):
    """What an import did, or would do."""

    dry_run: bool
    values: int
    corrections: int = Field(description="of periods that have a value already")
    value_ids: list[int] = Field(description="now waiting for approval")


@router.post("/values:import", openapi_extra=CSV_BODY, response_model=ImportView)
async def import_values(
    request: Request,
    once: Idempotent,
    author: Annotated[Principal, require("kpi:write")],
    *,
    dry_run: Annotated[bool, Query(description="tell what it would do, write nothing")] = False,
) -> Response:
    """Import values from CSV: `indicator_id,period,period_start,value,source,source_date`.

    Optionally `author_role`, `cause`, `group_size`, `parts` (`rad=120|oepnv=95`), `evidence`. 422 `import_refused` names every
    wrong line. What is imported waits for approval like any value.
    """
    content, now = await csv_of(request), utc_now()
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        if not dry_run and (known_answer := await once.recall(connection)) is not None:
            return known_answer
        known = {each.indicator_id: each for each in await visible(connection, sees_all=True)}
        held: dict[Key, list[Told]] = {}
        for each in await values.approved(connection, list(known), known_at=now):
            told = Told(each.parts, each.group_size, each.value)
            held.setdefault((each.indicator_id, each.period, each.period_start), []).append(told)
        try:
            proposals = read_values(content, known, await today_of(connection), held)
        except FileRefusedError as error:
            raise import_refused(error) from error
        corrections = sum(
            (each.indicator_id, each.period, each.period_start) in held for each in proposals
        )
        view = ImportView(
            dry_run=dry_run, values=len(proposals), corrections=corrections, value_ids=[]
        )
        if dry_run:
            return Response(view.model_dump_json(), media_type="application/json")
        view.value_ids.extend(await _stored(connection, author, proposals, known, now))
        return await once.answer(connection, view, 200)


async def _stored(
    connection: Any,
    author: Principal,
    proposals: Sequence[Proposal],
    known: Mapping[str, Indicator],
    now: datetime,
) -> list[int]:
    """Store proposals, of a person in the role of the login; return their numbers."""
    hand = hand_of(author, CSV_IMPORT, "author_role")
    return [
        (
            await values.propose(
                connection,
                replace(each, author_role=hand.role) if author.kind == "oidc" else each,
                version=known[each.indicator_id].version,
                author=hand.principal,
                now=now,
            )
        ).value_id
        for each in proposals
    ]
