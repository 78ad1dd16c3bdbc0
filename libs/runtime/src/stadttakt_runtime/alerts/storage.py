# SPDX-License-Identifier: EUPL-1.2
"""SQL of a service's alerts, relative to its schema; never commits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson

from stadttakt_messages.notices import AlertText
from stadttakt_runtime.alerts.domain import Changes, Condition, Key, Severity, compare

# Writers wait for each other until they commit, so that changes become visible in the order of
# their numbers: a poller that has seen number 7 will never miss a 6.
TAKE_TURN = "select pg_advisory_xact_lock(hashtextextended(current_schema() || '.alert', 0))"

OPEN = """
select kind, alert_id, severity, text_de, text_en, details::text as details, simulated
from alert where cleared_at is null and kind = any($1::text[])
order by kind, alert_id
"""

RAISE = """
insert into alert (
    kind, alert_id, severity, text_de, text_en, details, simulated, raised_at, changed_at, change
)
select kind, alert_id, severity, text_de, text_en, details::jsonb, simulated, $8, $8,
    nextval('alert_change')
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bool[])
    as given (kind, alert_id, severity, text_de, text_en, details, simulated)
"""

RENEW = """
update alert set severity = given.severity, text_de = given.text_de, text_en = given.text_en,
    details = given.details::jsonb, simulated = given.simulated, changed_at = $8,
    change = nextval('alert_change')
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bool[])
    as given (kind, alert_id, severity, text_de, text_en, details, simulated)
where alert.kind = given.kind and alert.alert_id = given.alert_id and cleared_at is null
"""

CLEAR = """
update alert set cleared_at = $3, changed_at = $3, change = nextval('alert_change')
from unnest($1::text[], $2::text[]) as given (kind, alert_id)
where alert.kind = given.kind and alert.alert_id = given.alert_id and cleared_at is null
"""

FIELDS = """
number, kind, alert_id, severity, text_de, text_en, details::text as details, simulated,
raised_at, changed_at, cleared_at, change
"""

LIST = f"""
select {FIELDS} from alert
where change > $1 and ($2::bool is null or (cleared_at is null) = $2)
    and ($3::text is null or kind = $3)
order by change limit $4
"""  # noqa: S608 (constant parts only)

UNPUBLISHED = f"""
select {FIELDS} from alert where published_change < change order by change limit $1
"""  # noqa: S608

HAS_UNPUBLISHED = "select exists (select from alert where published_change < change)"

# The times of two changes may lie the other way round than their numbers: rather one too many.
CHANGE_BEFORE = """
select coalesce(
    (select min(change) - 1 from alert where changed_at >= $1),
    (select max(change) from alert),
    0
)
"""

# A clearing may be overtaken by an older message, or forgotten by a broker that dies within 50 ms.
# What was raised again since is left out: nobody is to be told that it was over.
TO_PUBLISH_AGAIN = f"""
select {FIELDS} from alert
where cleared_at is null or published_change < change
    or (cleared_at > now() - interval '1 day' and not exists (
        select from alert later
        where (later.kind, later.alert_id) = (alert.kind, alert.alert_id)
            and later.change > alert.change
    ))
order by change
"""  # noqa: S608

MARK_PUBLISHED = """
update alert set published_change = given.change
from unnest($1::bigint[], $2::bigint[]) as given (number, change)
where alert.number = given.number and published_change < given.change
"""

COUNT_OPEN = "select kind, count(*) as open from alert where cleared_at is null group by kind"


async def settle(
    connection: Any, kinds: Iterable[str], present: Iterable[Condition], now: datetime
) -> Changes:
    """Make the open alerts of these kinds exactly the present conditions; return the changes."""
    await connection.execute(TAKE_TURN)
    rows = await connection.fetch(OPEN, sorted(set(kinds)))
    changes = compare((_condition(row) for row in rows), present)
    await _clear(connection, changes.cleared, now)
    await _write(connection, RAISE, changes.raised, now)
    await _write(connection, RENEW, changes.renewed, now)
    return changes


async def raise_alert(connection: Any, condition: Condition, now: datetime) -> bool:
    """Raise an alert or renew the open one; tell whether that changed anything."""
    await connection.execute(TAKE_TURN)
    rows = await connection.fetch(OPEN, [condition.kind])
    same = [found for row in rows if (found := _condition(row)).key == condition.key]
    changes = compare(same, [condition])
    await _write(connection, RAISE, changes.raised, now)
    await _write(connection, RENEW, changes.renewed, now)
    return bool(changes.raised or changes.renewed)


async def clear_alert(connection: Any, kind: str, alert_id: str, now: datetime) -> bool:
    """Clear an alert; tell whether it was open."""
    await connection.execute(TAKE_TURN)
    done = await _clear(connection, [Key(kind, alert_id)], now)
    return done > 0


async def list_alerts(
    connection: Any, *, after: int, active: bool | None, kind: str | None, limit: int
) -> list[Any]:
    """Return alerts in the order of their last change."""
    rows: list[Any] = await connection.fetch(LIST, after, active, kind, limit)
    return rows


async def change_before(connection: Any, time: datetime) -> int:
    """Return the number after which everything follows that changed at a time or later."""
    return int(await connection.fetchval(CHANGE_BEFORE, time))


async def has_unpublished(connection: Any) -> bool:
    """Tell whether something changed and was not published."""
    return bool(await connection.fetchval(HAS_UNPUBLISHED))


async def unpublished(connection: Any, limit: int) -> list[Any]:
    """Return what changed and was not published, in the order of change."""
    rows: list[Any] = await connection.fetch(UNPUBLISHED, limit)
    return rows


async def to_publish_again(connection: Any) -> list[Any]:
    """Return what is open, changed or was cleared within a day, in the order of change."""
    rows: list[Any] = await connection.fetch(TO_PUBLISH_AGAIN)
    return rows


async def mark_published(connection: Any, rows: Sequence[Any]) -> None:
    """Note that the broker has these rows as they were read; a later change stays to be sent."""
    numbers = [row["number"] for row in rows]
    await connection.execute(MARK_PUBLISHED, numbers, [row["change"] for row in rows])


async def count_open(connection: Any) -> dict[str, int]:
    """Return how many alerts of each kind are open."""
    return {row["kind"]: row["open"] for row in await connection.fetch(COUNT_OPEN)}


async def _write(
    connection: Any, statement: str, conditions: Sequence[Condition], now: datetime
) -> None:
    if not conditions:
        return
    rows = [
        (
            each.kind,
            each.alert_id,
            each.severity.value,
            each.text.de,
            each.text.en,
            orjson.dumps(dict(each.details)).decode(),
            each.simulated,
        )
        for each in conditions
    ]
    await connection.execute(statement, *(list(column) for column in zip(*rows, strict=True)), now)


async def _clear(connection: Any, keys: Sequence[Key], now: datetime) -> int:
    if not keys:
        return 0
    kinds, ids = zip(*keys, strict=True)
    done = await connection.execute(CLEAR, list(kinds), list(ids), now)
    return int(done.rpartition(" ")[2])


def _condition(row: Any) -> Condition:
    return Condition(
        kind=row["kind"],
        alert_id=row["alert_id"],
        severity=Severity(row["severity"]),
        text=AlertText(de=row["text_de"], en=row["text_en"]),
        details=orjson.loads(row["details"]),
        simulated=row["simulated"],
    )
