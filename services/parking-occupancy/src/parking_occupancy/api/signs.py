# SPDX-License-Identifier: EUPL-1.2
"""Guidance signs: for those who poll, and for those who listen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from parking_occupancy.api.documents import UNCHANGED, UNKNOWN_ID, SignPage
from parking_occupancy.api.listing import Listing
from parking_occupancy.api.present import PresentBoard, PresentScreens
from stadttakt_messages.states import SignState
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.parameters import made_of
from stadttakt_runtime.http.problem import NotFound
from stadttakt_runtime.http.sse import Broadcaster, Event

router = APIRouter(prefix="/v1/signs", tags=["signs"], responses=UNCHANGED)

TEXT: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/plain": {"schema": {"type": "string", "maxLength": 64}}},
        "headers": {
            name: {"description": description, "schema": {"type": "string"}}
            for name, description in (
                ("ETag", "of this representation"),
                ("Last-Modified", "when it was computed"),
                ("Valid-Until", "RFC 3339; after it the sign shows its neutral text"),
            )
        },
    }
}

STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}
}


@router.get("", summary="All signs now", response_model=SignPage)
async def signs(
    request: Request, board: PresentBoard, listing: Annotated[Listing, made_of(Listing)]
) -> Response:
    """What each sign shows, and until when."""
    return listing.respond(request, board, "sign", lambda _: True)


@router.get(
    "/{sign_id}",
    summary="What a sign shows now",
    response_model=SignState,
    responses={**TEXT, **UNKNOWN_ID},
)
async def sign(sign_id: str, _screens: PresentScreens) -> Response:
    """JSON, or with `Accept: text/plain` the text and a line feed, at most 64 bytes."""
    # Signs that there are never come here: `SignAnswers` has answered.
    raise NotFound(f"there is no sign {sign_id}")


@router.get(
    "/{sign_id}/stream",
    summary="What a sign shows, as it changes (server-sent events)",
    response_class=Response,
    responses={**STREAM, **UNKNOWN_ID},
)
async def stream(request: Request, screens: PresentScreens, sign_id: str) -> Response:
    """Begin with the present; the id of an event is the sign's sequence, comments are heartbeats."""
    if screens.get(sign_id, utc_now().timestamp()) is None:
        raise NotFound(f"there is no sign {sign_id}")
    broadcaster: Broadcaster = request.app.state.sign_streams

    async def replay(last_event_id: str | None) -> Sequence[Event]:
        return screens.replay(sign_id, last_event_id, utc_now().timestamp())

    return broadcaster.stream(request, sign_id, replay)
