# SPDX-License-Identifier: EUPL-1.2
"""`GET /v1/feedback`: what readers reported about accessibility, for those who answer for the pages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from open_data_publisher.storage import feedback
from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.paging import (
    HIGHEST_NUMBER,
    Cursor,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
)

router = APIRouter(prefix="/v1/feedback", tags=["portal"])


class FeedbackView(BaseModel):
    """One report; `page` is what the reader says it is about."""

    feedback_id: int
    received_at: datetime
    page: str
    message: str


class _Before(BaseModel):
    feedback_id: Annotated[int, Field(ge=0, le=HIGHEST_NUMBER)]


@router.get("", dependencies=[require("admin")])
async def list_feedback(
    request: Request, limit: Limit = 100, cursor: Cursor = None
) -> Page[FeedbackView]:
    """List what readers reported, the newest first."""
    position = decode_cursor(cursor, _Before)
    start = position.feedback_id if position else HIGHEST_NUMBER
    database: Database = request.app.state.database
    async with database.connection() as connection:
        found = await feedback.before(connection, start, limit + 1)
    shown = found[:limit]
    items = [
        FeedbackView(
            feedback_id=each.feedback_id,
            received_at=each.received_at,
            page=each.page,
            message=each.message,
        )
        for each in shown
    ]
    more = len(found) > limit
    last = encode_cursor(_Before(feedback_id=shown[-1].feedback_id)) if more else None
    return Page(items=items, next_cursor=last)
