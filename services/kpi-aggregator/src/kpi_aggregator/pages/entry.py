# SPDX-License-Identifier: EUPL-1.2
"""`/erfassen`: staff enter values and decide on those of others, in the role of their login."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response

from kpi_aggregator.api.acting import role_of
from kpi_aggregator.api.proposals import (
    DecisionBody,
    ValueBody,
    ValueId,
    WithdrawalBody,
    decide,
    propose,
    withdraw,
)
from kpi_aggregator.api.views import ProposalView
from kpi_aggregator.api.visible import IndicatorId
from kpi_aggregator.pages.city import city_now
from kpi_aggregator.pages.desk import DeskView, desk_of
from kpi_aggregator.pages.frame import language_of, page
from kpi_aggregator.pages.lines import counts_words
from kpi_aggregator.pages.rooms import ROOMS, Writing
from kpi_aggregator.pages.template_file import open_by_title
from kpi_aggregator.pages.texts import TEXTS, words_in
from kpi_aggregator.storage import value_files
from stadttakt_runtime.auth.authenticator import ScopeMissing
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.idempotency import Idempotent
from stadttakt_runtime.http.paging import HIGHEST_NUMBER
from stadttakt_runtime.login.rooms import sent_to, visit_of

router = APIRouter(include_in_schema=False)
MOST_FILES = 20


@router.get("/erfassen")
async def entry(request: Request) -> Response:
    """Show the form to who is logged in, the entrance to everybody else."""
    visit = await visit_of(request)
    if visit is None:
        return sent_to(request, ROOMS.entrance)
    city, language = await city_now(request), language_of(request)
    told = {name: text[language] for name, text in TEXTS.items() if name.startswith("entry_")}
    is_person = visit.principal.kind == "oidc"
    database: Database = request.app.state.database
    async with database.connection() as connection:
        files = await value_files.newest(connection, before=HIGHEST_NUMBER, limit=MOST_FILES)
        open_periods = await open_by_title(connection, city.today, language)
    return page(
        request,
        "entry.html",
        city=city.name,
        active="entry",
        staff=True,
        title=words_in(language)("entry_title"),
        scripts=("entry.js",),
        script_words={**told, "is_person": is_person},
        files=[(each, counts_words(each, language)) for each in files],
        open_periods=open_periods,
        form_token=visit.session.form_token,
        role=role_of(visit.principal),
        is_person=is_person,
        enters=visit.principal.may("kpi:write"),
        decides=visit.principal.may("kpi:approve"),
    )


@router.get("/erfassen/daten")
async def desk(request: Request, visit: Writing) -> DeskView:
    """Tell what can be entered, what waits, and what was decided last."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        return await desk_of(connection, visit.principal, language_of(request))


@router.post("/erfassen/werte/{indicator_id}", status_code=201, response_model=ProposalView)
async def enter(
    request: Request, once: Idempotent, visit: Writing, indicator_id: IndicatorId, body: ValueBody
) -> Response:
    """Enter a value, as `POST /v1/indicators/{id}/values` does."""
    if not visit.principal.may("kpi:write"):
        raise ScopeMissing("kpi:write")
    return await propose(request, once, visit.principal, indicator_id, body)


@router.post("/erfassen/werte/{value_id}/withdraw")
async def take_back(
    request: Request, visit: Writing, value_id: ValueId, body: WithdrawalBody
) -> ProposalView:
    """Take back an own value, as `POST /v1/values/{id}:withdraw` does."""
    if not visit.principal.may("kpi:write"):
        raise ScopeMissing("kpi:write")
    return await withdraw(request, value_id, visit.principal, body)


@router.post("/erfassen/werte/{value_id}/{verdict}")
async def judge(
    request: Request,
    visit: Writing,
    value_id: ValueId,
    verdict: Annotated[Literal["approve", "reject"], Path()],
    body: DecisionBody,
) -> ProposalView:
    """Decide on a value, as `POST /v1/values/{id}:approve` and `:reject` do."""
    if not visit.principal.may("kpi:approve"):
        raise ScopeMissing("kpi:approve")
    state: Literal["approved", "rejected"] = "approved" if verdict == "approve" else "rejected"
    return await decide(request, value_id, state, visit.principal, body)
