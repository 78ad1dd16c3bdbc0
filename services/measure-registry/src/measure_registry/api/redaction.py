# SPDX-License-Identifier: EUPL-1.2
"""Personal data in free texts, for staff: what was found, and taking it out everywhere."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, StringConstraints

from measure_registry.api.asked import Db, IdeaId
from measure_registry.api.ideas import NONE
from measure_registry.api.staff import Editor
from measure_registry.api.texts import Reason
from measure_registry.api.versions import CHANGED, Needed
from measure_registry.desk import redaction
from measure_registry.desk.author import Deed
from measure_registry.desk.casework import version_held
from measure_registry.domain.personal import LEAST, FindingKind
from measure_registry.sealing import Vault
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.model import WriteModel
from stadttakt_runtime.http.paging import Page

router = APIRouter(prefix="/v1/ideas", tags=["casework"])
Passage = Annotated[str, StringConstraints(strip_whitespace=True, min_length=LEAST, max_length=500)]


class FindingView(BaseModel):
    """A passage that may be about a person; people judge whether it is."""

    idea_id: str = Field(description="the idea, or one that it was merged with or split from")
    where: str = Field(description="the field, or the entry of history or rating")
    kind: FindingKind
    text: str


class RedactionBody(WriteModel):
    """What is to be taken out, and why; the reason is kept, so it must not name it."""

    passages: Annotated[tuple[Passage, ...], Field(min_length=1, max_length=50)]
    reason: Reason


class RedactionView(BaseModel):
    """In which ideas passages were found and taken out."""

    ideas: list[str]


@router.get("/{idea_id}/personal-data", responses=NONE)
async def find_personal_data(
    request: Request, database: Db, staff: Editor, idea_id: IdeaId
) -> Page[FindingView]:
    """Tell what looks like personal data in an idea's texts, its history and comments."""
    del staff
    vault: Vault | None = request.app.state.vault
    async with database.connection() as connection:
        await version_held(connection, idea_id, None)
        names = await redaction.family(connection, idea_id)
        known = await redaction.known_of(connection, vault, names)
        found = await redaction.look_through(connection, names, known)
    return Page(
        items=[
            FindingView(
                idea_id=each.idea_id,
                where=each.finding.where,
                kind=each.finding.kind,
                text=each.finding.text,
            )
            for each in found
        ]
    )


@router.post("/{idea_id}:redact", responses={**NONE, **CHANGED})
async def take_out(
    database: Db, staff: Editor, idea_id: IdeaId, expected: Needed, body: RedactionBody
) -> RedactionView:
    """Take passages out of an idea, its history, comments, and of ideas that share its texts; needs If-Match.

    There is no way back. Attachments are removed by themselves.
    """
    async with database.transaction() as connection:
        await version_held(connection, idea_id, expected)
        names = await redaction.family(connection, idea_id)
        deed = Deed(staff, utc_now(), body.reason)
        return RedactionView(
            ideas=await redaction.redact(connection, names, list(body.passages), deed)
        )
