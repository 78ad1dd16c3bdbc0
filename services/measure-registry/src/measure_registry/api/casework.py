# SPDX-License-Identifier: EUPL-1.2
"""What staff do with an idea: move, rate, correct, publish, merge, split, ask who submitted it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from measure_registry.api.asked import Db, IdeaId, city_of
from measure_registry.api.bodies import (
    CorrectionBody,
    MergeBody,
    PublishBody,
    RatingBody,
    ReasonBody,
    SplitBody,
    TransitionBody,
)
from measure_registry.api.ideas import NONE, views_of
from measure_registry.api.staff import Editor, Rater, Reader
from measure_registry.api.versions import Expected, Needed, tagged
from measure_registry.api.views import IdeaView
from measure_registry.desk.author import Deed
from measure_registry.desk.casework import (
    correct_idea,
    move_idea,
    publish_idea,
    rate_idea,
    taken_up,
    version_held,
)
from measure_registry.desk.combining import merge, split
from measure_registry.desk.problems import not_found
from measure_registry.desk.redaction import must_name_nobody, must_name_nobody_new
from measure_registry.domain.idea import Idea
from measure_registry.domain.steckbrief import Steckbrief
from measure_registry.sealing import Vault
from measure_registry.storage import changes, contacts
from measure_registry.storage.city import City
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.paging import Page
from stadttakt_runtime.http.problem import Unavailable

router = APIRouter(prefix="/v1/ideas", tags=["casework"])
CriterionId = Annotated[str, Path(max_length=80, pattern=r"^[a-z0-9-]+$")]
MOVES: dict[int | str, dict[str, Any]] = {
    **NONE,
    409: {"description": "The move is not allowed; `allowed` names those that are"},
    412: {"description": "The idea has been changed meanwhile"},
}
RATED: dict[int | str, dict[str, Any]] = {
    **MOVES,
    409: {"description": "The idea is in a final state, or goes on in others"},
}
TAGGED: dict[int | str, dict[str, Any]] = {
    **MOVES,
    428: {"description": "If-Match is missing"},
}
PUBLISHED: dict[int | str, dict[str, Any]] = {
    **TAGGED,
    409: {"description": "The texts may name persons; `passages` names where"},
}


class ContactView(BaseModel):
    """Who may be asked about an idea; whoever reads it leaves a trace."""

    name: str
    email: str
    phone: str
    organisation: str


async def _answer(connection: Any, idea: Idea, city: City) -> Response:
    (view,) = await views_of(connection, [idea], city, for_staff=True)
    return tagged(view, idea.version)


@router.patch("/{idea_id}", responses=PUBLISHED, response_model=IdeaView)
async def correct(  # what FastAPI hands over
    request: Request,
    database: Db,
    staff: Editor,
    idea_id: IdeaId,
    expected: Needed,
    body: CorrectionBody,
) -> Response:
    """Correct what an idea says; needs If-Match. With `redact` the history forgets the old words.

    409 `names_somebody` where a public idea's new words may name persons, with the `passages`, unless `confirmed` is sent.
    """
    async with database.transaction() as connection:
        city = await city_of(connection)
        idea = await taken_up(connection, idea_id, expected)
        fields = {name: getattr(idea.steckbrief, name) for name in idea.steckbrief.__slots__}
        brief = Steckbrief(**{**fields, **body.fields()})
        if not body.confirmed:
            await must_name_nobody_new(connection, request.app.state.vault, idea, brief)
        idea = await correct_idea(
            connection,
            idea,
            brief,
            city,
            Deed(staff, utc_now(), body.reason),
            redact=body.redact,
        )
        return await _answer(connection, idea, city)


@router.post("/{idea_id}/transitions", responses=MOVES, response_model=IdeaView)
async def make_transition(
    database: Db, staff: Reader, idea_id: IdeaId, expected: Expected, body: TransitionBody
) -> Response:
    """Move an idea, as it was read where If-Match names that; 409 `transition_forbidden` names the moves that are allowed to this caller."""
    async with database.transaction() as connection:
        city = await city_of(connection)
        idea = await taken_up(connection, idea_id, expected)
        deed = Deed(staff, utc_now(), body.reason)
        idea = await move_idea(connection, idea, city, deed, to=body.to)
        return await _answer(connection, idea, city)


@router.put("/{idea_id}/ratings/{criterion_id}", responses=RATED, response_model=IdeaView)
async def rate(
    database: Db,
    staff: Rater,
    idea_id: IdeaId,
    criterion_id: CriterionId,
    expected: Expected,
    body: RatingBody,
) -> Response:
    """Rate an idea by a criterion, as it was read where If-Match names that; one's own earlier word is replaced, the priority follows.

    409 `rating_over` in a final state of the workflow, where the work on an idea is over.
    """
    async with database.transaction() as connection:
        city = await city_of(connection)
        idea = await taken_up(connection, idea_id, expected)
        idea = await rate_idea(
            connection,
            idea,
            city,
            Deed(staff, utc_now(), body.comment),
            criterion_id=criterion_id,
            rating=body.rating,
        )
        return await _answer(connection, idea, city)


@router.post("/{idea_id}:publish", responses=PUBLISHED, response_model=IdeaView)
async def publish(  # what FastAPI hands over
    request: Request,
    database: Db,
    staff: Editor,
    idea_id: IdeaId,
    expected: Needed,
    body: PublishBody,
) -> Response:
    """Let everybody see an idea as it was read; needs If-Match.

    409 `names_somebody` where its texts may name persons, with the `passages`, unless `confirmed` is sent.
    """
    async with database.transaction() as connection:
        idea = await taken_up(connection, idea_id, expected)
        if not body.confirmed:
            await must_name_nobody(connection, request.app.state.vault, idea)
        return await _published(connection, idea, Deed(staff, utc_now(), body.reason), public=True)


@router.post("/{idea_id}:withdraw", responses=TAGGED, response_model=IdeaView)
async def withdraw(
    database: Db, staff: Editor, idea_id: IdeaId, expected: Needed, body: ReasonBody
) -> Response:
    """Let nobody but staff see an idea any more, also one that goes on in others; needs If-Match."""
    async with database.transaction() as connection:
        idea = await version_held(connection, idea_id, expected)
        return await _published(connection, idea, Deed(staff, utc_now(), body.reason), public=False)


async def _published(connection: Any, idea: Idea, deed: Deed, *, public: bool) -> Response:
    city = await city_of(connection)
    idea = await publish_idea(connection, idea, deed, public=public)
    return await _answer(connection, idea, city)


@router.post("/{idea_id}:merge", responses=TAGGED, response_model=IdeaView)
async def merge_into(
    database: Db, staff: Editor, idea_id: IdeaId, expected: Needed, body: MergeBody
) -> Response:
    """Let an idea go on in another; needs If-Match. Nothing of it is lost, and nothing more is done with it.

    What takes it up takes up the other from then on; 409 `loses_measure` where the workflow does not let it.
    """
    async with database.transaction() as connection:
        city = await city_of(connection)
        idea = await taken_up(connection, idea_id, expected, beside=body.into)
        deed = Deed(staff, utc_now(), body.reason)
        idea = await merge(connection, idea, body.into, city, deed)
        return await _answer(connection, idea, city)


@router.post("/{idea_id}:split", status_code=201, responses=TAGGED)
async def split_up(
    database: Db, staff: Editor, idea_id: IdeaId, expected: Needed, body: SplitBody
) -> Page[IdeaView]:
    """Let an idea go on in its parts; needs If-Match. They begin in its state; nothing more is done with the whole.

    409 `taken_up_whole` where a measure takes it up.
    """
    async with database.transaction() as connection:
        city = await city_of(connection)
        idea = await taken_up(connection, idea_id, expected)
        parts = [each.steckbrief() for each in body.parts]
        made = await split(connection, idea, parts, city, Deed(staff, utc_now(), body.reason))
        return Page(items=await views_of(connection, made, city, for_staff=True))


@router.get("/{idea_id}/contact", responses=NONE)
async def read_contact(
    request: Request, database: Db, staff: Editor, idea_id: IdeaId
) -> ContactView:
    """Tell who may be asked about an idea; the history notes who looked."""
    vault: Vault | None = request.app.state.vault
    if vault is None:
        raise Unavailable("contact data cannot be opened: no key is configured")
    async with database.transaction() as connection:
        found = await contacts.of(connection, idea_id)
        if found is None:
            raise not_found("contact of idea", idea_id)
        await changes.add(
            connection, Deed(staff, utc_now()).change("idea", idea_id, "contact_read")
        )
        contact = vault.open(found.key_id, found.sealed, idea_id)
    return ContactView(
        name=contact.name,
        email=contact.email,
        phone=contact.phone,
        organisation=contact.organisation,
    )
