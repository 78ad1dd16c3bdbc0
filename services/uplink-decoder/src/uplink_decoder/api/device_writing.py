# SPDX-License-Identifier: EUPL-1.2
"""What all writes of devices share: their turn, their author, preconditions, entity tags."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Header, Request

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.conditional import strong_etag
from stadttakt_runtime.http.problem import Conflict, NotFound, Problem, ValidationFailed
from uplink_decoder.domain.registration import Entry
from uplink_decoder.storage import codecs, registry
from uplink_decoder.storage.registry import Author

Writer = Annotated[Principal, require("devices:write")]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=2000,
        description="entity tag of the device as it was read: 412 if somebody changed it since",
    ),
]
IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", max_length=2000, description="`*`: only create")
]


class PreconditionFailed(Problem):
    """Somebody else changed it since the client read it."""

    status, code, title = 412, "precondition_failed", "Changed since it was read"


class AssignmentOverlap(Conflict):
    """A device watches one asset at a time."""

    code, title = "assignment_overlap", "The device watches something else at that time"


class InCityFolder(Conflict):
    """The next apply of the city folder would bring it back."""

    code, title = "in_city_folder", "The device stands in the city folder"


def author_of(principal: Principal, note: str | None = None) -> Author:
    """Return which key writes; a token's subject may be a person and is left out."""
    name = str(principal) if principal.kind == "api_key" else principal.kind
    return Author(name, utc_now(), note)


@asynccontextmanager
async def writing(request: Request) -> AsyncIterator[Any]:
    """Give a connection in a transaction in which nobody else writes the registry.

    Of this process one writer at a time waits for the database, so that no more wait on its
    connections while live traffic needs them.
    """
    database: Database = request.app.state.database
    async with request.app.state.registry_turn, database.transaction() as connection:
        await registry.take_turn(connection)
        yield connection


async def registered_entry(connection: Any, dev_eui: str) -> Entry:
    """Return a device that somebody registered; 404 for any other."""
    entry = (await registry.read_entries(connection, [dev_eui])).get(dev_eui)
    if entry is None or not entry.is_registered:
        raise NotFound(f"there is no registered device {dev_eui}")
    return entry


async def check_codec(connection: Any, codec_id: str | None, *, field: str = "codec_id") -> None:
    """Refuse a codec that does not exist (422)."""
    if codec_id is None or codec_id in await codecs.codec_ids(connection):
        return
    raise invalid(field, f"there is no codec {codec_id!r}", "unknown_codec")


def invalid(field: str, detail: str, code: str = "invalid") -> ValidationFailed:
    """Return the problem of one field of the body."""
    return ValidationFailed([{"in": "body", "field": field, "detail": detail, "code": code}])


def device_etag(change: int, body: bytes) -> str:
    """Return the tag of a device's answer: `<change>-<hash>`.

    The hash changes with every uplink, the change with every write; If-Match compares the change.
    """
    return f'"{change}-{strong_etag(body)[1:]}'


def check_preconditions(
    entry: Entry | None, if_match: str | None, if_none_match: str | None = None
) -> None:
    """Raise 412 where the device is not what the client believes (RFC 9110, 13.1.1 and 13.1.2)."""
    is_there = entry is not None and entry.is_registered
    if if_none_match is not None and is_there:
        raise PreconditionFailed("the device is registered already")
    if if_match is None:
        return
    known = {tag.strip().strip('"').partition("-")[0] for tag in if_match.split(",")}
    if entry is None or not is_there or not known & {"*", str(entry.change)}:
        raise PreconditionFailed("read it again; somebody changed it since")
