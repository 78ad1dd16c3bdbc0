# SPDX-License-Identifier: EUPL-1.2
"""Who of staff comes in at the pages, and what they may do there."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Request

from kpi_aggregator.api.acting import ROLE_NAMES
from kpi_aggregator.api.visible import SeesAll
from stadttakt_runtime.auth.authenticator import Unauthenticated
from stadttakt_runtime.login.rooms import FormForged, Rooms, Visit, visit_of

ROOMS = Rooms(
    cookie="stadttakt_kpi",
    home="/erfassen",
    below="/",
    roles=ROLE_NAMES,
    scopes=frozenset({"kpi:write", "kpi:approve"}),
)


async def _writing(request: Request, x_form_token: Annotated[str | None, Header()] = None) -> Visit:
    visit = await visit_of(request)
    if visit is None:
        raise Unauthenticated("the login is over: log in again")
    if not visit.session.owns(x_form_token):
        raise FormForged
    return visit


Writing = Annotated[Visit, Depends(_writing)]
"""Somebody logged in whose request comes from a page of theirs: other sites do not know its token."""


async def _is_staff(request: Request, sees_all: SeesAll) -> bool:
    return sees_all or await visit_of(request) is not None


Staff = Annotated[bool, Depends(_is_staff)]
"""Whether a page is read by staff, logged in or with a key: they see what is not public."""
