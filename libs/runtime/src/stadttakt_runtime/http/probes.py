# SPDX-License-Identifier: EUPL-1.2
"""What every service answers about itself: live, ready, metrics, docs."""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from stadttakt_runtime.http.problem import Unavailable
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.metrics import exposition

NO_STORE = "no-store"
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class Live(BaseModel):
    """The process answers."""

    status: Literal["live"] = "live"


class Ready(BaseModel):
    """All conditions hold."""

    status: Literal["ready"] = "ready"


def probe_router(readiness: Readiness) -> APIRouter:
    """Return the operational endpoints of one service."""
    router = APIRouter(tags=["operations"])

    @router.get("/live", summary="Is the process alive?")
    async def live(response: Response) -> Live:
        response.headers["cache-control"] = NO_STORE
        return Live()

    @router.get("/ready", summary="May it be sent requests? 503 lists what is missing.")
    async def ready(response: Response) -> Ready:
        if not readiness.is_ready:
            missing = [
                {"condition": condition, "reason": reason}
                for condition, reason in readiness.missing.items()
            ]
            names = ", ".join(readiness.missing)
            raise Unavailable(f"not ready: {names}", code="not_ready", missing=missing)
        response.headers["cache-control"] = NO_STORE
        return Ready()

    @router.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics(request: Request) -> Response:
        body, media_type = exposition(request.headers.get("accept", ""))
        return Response(body, headers={"cache-control": NO_STORE, "content-type": media_type})

    return router


def docs_router() -> APIRouter:
    """Return the page that renders `openapi.json`; nothing of it comes from elsewhere."""
    router = APIRouter(include_in_schema=False)
    folder = files("stadttakt_runtime.http") / "docs"

    def serve(path: str, file_name: str, media_type: str) -> None:
        body = (folder / file_name).read_bytes()
        headers = {
            "content-security-policy": DOCS_POLICY,
            "cache-control": "max-age=3600",
        }

        @router.get(path)
        async def asset() -> Response:
            return Response(body, headers=headers, media_type=media_type)

    serve("/docs", "index.html", "text/html; charset=utf-8")
    serve("/docs/docs.js", "docs.js", "text/javascript; charset=utf-8")
    serve("/docs/docs.css", "docs.css", "text/css; charset=utf-8")
    return router
