# SPDX-License-Identifier: EUPL-1.2
"""Texts that staff wrote beside ideas, as far as they have to be changed afterwards."""

from __future__ import annotations

from typing import Any

from measure_registry.domain.criteria import Vote

_COMMENT = """
update rating set comment = $4 where idea_id = $1 and criterion_id = $2 and rater = $3
"""
_ADOPTIONS = "select distinct reason from adoption where idea_id = $1"
_ADOPTION = "update adoption set reason = $3 where idea_id = $1 and reason = $2"


async def set_comment(connection: Any, idea_id: str, vote: Vote, comment: str) -> None:
    """Let a rater's comment say something else."""
    await connection.execute(_COMMENT, idea_id, vote.criterion_id, vote.rater, comment)


async def adoptions(connection: Any, idea_id: str) -> list[str]:
    """Return why measures took an idea up."""
    return [row[0] for row in await connection.fetch(_ADOPTIONS, idea_id)]


async def set_adoption(connection: Any, idea_id: str, reason: str, bare: str) -> None:
    """Let a reason say something else."""
    await connection.execute(_ADOPTION, idea_id, reason, bare)
