# SPDX-License-Identifier: EUPL-1.2
"""A sign as a page that a browser on a display shows full screen."""

from __future__ import annotations

from html import escape
from importlib.resources import files

from fastapi import APIRouter, Request, Response

from parking_occupancy.board import Board
from parking_occupancy.domain.sign import Sign, Texts
from stadttakt_messages.base import SignId
from stadttakt_messages.states import SiteStatus
from stadttakt_runtime.http.problem import NotFound

router = APIRouter(prefix="/signs", include_in_schema=False)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_FOLDER = files("parking_occupancy") / "display"
_PAGE = (_FOLDER / "index.html").read_text(encoding="utf-8")
_CACHED = {"content-security-policy": POLICY, "cache-control": "max-age=300"}


@router.get("/display.js")
async def script() -> Response:
    """Give the page its script."""
    body = (_FOLDER / "display.js").read_bytes()
    return Response(body, headers=_CACHED, media_type="text/javascript; charset=utf-8")


@router.get("/display.css")
async def style() -> Response:
    """Give the page its style."""
    body = (_FOLDER / "display.css").read_bytes()
    return Response(body, headers=_CACHED, media_type="text/css; charset=utf-8")


@router.get("/{sign_id}/display")
async def display(request: Request, sign_id: str) -> Response:
    """Show a sign full screen; the page itself holds no number, so that it cannot grow old.

    An instance that may not tell signs gives the page all the same: a display that got an error at its
    start would show that for ever, the page asks until somebody tells.
    """
    state = request.app.state
    board: Board = state.board
    sign = board.city.signs.get(SignId(sign_id))
    if sign is None and getattr(state, "keeper", None) is not None:
        raise NotFound(f"there is no sign {sign_id}")
    headers = {"content-security-policy": POLICY, "cache-control": "no-cache"}
    page = _page(sign_id, "", Texts()) if sign is None else _page_of(board, sign)
    return Response(page, headers=headers, media_type="text/html; charset=utf-8")


def _page_of(board: Board, sign: Sign) -> str:
    return _page(sign.sign_id, board.city.lots[sign.lot_id].name, sign.texts)


def _page(sign_id: str, name: str, texts: Texts) -> str:
    fields = {
        "title": f"{name} – {sign_id}" if name else sign_id,
        "sign_id": sign_id,
        "name": name,
        "neutral": texts.render(SiteStatus.UNKNOWN, None),
    }
    page = _PAGE
    for field, value in fields.items():
        page = page.replace("{" + field + "}", escape(value, quote=True))
    return page
