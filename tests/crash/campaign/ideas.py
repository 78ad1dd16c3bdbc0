# SPDX-License-Identifier: EUPL-1.2
"""What the registry says otherwise than the citizens who submitted: ideas, their events, their mails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx
import psycopg

from crash.campaign.citizens import Citizens, doubled
from crash.identities import compare
from stadttakt_simulators.clock import EpochNs

NEAR_A_DEATH_S = 1.0
"""The event goes to the broker that much before it is noted as told, at most."""
FORGETS_S = 0.05
"""What a broker acknowledged so shortly before a death it may have forgotten (decision 0002)."""

_IDEAS = "select title, idea_id from registry.idea"
_TOLD = (
    "select entity_id, told_at from registry.change where entity = 'idea' and action = 'submitted'"
)
_MAILS = """
select idea_id, count(*), bool_and(sent_at is not null) from registry.mail group by idea_id
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """What tables have: ids by title, when each idea's event was told, and of mails how many, and whether all are sent."""

    ideas: list[tuple[str, str]]
    told_at: Mapping[str, datetime | None]
    mails: Mapping[str, tuple[int, bool]]


def kept(database_url: str) -> Kept:
    """Read the registry's tables."""
    with psycopg.connect(database_url) as connection:
        connection.execute("set transaction isolation level repeatable read")
        ideas = [(title, idea_id) for title, idea_id in connection.execute(_IDEAS)]
        told_at: dict[str, datetime | None] = dict(connection.execute(_TOLD).fetchall())
        mails = {each: (count, sent) for each, count, sent in connection.execute(_MAILS)}
    return Kept(ideas, told_at, mails)


def differing_ideas(
    citizens: Citizens,
    found: Kept,
    mailed: Counter[str],
    *,
    broker_deaths: Collection[EpochNs],
    most_twice: int,
) -> Iterator[str]:
    """Yield what is not there once; `mailed` are mails by address, of which so many may have come twice."""
    yield from (f"idea refused: {each}" for each in citizens.refused)
    yield from compare("idea", Counter(title for title, _ in found.ideas), citizens.accepted)
    ids = dict(found.ideas)
    for title, idea_id in citizens.accepted.items():
        if ids.get(title) != idea_id:
            yield f"idea: {title} was acknowledged as {idea_id} and is {ids.get(title)}"
        events = citizens.heard[idea_id]
        if len(events) > 1:
            yield f"registry event: {idea_id} has {len(events)}: {sorted(events)}"
        if not events and not _doubtful(found.told_at.get(idea_id), broker_deaths):
            yield f"registry event: none of {idea_id}, told at {found.told_at.get(idea_id)}"
        if found.mails.get(idea_id) != (1, True):
            yield f"mail: {idea_id} has {found.mails.get(idea_id)} instead of one that is sent"
    if (twice := doubled(mailed)) > most_twice:
        yield f"mail: {twice} came twice, and {most_twice} may have"


def _doubtful(told_at: datetime | None, broker_deaths: Collection[EpochNs]) -> bool:
    """Tell whether a dying broker may have forgotten what was told (decision 0002)."""
    return told_at is not None and any(
        -FORGETS_S < told_at.timestamp() - died / 1e9 < NEAR_A_DEATH_S for died in broker_deaths
    )


def unanswered(citizens: Citizens, registry: httpx.Client) -> Iterator[str]:
    """Yield whether the newest idea is not told under its id."""
    if not citizens.accepted:
        return
    title, idea_id = next(reversed(citizens.accepted.items()))
    answer = registry.get(f"/v1/ideas/{idea_id}").raise_for_status().json()
    if answer["title"] != title:
        yield f"registry: {idea_id} is {answer['title']!r} instead of {title!r}"
