# SPDX-License-Identifier: EUPL-1.2
"""What a city configures of ideas, for forms and for who wants to know the rules."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from pydantic import BaseModel, Field

from measure_registry.api.asked import Db, city_of
from measure_registry.domain.roles import Role
from measure_registry.domain.workflow import Need
from measure_registry.storage import city as stored
from stadttakt_runtime.clock import utc_now

router = APIRouter(prefix="/v1", tags=["rules"])


class TextView(BaseModel):
    """A text in German and English."""

    de: str
    en: str


class GroupView(BaseModel):
    """A group of criteria."""

    group: str
    title: TextView


class CriterionView(BaseModel):
    """One question; `since` is the version that worded it so first."""

    criterion_id: str
    group: str
    title: TextView
    question: TextView
    required: bool
    relevance: bool
    since: int


class CriteriaView(BaseModel):
    """The catalogue that holds, and how the priority follows from it."""

    version: int
    versions: list[int] = Field(description="all that ever held, the newest first")
    rule: TextView
    groups: list[GroupView]
    criteria: list[CriterionView]


class StateView(BaseModel):
    """Where an idea may stand."""

    state: str
    title: TextView
    initial: bool
    final: bool


class TransitionView(BaseModel):
    """A move, who may make it, and what it needs first."""

    origin: str
    target: str
    roles: list[Role]
    needs: list[Need]
    tells: bool = Field(description="whether the submitter gets a message")


class WorkflowView(BaseModel):
    """The way of an idea."""

    states: list[StateView]
    transitions: list[TransitionView]


class CallView(BaseModel):
    """A call for ideas."""

    call_id: str
    title: TextView
    text: TextView
    opens_on: date
    closes_on: date
    open: bool


class TermView(BaseModel):
    """A word to choose."""

    term: str
    title: TextView


class VocabularyView(BaseModel):
    """The words that an idea may choose from."""

    handlungsfelder: list[TermView]
    mehrwerte: list[TermView]
    leitsaetze: list[TermView]
    target_groups: list[TermView]
    submitters: list[TermView]


class PlaceView(BaseModel):
    """A place that everybody knows, with its point on the map (WGS 84)."""

    name: str
    lat: float
    lon: float


class PlacesView(BaseModel):
    """The places that forms offer; an idea that names one lies there."""

    items: list[PlaceView]


class CallsView(BaseModel):
    """All calls, and whether ideas are taken outside of them too."""

    items: list[CallView]
    needs_call: bool


def _shown(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__slots__}


@router.get("/criteria")
async def get_criteria(database: Db, version: int | None = None) -> CriteriaView:
    """Answer with the catalogue of criteria; with `version` with an earlier one."""
    async with database.connection() as connection:
        await city_of(connection)
        known = await stored.catalogues(connection)
    found = next((each for each in known if each.version == version), known[0])
    return CriteriaView(
        version=found.version,
        versions=[each.version for each in known],
        rule=TextView(**found.rule),
        groups=[GroupView(**_shown(each)) for each in found.groups],
        criteria=[CriterionView(**_shown(each)) for each in found.criteria],
    )


@router.get("/workflow")
async def get_workflow(database: Db) -> WorkflowView:
    """Answer with the states of ideas and the moves between them."""
    async with database.connection() as connection:
        workflow = (await city_of(connection)).workflow
    return WorkflowView(
        states=[StateView(**_shown(each)) for each in workflow.states],
        transitions=[TransitionView(**_shown(each)) for each in workflow.transitions],
    )


@router.get("/vocabulary")
async def get_vocabulary(database: Db) -> VocabularyView:
    """Answer with the words that an idea may choose from."""
    async with database.connection() as connection:
        words = (await city_of(connection)).vocabulary
    return VocabularyView(
        **{
            kind: [TermView(**_shown(each)) for each in getattr(words, kind)]
            for kind in words.__slots__
        }
    )


@router.get("/places")
async def list_places(database: Db) -> PlacesView:
    """List the places of the city that forms offer."""
    async with database.connection() as connection:
        places = (await city_of(connection)).places
    return PlacesView(items=[PlaceView(**_shown(each)) for each in places])


@router.get("/calls")
async def list_calls(database: Db) -> CallsView:
    """List the calls for ideas, and which are open today by the city's clock."""
    async with database.connection() as connection:
        intake = (await city_of(connection)).intake
    today = utc_now().astimezone(ZoneInfo(intake.timezone)).date()
    return CallsView(
        items=[CallView(**_shown(each), open=each.is_open(today)) for each in intake.calls],
        needs_call=intake.needs_call,
    )
