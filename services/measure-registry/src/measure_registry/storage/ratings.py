# SPDX-License-Identifier: EUPL-1.2
"""What raters said, one word per rater and criterion; earlier words stand in the history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from measure_registry.domain.criteria import Criterion, Rating, Verdict, Vote

_PUT = """
insert into rating (idea_id, criterion_id, rater, rating, comment, catalogue_version, at)
values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (idea_id, criterion_id, rater) do update
   set rating = excluded.rating, comment = excluded.comment, at = excluded.at,
       catalogue_version = excluded.catalogue_version
"""
_COPY = """
insert into rating (idea_id, criterion_id, rater, rating, comment, catalogue_version, at)
select $2, criterion_id, rater, rating, comment, catalogue_version, at from rating where idea_id = $1
"""
_OF = "select * from rating where idea_id = any ($1::text[]) order by criterion_id, at, rater"
# of the criteria that count: those of this rater that were not reworded since
_WAITING = """
select i.idea_id from idea i
 where i.state = any ($1::text[]) and i.merged_into is null and i.split_at is null
   and i.number < $5
   and (select count(*) from rating r
          join unnest($3::text[], $4::integer[]) as c (criterion_id, since) using (criterion_id)
         where r.idea_id = i.idea_id and r.rater = $2 and r.catalogue_version >= c.since)
       < cardinality($3::text[])
 order by i.number desc limit $6
"""
_VERDICTS = """
select r.idea_id, r.criterion_id, bool_or(r.rating = 'erfuellt') as yes,
       bool_or(r.rating = 'nicht_erfuellt') as no
  from rating r join unnest($2::text[], $3::integer[]) as c (criterion_id, since) using (criterion_id)
 where r.idea_id = any ($1::text[]) and r.catalogue_version >= c.since and r.rating <> 'offen'
 group by r.idea_id, r.criterion_id
"""
# The words of a hundred ideas are thousands of rows: the database writes them as the JSON that is answered; put together from texts,
# since objects (json_build_object) took it twice as long. A rating is one of three words of ours, all else is quoted.
_TOLD = """
select r.idea_id, r.criterion_id,
       coalesce(bool_or(r.rating = 'erfuellt') filter (where r.catalogue_version >= c.since), false),
       coalesce(bool_or(r.rating = 'nicht_erfuellt') filter (where r.catalogue_version >= c.since), false),
       '[' || string_agg(
           '{"rater":' || to_json(r.rater) || ',"rating":"' || r.rating || '","comment":' || to_json(r.comment)
           || ',"at":"' || to_char(r.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')
           || case when r.catalogue_version < c.since then 'Z","outdated":true}' else 'Z","outdated":false}' end,
           ',' order by r.catalogue_version < c.since, r.at, r.rater
       ) || ']'
  from rating r join unnest($2::text[], $3::integer[]) as c (criterion_id, since) using (criterion_id)
 where r.idea_id = any ($1::text[])
 group by r.idea_id, r.criterion_id
"""
_ALL = "select * from rating order by idea_id, criterion_id, at, rater"


async def put(connection: Any, idea_id: str, vote: Vote) -> None:
    """Store a rater's word in place of the same rater's earlier one."""
    await connection.execute(
        _PUT,
        idea_id,
        vote.criterion_id,
        vote.rater,
        vote.rating.value,
        vote.comment,
        vote.catalogue_version,
        vote.at,
    )


async def copy(connection: Any, idea_id: str, part_id: str) -> None:
    """Let what was said of an idea hold for a part of it, until raters say otherwise."""
    await connection.execute(_COPY, idea_id, part_id)


async def of(connection: Any, idea_ids: Sequence[str]) -> dict[str, list[Vote]]:
    """Return the words on each of these ideas."""
    found: dict[str, list[Vote]] = {idea_id: [] for idea_id in idea_ids}
    for row in await connection.fetch(_OF, list(idea_ids)):
        found[row["idea_id"]].append(_vote(row))
    return found


async def verdicts(
    connection: Any, idea_ids: Sequence[str], criteria: Sequence[Criterion]
) -> dict[str, dict[str, Verdict]]:
    """Return what all raters together say of each of these ideas, by criterion; what is open is left out."""
    names, since = [each.criterion_id for each in criteria], [each.since for each in criteria]
    found: dict[str, dict[str, Verdict]] = {idea_id: {} for idea_id in idea_ids}
    for idea_id, criterion_id, yes, no in await connection.fetch(
        _VERDICTS, list(idea_ids), names, since
    ):
        found[idea_id][criterion_id] = _VERDICT_OF[yes, no]
    return found


async def told(
    connection: Any, idea_ids: Sequence[str], criteria: Sequence[Criterion]
) -> dict[str, dict[str, tuple[Verdict, str]]]:
    """Return of each of these ideas, by criterion, the verdict and its words as JSON; outdated ones last."""
    names, since = [each.criterion_id for each in criteria], [each.since for each in criteria]
    found: dict[str, dict[str, tuple[Verdict, str]]] = {idea_id: {} for idea_id in idea_ids}
    for idea_id, criterion_id, yes, no, words in await connection.fetch(
        _TOLD, list(idea_ids), names, since
    ):
        found[idea_id][criterion_id] = (_VERDICT_OF.get((yes, no), Verdict.OPEN), words)
    return found


_VERDICT_OF = {
    (True, False): Verdict.FULFILLED,
    (False, True): Verdict.NOT_FULFILLED,
    (True, True): Verdict.DISPUTED,
}


async def waiting(  # a question with a page
    connection: Any,
    states: Sequence[str],
    rater: str,
    criteria: Sequence[Criterion],
    *,
    before: int,
    limit: int,
) -> list[str]:
    """Return the ideas in some states that a rater has not rated by every criterion, the newest first."""
    names, since = [each.criterion_id for each in criteria], [each.since for each in criteria]
    rows = await connection.fetch(_WAITING, list(states), rater, names, since, before, limit)
    return [row["idea_id"] for row in rows]


async def all_votes(connection: Any) -> dict[str, list[Vote]]:
    """Return the words on every idea that was rated."""
    found: dict[str, list[Vote]] = {}
    for row in await connection.fetch(_ALL):
        found.setdefault(row["idea_id"], []).append(_vote(row))
    return found


_RATING_OF = {each.value: each for each in Rating}


def _vote(row: Any) -> Vote:
    return Vote(
        row["criterion_id"],
        row["rater"],
        _RATING_OF[row["rating"]],
        row["comment"],
        row["catalogue_version"],
        row["at"],
    )
