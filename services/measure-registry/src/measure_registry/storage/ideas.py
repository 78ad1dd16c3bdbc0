# SPDX-License-Identifier: EUPL-1.2
"""Ideas: stored, changed by version, listed and searched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import orjson

from measure_registry.domain.criteria import Priority
from measure_registry.domain.idea import Channel, Idea
from measure_registry.domain.steckbrief import Place, Steckbrief

_COLUMNS = """number, idea_id, version, title, summary, handlungsfeld, details, state, state_since,
    submitted_at, changed_at, channel, pseudonym, call_id, priority, published_at, merged_into,
    disputed, split_at"""
_WORDS = """setweight(to_tsvector('german', $2), 'A') || setweight(to_tsvector('german', $3), 'B')
    || setweight(to_tsvector('german', $4), 'C')"""
# Parts of a statement are those above; every value is a parameter.
_SET_LINK = "update idea set token_hash = $2 where idea_id = $1"
_NEXT = "select nextval(pg_get_serial_sequence('registry.idea', 'number'))"
_INSERT = f"""
insert into idea (number, idea_id, version, title, summary, handlungsfeld, details, lat, lon, state,
                  state_since, submitted_at, changed_at, channel, pseudonym, call_id, imported_as,
                  search)
overriding system value
values ($5, $1, 1, $2, $3, $6, $7::jsonb, $8, $9, $10, $11, $12, $11, $13, $14, $15, $16, {_WORDS})
returning {_COLUMNS}
"""  # noqa: S608
_ONE = f"select {_COLUMNS} from idea where idea_id = $1"  # noqa: S608
_SEVERAL = f"select {_COLUMNS} from idea where idea_id = any ($1::text[]) order by number desc"  # noqa: S608
_LOCKED = (
    f"select {_COLUMNS} from idea where idea_id = any ($1::text[]) order by idea_id for update"  # noqa: S608
)
_BY_TOKEN = f"select {_COLUMNS} from idea where token_hash = $1"  # noqa: S608
_REWRITE = f"""
update idea set title = $2, summary = $3, handlungsfeld = $5, details = $6::jsonb, lat = $7,
       lon = $8, changed_at = $9, version = version + 1, search = {_WORDS}
 where idea_id = $1 returning {_COLUMNS}
"""  # noqa: S608
_STATE = f"""
update idea set state = $2, state_since = $3, changed_at = $3, version = version + 1
 where idea_id = $1 returning {_COLUMNS}
"""  # noqa: S608
_PUBLISH = f"""
update idea set published_at = $2, changed_at = $3, version = version + 1
 where idea_id = $1 returning {_COLUMNS}
"""  # noqa: S608
_JUDGED = f"""
update idea set priority = $2, disputed = $3, changed_at = $4, version = version + 1
 where idea_id = $1 returning {_COLUMNS}
"""  # noqa: S608
# how many raters contradict each other is no change of what an idea says
_DISPUTED = f"update idea set disputed = $2 where idea_id = $1 returning {_COLUMNS}"  # noqa: S608
_MERGED = f"""
update idea set merged_into = $2, changed_at = $3, version = version + 1
 where idea_id = $1 returning {_COLUMNS}
"""  # noqa: S608
_SPLIT = f"""
update idea set split_at = $2, changed_at = $2, version = version + 1
 where idea_id = $1 returning {_COLUMNS}
"""  # noqa: S608
_RAISED = f"""
update idea set changed_at = $2, version = version + 1 where idea_id = $1 returning {_COLUMNS}
"""  # noqa: S608
# Only what is asked for stands in the statement: a plan for all cases at once uses no index of words.
_WISHES: Mapping[str, str] = {
    "state": "state = {}",
    "states": "state = any ({}::text[])",
    "handlungsfeld": "(handlungsfeld = {0} or details -> 'further_fields' ? {0})",
    "priority": "priority = {}",
    "call_id": "call_id = {}",
}
_FOUND = "(search @@ websearch_to_tsquery('german', {}) or title ilike {})"
# Each state's newest are a few steps in its index; a window over all rows sorted every one of them.
_BOARD = f"""
select ranked.* from unnest($2::text[]) as s (name), lateral (
    select {_COLUMNS} from idea where state = s.name and merged_into is null and split_at is null
     order by number desc limit $1
) ranked order by number desc
"""  # noqa: S608
_TOTALS = """
select state, count(*) as total from idea where merged_into is null and split_at is null group by state
"""
# Common stems would make every idea a candidate; what the statistics do not know is rare.
_STEMS = """
with share as (
    select e.word, e.share
      from pg_stats s, unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs)
           as e (word, share)
     where s.schemaname = 'registry' and s.tablename = 'idea' and s.attname = 'search'
), own as (
    select o.word, coalesce(share.share, 0) as share,
           row_number() over (order by coalesce(share.share, 0), o.positions[1]) as place
      from unnest(setweight(to_tsvector('german', $1), 'A')) as o (word, positions, weights)
      left join share using (word)
)
select word from own where place <= $2 or (place <= $3 and share < $4) order by place
"""
# The query is a value that the planner sees: where everything matches it reads the newest backwards, where little does, the
# index of words. Ranking reads whole texts: of the newest that match only so many are ranked.
_ALIKE = f"""
with newest as materialized (
    select number, search from idea
     where search @@ $2::text::tsquery and idea_id <> $4 and merged_into is null and split_at is null
       and (not $3::boolean or published_at is not null)
     order by number desc limit $7
), candidate as (
    select number, ts_rank(search, $2::text::tsquery, 32) as rank from newest
     order by rank desc, number desc limit $6
)
select {_COLUMNS}, rank + similarity(title, $1) as likeness
  from candidate join idea using (number)
 order by likeness desc, number desc limit $5
"""  # noqa: S608
# words that share no stem may share letters, as where one is written wrong
_LETTERS = f"""
select {_COLUMNS}, similarity(title, $1) as likeness from idea
 where title % $1 and idea_id <> $3 and merged_into is null and split_at is null
   and (not $2::boolean or published_at is not null) and not idea_id = any ($5::text[])
 order by likeness desc, number desc limit $4
"""  # noqa: S608
_KNOWN_LINES = "select imported_as from idea where imported_as = any ($1::text[])"
_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtextextended('idea ' || $1, 0))"
_IMPORTED = "select idea_id from idea where imported_as = $1"
_FINGERPRINT = """
select md5(coalesce(string_agg(idea_id || ':' || version, ',' order by number), '')) from idea
 where not $1::boolean or published_at is not null
"""
_CHANGED_LAST = f"""
select {_COLUMNS} from idea where published_at is not null order by changed_at desc, number desc limit $1
"""  # noqa: S608
_RECENT = "select count(*) from idea where submitted_at > $1 and channel = $2"


SURE_STEMS, MOST_STEMS, COMMON, CANDIDATES, MOST_RANKED = 4, 16, 0.1, 60, 1000
"""Of an idea's rarest stems, so many are looked for; of rarer than one in ten, more; so many are compared, of so many ranked."""


@dataclass(frozen=True, slots=True)
class NewIdea:
    """What an idea begins with."""

    steckbrief: Steckbrief
    state: str
    submitted_at: datetime
    channel: Channel
    pseudonym: str
    call_id: str | None = None
    imported_as: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is asked for; `only_public` for who is nobody we know."""

    only_public: bool
    state: str | None = None
    handlungsfeld: str | None = None
    priority: str | None = None
    call_id: str | None = None
    words: str | None = None
    only_disputed: bool = False
    states: Sequence[str] | None = None


async def add(connection: Any, new: NewIdea, now: datetime) -> Idea:
    """Store an idea under the next number."""
    number = await connection.fetchval(_NEXT)
    brief = new.steckbrief
    row = await connection.fetchrow(
        _INSERT,
        f"idea-{number:04d}",
        brief.title,
        brief.summary,
        brief.texts(),
        number,
        brief.handlungsfeld,
        orjson.dumps(brief.details).decode(),
        brief.place.lat,
        brief.place.lon,
        new.state,
        now,
        new.submitted_at,
        new.channel,
        new.pseudonym,
        new.call_id,
        new.imported_as,
    )
    return _idea(row)


async def set_token(connection: Any, idea_id: str, token_hash: bytes) -> None:
    """Store what a status link's secret is known by."""
    await connection.execute(_SET_LINK, idea_id, token_hash)


async def one(connection: Any, idea_id: str) -> Idea | None:
    """Return an idea."""
    row = await connection.fetchrow(_ONE, idea_id)
    return None if row is None else _idea(row)


async def several(connection: Any, idea_ids: Sequence[str]) -> list[Idea]:
    """Return ideas by their ids, the newest first."""
    return [_idea(row) for row in await connection.fetch(_SEVERAL, list(idea_ids))]


async def locked(connection: Any, *idea_ids: str) -> dict[str, Idea]:
    """Return ideas that nobody else changes until the commit; in one order, so that none waits in a ring."""
    rows = await connection.fetch(_LOCKED, list(idea_ids))
    return {row["idea_id"]: _idea(row) for row in rows}


async def by_token(connection: Any, token_hash: bytes) -> Idea | None:
    """Return the idea of a status link."""
    row = await connection.fetchrow(_BY_TOKEN, token_hash)
    return None if row is None else _idea(row)


async def rewrite(connection: Any, idea_id: str, brief: Steckbrief, now: datetime) -> Idea:
    """Store what an idea now says."""
    row = await connection.fetchrow(
        _REWRITE,
        idea_id,
        brief.title,
        brief.summary,
        brief.texts(),
        brief.handlungsfeld,
        orjson.dumps(brief.details).decode(),
        brief.place.lat,
        brief.place.lon,
        now,
    )
    return _idea(row)


async def set_state(connection: Any, idea_id: str, state: str, now: datetime) -> Idea:
    """Store where an idea stands."""
    return _idea(await connection.fetchrow(_STATE, idea_id, state, now))


async def set_published(
    connection: Any, idea_id: str, published_at: datetime | None, now: datetime
) -> Idea:
    """Store since when everybody may see an idea, or that nobody may."""
    return _idea(await connection.fetchrow(_PUBLISH, idea_id, published_at, now))


async def set_judgement(
    connection: Any, idea_id: str, priority: Priority | None, disputed: int, now: datetime
) -> Idea:
    """Store the priority that follows from the ratings, and how many criteria are disputed."""
    return _idea(await connection.fetchrow(_JUDGED, idea_id, priority, disputed, now))


async def set_disputed(connection: Any, idea_id: str, disputed: int) -> Idea:
    """Store of how many criteria raters contradict each other."""
    return _idea(await connection.fetchrow(_DISPUTED, idea_id, disputed))


async def set_merged(connection: Any, idea_id: str, into: str, now: datetime) -> Idea:
    """Store that an idea goes on in another."""
    return _idea(await connection.fetchrow(_MERGED, idea_id, into, now))


async def set_split(connection: Any, idea_id: str, now: datetime) -> Idea:
    """Store that an idea goes on in its parts."""
    return _idea(await connection.fetchrow(_SPLIT, idea_id, now))


async def raise_version(connection: Any, idea_id: str, now: datetime) -> Idea:
    """Store that something was done which stands elsewhere, so that who has not seen it is told so."""
    return _idea(await connection.fetchrow(_RAISED, idea_id, now))


async def newest(connection: Any, asked: Asked, *, before: int, limit: int) -> list[Idea]:
    """Return ideas, the newest first."""
    values: list[Any] = [before]
    conditions = ["number < $1"]
    if asked.only_public:
        conditions.append("published_at is not null")
    if asked.state is not None:
        # the state of one that goes on in others says nothing any more
        conditions.append("merged_into is null and split_at is null")
    if asked.only_disputed:
        conditions.append("disputed > 0")
    for name, condition in _WISHES.items():
        wish = getattr(asked, name)
        if wish is not None:
            values.append(wish)
            conditions.append(condition.format(f"${len(values)}"))
    if asked.words is not None:
        values += [asked.words, like(asked.words)]
        conditions.append(_FOUND.format(f"${len(values) - 1}", f"${len(values)}"))
    values.append(limit)
    rows = await connection.fetch(
        f"select {_COLUMNS} from idea where {' and '.join(conditions)}"  # noqa: S608 (those above)
        f" order by number desc limit ${len(values)}",
        *values,
    )
    return [_idea(row) for row in rows]


async def changed_last(connection: Any, limit: int) -> list[Idea]:
    """Return published ideas, those first that were published or changed last."""
    return [_idea(row) for row in await connection.fetch(_CHANGED_LAST, limit)]


async def board(connection: Any, per_state: int) -> tuple[list[Idea], Mapping[str, int]]:
    """Return the newest ideas of each state, and how many each has."""
    totals = {row["state"]: row["total"] for row in await connection.fetch(_TOTALS)}
    rows = await connection.fetch(_BOARD, per_state, list(totals))
    return [_idea(row) for row in rows], totals


async def alike(
    connection: Any, brief: Steckbrief, *, only_public: bool, but: str = "", limit: int = 5
) -> list[tuple[Idea, float]]:
    """Return ideas that say something similar, by German stems and by letters of the title."""
    text = f"{brief.title} {brief.summary}"
    stems = await connection.fetch(_STEMS, text, SURE_STEMS, MOST_STEMS, COMMON)
    words = " | ".join(_quoted(row["word"]) for row in stems)
    asked = (brief.title, words, only_public, but, limit, max(limit, CANDIDATES), MOST_RANKED)
    rows = await connection.fetch(_ALIKE, *asked) if words else []
    if len(rows) < limit:
        known = [row["idea_id"] for row in rows]
        more = limit - len(rows)
        rows += await connection.fetch(_LETTERS, brief.title, only_public, but, more, known)
    return [(_idea(row), round(row["likeness"], 3)) for row in rows]


async def known_lines(connection: Any, lines: Sequence[str]) -> set[str]:
    """Return those of these lines that were imported before."""
    return {row[0] for row in await connection.fetch(_KNOWN_LINES, list(lines))}


async def imported(connection: Any, line: str | None) -> str | None:
    """Return the idea that a line or sheet became; where it was not entered yet, nobody else does now."""
    if line is None:
        return None
    await connection.execute(_ONE_AT_A_TIME, line)
    return cast("str | None", await connection.fetchval(_IMPORTED, line))


async def fingerprint(connection: Any, *, only_public: bool) -> str:
    """Return what is another as soon as any idea comes, goes, or is changed: a digest of ids and versions."""
    return cast(str, await connection.fetchval(_FINGERPRINT, only_public))


async def count_since(connection: Any, since: datetime, channel: Channel) -> int:
    """Return how many ideas came in one way after a time."""
    return cast(int, await connection.fetchval(_RECENT, since, channel))


def like(words: str | None) -> str | None:
    """Return the pattern that finds words in a title; nothing for none."""
    return None if words is None else f"%{_plain(words)}%"


def _quoted(stem: str) -> str:
    """Return a stem as a query has it."""
    escaped = stem.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _plain(words: str) -> str:
    """Return a text in which `like` finds no wildcards."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _idea(row: Any) -> Idea:
    details: dict[str, Any] = orjson.loads(row["details"])
    place = Place(**details.pop("place"))
    texts: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in details.items()
    }
    brief = Steckbrief(
        title=row["title"],
        summary=row["summary"],
        handlungsfeld=row["handlungsfeld"],
        place=place,
        **texts,
    )
    names = ("number", "idea_id", "version", "state", "state_since", "submitted_at", "changed_at")
    more = ("channel", "pseudonym", "call_id", "priority", "published_at", "merged_into",
            "disputed", "split_at")  # fmt: skip
    return Idea(steckbrief=brief, **{name: row[name] for name in (*names, *more)})
