# SPDX-License-Identifier: EUPL-1.2
"""Mails to submitters that wait to be sent; the address stays in the contact table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

# only where somebody can be written to
_QUEUE = """
insert into mail (idea_id, kind, state, queued_at, due_at)
select idea_id, $2, $3, $4, $4 from contact where idea_id = $1 and address_hash is not null
"""
# whose address was given for many ideas in a day gets no more news of having sent one: somebody else may write it there
_QUEUE_RECEIVED = """
insert into mail (idea_id, kind, state, queued_at, due_at)
select c.idea_id, 'received', null, $2::timestamptz, $2 from contact c
 where c.idea_id = $1 and c.address_hash is not null
   and (select count(*) from contact o join mail m using (idea_id)
         where o.address_hash = c.address_hash and m.kind = 'received'
           and m.queued_at > $2::timestamptz - interval '1 day') < $3
"""
MOST_A_DAY = 5
"""How often one address is told within a day that an idea came from it."""
# who submitted what was merged into an idea, or what it is a part of
_QUEUE_RELATED = """
with recursive before as (
    select source_id from lineage where target_id = $1
    union select l.source_id from lineage l join before b on l.target_id = b.source_id
)
insert into mail (idea_id, kind, state, queued_at, due_at, about_id)
select c.idea_id, 'related', $2, $3, $3, $1 from contact c join before b on b.source_id = c.idea_id
 where c.address_hash is not null
"""
# who submitted an idea that is split, or what was merged into it or it is a part of itself
_QUEUE_SPLIT = """
with recursive before as (
    select $1::text as source_id
    union select l.source_id from lineage l join before b on l.target_id = b.source_id
)
insert into mail (idea_id, kind, state, queued_at, due_at)
select c.idea_id, 'split', null, $2, $2 from contact c join before b on b.source_id = c.idea_id
 where c.address_hash is not null
"""
_DUE = """
select m.mail_id, m.idea_id, m.kind, m.state, m.tries, i.title, c.sealed, c.key_id, c.language,
       case when about.published_at is not null then about.title end as about
  from mail m join idea i using (idea_id) left join contact c using (idea_id)
  left join idea about on about.idea_id = m.about_id
 where m.sent_at is null and m.due_at <= $1
 order by m.due_at, m.mail_id limit 1 for update of m skip locked
"""
_SENT = "update mail set sent_at = $2, tries = tries + 1 where mail_id = $1"
_LATER = "update mail set due_at = $2, tries = tries + 1 where mail_id = $1"
_DROP = "delete from mail where mail_id = $1"
_OF = "select kind, state, queued_at, sent_at, tries, about_id from mail where idea_id = $1 order by mail_id"
_DROP_OF = "delete from mail where idea_id = any ($1::text[])"
_FORGET = "delete from mail where queued_at < $1"
_WAITING = "select count(*) from mail where sent_at is null"
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=4)


async def queue(
    connection: Any, idea_id: str, kind: str, *, now: datetime, state: str | None = None
) -> None:
    """Let who submitted an idea be written to, if they gave an address."""
    await connection.execute(_QUEUE, idea_id, kind, state, now)


async def queue_received(connection: Any, idea_id: str, *, now: datetime) -> None:
    """Let who submitted an idea be told that it came, unless their address was given too often in a day."""
    await connection.execute(_QUEUE_RECEIVED, idea_id, now, MOST_A_DAY)


async def queue_related(connection: Any, idea_id: str, *, now: datetime, state: str) -> None:
    """Let who submitted what went into an idea, or what it was split off, be told of it."""
    await connection.execute(_QUEUE_RELATED, idea_id, state, now)


async def queue_split(connection: Any, idea_id: str, *, now: datetime) -> None:
    """Let who submitted an idea, or what went into it, be told that it goes on in parts; one mail, however many."""
    await connection.execute(_QUEUE_SPLIT, idea_id, now)


async def next_due(connection: Any, now: datetime) -> Any:
    """Return a mail to be sent, which no other process sends until the commit."""
    return await connection.fetchrow(_DUE, now)


async def mark_sent(connection: Any, mail_id: int, now: datetime) -> None:
    """Note that a server has taken a mail."""
    await connection.execute(_SENT, mail_id, now)


async def put_off(connection: Any, mail_id: int, tries: int, now: datetime) -> None:
    """Try a mail again later, each time twice as late."""
    pause = min(FIRST_PAUSE * 2 ** min(tries, 10), LONGEST_PAUSE)
    await connection.execute(_LATER, mail_id, now + pause)


async def drop(connection: Any, mail_ids: Sequence[int]) -> None:
    """Give up mails: nobody is there any more, or the address is none."""
    for mail_id in mail_ids:
        await connection.execute(_DROP, mail_id)


async def of(connection: Any, idea_id: str) -> Sequence[Any]:
    """Return what was, or is to be, written to who submitted an idea."""
    found: Sequence[Any] = await connection.fetch(_OF, idea_id)
    return found


async def drop_of(connection: Any, idea_ids: Sequence[str]) -> None:
    """Forget what was, or was to be, written about ideas."""
    await connection.execute(_DROP_OF, list(idea_ids))


async def forget(connection: Any, before: datetime) -> None:
    """Forget what was sent, or could not be, long ago."""
    await connection.execute(_FORGET, before)


async def count_waiting(connection: Any) -> int:
    """Return how many wait."""
    return int(await connection.fetchval(_WAITING))
