# SPDX-License-Identifier: EUPL-1.2
"""What raters of an idea are called on pages: you, or a number with the role, the same for everybody who looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from measure_registry.domain.criteria import Vote
from measure_registry.site.frame import TEXTS, Language, tell
from measure_registry.storage import changes

Named = Mapping[str, str]


async def raters_of(
    connection: Any, votes: Mapping[str, Sequence[Vote]], own: str, language: Language
) -> dict[str, Named]:
    """Return of each idea what its raters are called, numbered in the order in which they first rated."""
    rated = await changes.actions(connection, "idea", list(votes), ["rated"])
    named: dict[str, Named] = {}
    for idea_id, those in votes.items():
        roles = {each.author: each.author_role for each in rated if each.entity_id == idea_id}
        # of parts of an idea the history tells no rating: theirs were taken over
        roles |= {each.rater: "" for each in those if each.rater not in roles}
        named[idea_id] = {
            rater: _called(number, role, is_own=rater == own, language=language)
            for number, (rater, role) in enumerate(roles.items(), 1)
        }
    return named


def _called(number: int, role: str, *, is_own: bool, language: Language) -> str:
    if is_own:
        return tell("rater_own", language, number=number)
    called, key = tell("rater_number", language, number=number), f"role_{role}"
    return f"{called} ({tell(key, language)})" if key in TEXTS else called
