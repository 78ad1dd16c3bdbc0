# SPDX-License-Identifier: EUPL-1.2
"""Where staff log in to `/erfassen`, and with it to all pages."""

from __future__ import annotations

from fastapi import Request, Response

from kpi_aggregator.pages.city import city_now
from kpi_aggregator.pages.frame import language_of, page
from kpi_aggregator.pages.rooms import ROOMS
from kpi_aggregator.pages.texts import words_in
from stadttakt_runtime.login.entrance import Ways, Why, entrance_router

SAID: dict[Why, str] = {
    "abgelehnt": "login_refused",
    "rolle": "login_no_role",
    "weg": "login_away",
    "falsch": "login_wrong",
    "viele": "login_often",
}


async def _show(request: Request, ways: Ways) -> Response:
    language = language_of(request)
    said = SAID.get(ways.why)
    return page(
        request,
        "entrance.html",
        city=(await city_now(request)).name,
        active="entry",
        title=words_in(language)("login_title"),
        status=ways.status,
        footer="login_footer",
        said=said and words_in(language)(said),
        ways=ways,
    )


router = entrance_router(ROOMS, _show)
