# SPDX-License-Identifier: EUPL-1.2
"""Feeds for platforms that fetch: as what is pushed, without anything simulated."""

from __future__ import annotations

import asyncio
import gzip
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from open_data_publisher.board import Board
from open_data_publisher.deliveries.callers import (
    CallerRefusedError,
    check_certificate,
    check_proxy,
)
from open_data_publisher.deliveries.press import Press
from open_data_publisher.deliveries.targets import PullEntry, Targets
from open_data_publisher.domain.deliveries import Payload
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.encodings import takes_gzip
from stadttakt_runtime.http.problem import NotFound, Problem, Unavailable

router = APIRouter(tags=["deliveries"])
RENEWED_AFTER = timedelta(minutes=5)
"""Readers hide live values whose times are older than a quarter of an hour, changed or not."""


class PullShelf:
    """What was fetched last of each feed, so that who polls is told when it changed."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Payload, datetime]] = {}
        self._turn = asyncio.Lock()

    async def newest(self, press: Press, feed_id: str) -> tuple[Payload, datetime] | None:
        """Return a feed and since when it has told this."""
        async with self._turn:
            now = utc_now()
            kept = self._kept.get(feed_id)
            if (
                kept
                and now - kept[1] < RENEWED_AFTER
                and kept[0].content == press.content(feed_id, now, simulated=False)
            ):
                return kept
            printed = await press.print(feed_id, now, simulated=False)
            if printed is None:
                return None
            self._kept[feed_id] = (printed, utc_now())
            return self._kept[feed_id]


@router.get(
    "/pull/{feed_id}",
    response_class=Response,
    responses={
        200: {
            "content": {"application/xml": {}, "application/json": {}},
            "description": "The feed",
        },
        304: {"description": "Unchanged"},
        403: {"description": "No client certificate of one who may fetch"},
    },
)
async def fetch(
    request: Request, feed_id: Annotated[str, Path(pattern=r"^[a-z0-9-]{1,80}$")]
) -> Response:
    """Return a feed to a platform, which the reverse proxy has asked for its client certificate."""
    targets: Targets = request.app.state.targets
    if targets.pull is None or feed_id not in targets.pull.feeds:
        raise NotFound("nothing is fetched here")
    _check(request, targets, targets.pull)
    board: Board = request.app.state.board
    press = Press(board, request.app.state.publication)
    found = await request.app.state.pulled.newest(press, feed_id)
    if found is None:
        raise Unavailable("nothing was told yet", headers={"retry-after": "10"})
    payload, since = found
    headers = {"cache-control": "private, no-cache", "vary": "accept-encoding"}
    if takes_gzip(request.headers.get("accept-encoding", "")):
        body, headers["content-encoding"] = payload.zipped, "gzip"
    else:
        body = await asyncio.to_thread(gzip.decompress, payload.zipped)
    return respond(
        request, body, last_modified=since, media_type=payload.media_type, headers=headers
    )


def _check(request: Request, targets: Targets, pull: PullEntry) -> None:
    try:
        check_proxy(pull, request.client.host if request.client else None)
        ca_file = targets.secrets / pull.ca_file if targets.secrets else pull.ca_file
        check_certificate(pull, ca_file, request.headers.get(pull.header, ""), utc_now())
    except CallerRefusedError as error:
        raise Problem(
            str(error), status=403, code="caller_refused", title="Not for everybody"
        ) from error
    except (OSError, ValueError) as error:
        raise Unavailable("the authority's certificates cannot be read") from error
