# SPDX-License-Identifier: EUPL-1.2
"""Reports: their definitions, and the archive, to which is only ever added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

import orjson

from kpi_aggregator.domain.report import ReportDefinition
from kpi_aggregator.domain.spans import Interval, Span

Cause = Literal["schedule", "order"]

_DEFINITIONS = "select definition from report where retired_at is null order by position"
# One edition after the other: two that are made at once would have the same number.
_LOCK = "select from report where report_id = $1 for update"
_NEXT = """
select coalesce(max(number), 0) + 1
  from report_edition where report_id = $1 and every = $2 and span_begin = $3
"""
_ADD = """
insert into report_edition (report_id, definition, every, span_begin, number, known_at,
                            produced_at, cause, document)
values ($1, $2::jsonb, $3, $4, $5, $6, $7, $8, $9)
returning edition_id
"""
_ADD_FILE = "insert into report_file (edition_id, format, sha256, body) values ($1, $2, $3, $4)"
_FIELDS = "edition_id, definition, every, span_begin, number, known_at, produced_at, cause"
_WANTED = f"""
select {_FIELDS} from report_edition
 where report_id = $1 and ($2::text is null or every = $2)
   and ($3::date is null or span_begin = $3) and ($4::integer is null or number = $4)
   and ($5::bigint is null or edition_id < $5)
"""  # noqa: S608 (constant parts only)
_NEWEST = f"{_WANTED} order by edition_id desc limit $6"
_LATEST = f"{_WANTED} order by span_begin desc, number desc, edition_id desc limit 1"
_BEFORE = f"""
select {_FIELDS} from report_edition
 where report_id = $1 and span_begin < $2 and known_at <= $3
 order by span_begin desc, number desc limit 1
"""  # noqa: S608
_NEWEST_BEGIN = "select max(span_begin) from report_edition where report_id = $1 and every = $2"
_SCHEDULED = f"{_NEWEST_BEGIN} and cause = 'schedule'"
_IS_MADE = f"select ({_SCHEDULED} and span_begin = $3) is not null"
_DOCUMENT = "select document from report_edition where edition_id = $1"
_FILE = "select sha256, body from report_file where edition_id = $1 and format = $2"
_DIGESTS = "select format, sha256 from report_file where edition_id = $1 order by format"


@dataclass(frozen=True, slots=True)
class Edition:
    """One archived report; `number` counts those of the same stretch."""

    edition_id: int
    definition: ReportDefinition
    span: Span
    number: int
    known_at: datetime
    produced_at: datetime
    cause: Cause


class File(NamedTuple):
    """An archived file."""

    sha256: str
    body: bytes


@dataclass(frozen=True, slots=True)
class NewEdition:
    """A report to be archived: its document and the files made of it."""

    definition: ReportDefinition
    span: Span
    number: int
    known_at: datetime
    cause: Cause
    document: bytes
    files: Mapping[str, File]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which editions are asked for: of a stretch, a number of it, older than one."""

    span: Span | None = None
    number: int | None = None
    before: int | None = None


async def definitions(connection: Any) -> list[ReportDefinition]:
    """Return the reports in force."""
    return [_definition(row[0]) for row in await connection.fetch(_DEFINITIONS)]


async def definition(connection: Any, report_id: str) -> ReportDefinition | None:
    """Return one report."""
    found = await definitions(connection)
    return next((each for each in found if each.report_id == report_id), None)


async def lock(connection: Any, report_id: str) -> None:
    """Let nobody else archive this report until the transaction ends."""
    await connection.execute(_LOCK, report_id)


async def next_number(connection: Any, report_id: str, span: Span) -> int:
    """Return which number the next edition of a stretch gets; holds while the report is locked."""
    found: int = await connection.fetchval(_NEXT, report_id, span.interval.value, span.begin)
    return found


async def add(connection: Any, new: NewEdition, now: datetime) -> Edition:
    """Archive a report as an edition of its stretch."""
    edition_id = await connection.fetchval(
        _ADD,
        new.definition.report_id,
        orjson.dumps(asdict(new.definition)).decode(),
        new.span.interval.value,
        *(new.span.begin, new.number, new.known_at, now, new.cause, new.document),
    )
    await connection.executemany(
        _ADD_FILE,
        [(edition_id, name, file.sha256, file.body) for name, file in new.files.items()],
    )
    return Edition(
        *(edition_id, new.definition, new.span, new.number, new.known_at, now, new.cause)
    )


async def newest(
    connection: Any, report_id: str, wanted: Wanted, *, limit: int = 1
) -> list[Edition]:
    """Return archived reports, what was made last first."""
    rows = await connection.fetch(_NEWEST, report_id, *_arguments(wanted), limit)
    return [_edition(row) for row in rows]


async def latest(connection: Any, report_id: str, wanted: Wanted) -> Edition | None:
    """Return the archived report on the newest stretch, whichever was made last."""
    row = await connection.fetchrow(_LATEST, report_id, *_arguments(wanted))
    return None if row is None else _edition(row)


def _arguments(wanted: Wanted) -> tuple[str | None, date | None, int | None, int | None]:
    every = None if wanted.span is None else wanted.span.interval.value
    begin = None if wanted.span is None else wanted.span.begin
    return every, begin, wanted.number, wanted.before


async def last_before(
    connection: Any, report_id: str, span: Span, known_at: datetime
) -> Edition | None:
    """Return the newest report on an earlier stretch that was there at a time."""
    row = await connection.fetchrow(_BEFORE, report_id, span.begin, known_at)
    return None if row is None else _edition(row)


async def newest_span(connection: Any, definition: ReportDefinition) -> Span | None:
    """Return the newest stretch that was reported in the present interval."""
    found: date | None = await connection.fetchval(
        _NEWEST_BEGIN, definition.report_id, definition.every.value
    )
    return None if found is None else Span(definition.every, found)


async def newest_scheduled(connection: Any, definition: ReportDefinition) -> Span | None:
    """Return the newest stretch whose report was made since it was due; ordered ones do not count."""
    found: date | None = await connection.fetchval(
        _SCHEDULED, definition.report_id, definition.every.value
    )
    return None if found is None else Span(definition.every, found)


async def is_scheduled(connection: Any, report_id: str, span: Span) -> bool:
    """Tell whether the report on a stretch that was due is there."""
    return bool(await connection.fetchval(_IS_MADE, report_id, span.interval.value, span.begin))


async def document(connection: Any, edition_id: int) -> bytes:
    """Return what an edition's files were made of."""
    found: bytes = await connection.fetchval(_DOCUMENT, edition_id)
    return found


async def file(connection: Any, edition_id: int, name: str) -> File | None:
    """Return an edition's file of a format."""
    row = await connection.fetchrow(_FILE, edition_id, name)
    return None if row is None else File(row["sha256"], row["body"])


async def digests(connection: Any, edition_id: int) -> dict[str, str]:
    """Return the SHA-256 of each file of an edition."""
    rows = await connection.fetch(_DIGESTS, edition_id)
    return {row["format"]: row["sha256"] for row in rows}


def _definition(stored: str) -> ReportDefinition:
    fields = orjson.loads(stored)
    every, mehrwerte = Interval(fields["every"]), tuple(fields["mehrwerte"])
    return ReportDefinition(**{**fields, "every": every, "mehrwerte": mehrwerte})


def _edition(row: Any) -> Edition:
    return Edition(
        row["edition_id"],
        _definition(row["definition"]),
        Span(Interval(row["every"]), row["span_begin"]),
        *(row["number"], row["known_at"], row["produced_at"], row["cause"]),
    )
