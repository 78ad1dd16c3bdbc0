# SPDX-License-Identifier: EUPL-1.2
"""SQL of uploaded codecs and their versions; never commits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from uplink_decoder.codecs.model import AnyCodec, ScriptCodec
from uplink_decoder.codecs.registry import NATIVE_CODECS

# The lock keeps two uploads of one codec from taking the same version number.
LOCK = "select pg_advisory_xact_lock(hashtextextended('codec:' || $1, 0))"

ADD_CODEC = """
insert into codec (codec_id, active_version, maker, model, activated_by) values ($1, 1, $2, $3, $4)
on conflict (codec_id) do update
set maker = coalesce(nullif(excluded.maker, ''), codec.maker),
    model = coalesce(nullif(excluded.model, ''), codec.model)
returning xmax = 0 as is_new
"""

ADD_VERSION = """
insert into codec_version (codec_id, version, language, source, stateless, mapping, vectors,
    vectors_passed, vectors_failed, sha256, created_by)
select $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10
from codec_version where codec_id = $1
returning version
"""

ACTIVATE = """
update codec set active_version = $2, activated_at = now(), activated_by = $3
where codec_id = $1 and exists (
    select from codec_version where codec_id = $1 and version = $2
)
"""

CODECS = """
select codec.codec_id, codec.active_version, codec.maker, codec.model, codec.created_at,
    codec.activated_at, codec.activated_by, active.language, active.stateless,
    active.vectors_passed, active.vectors_failed, newest.version as newest_version
from codec
join codec_version active
    on active.codec_id = codec.codec_id and active.version = codec.active_version
join lateral (
    select max(version) as version from codec_version where codec_id = codec.codec_id
) as newest on true
"""

PAGE = f"{CODECS} where codec.codec_id > $1 order by codec.codec_id limit $2"
ONE = f"{CODECS} where codec.codec_id = $1"

VERSIONS = """
select codec_version.codec_id, version, language, stateless, mapping, vectors_passed,
    vectors_failed, encode(sha256, 'hex') as sha256, codec_version.created_at, created_by,
    octet_length(source) as source_bytes, version = active_version as active
from codec_version join codec using (codec_id)
where codec_id = $1 and version < $2
order by version desc limit $3
"""

VERSION = """
select codec_version.codec_id, version, language, source, stateless, mapping, vectors,
    vectors_passed, vectors_failed, encode(sha256, 'hex') as sha256, codec_version.created_at,
    created_by, octet_length(source) as source_bytes, version = active_version as active,
    maker, model
from codec_version join codec using (codec_id)
where codec_id = $1 and version = coalesce($2, (
    select max(version) from codec_version where codec_id = $1
))
"""

ACTIVE = """
select codec_id, version, language, source, stateless, mapping, maker, model
from codec_version join codec using (codec_id)
where version = active_version
"""

ACTIVE_MARK = """
select coalesce(md5(string_agg(codec_id || ':' || active_version, ',' order by codec_id)), '')
from codec
"""

CONTENTS = "select codec_id, sha256, version, vectors_passed, vectors_failed from codec_version"
FOUND = "select version from codec_version where codec_id = $1 and sha256 = $2"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """One version of a codec to be stored; `mapping` and `vectors` as JSON texts."""

    codec_id: str
    maker: str
    model: str
    language: str
    source: str
    stateless: bool
    mapping: str | None
    vectors: str
    vectors_passed: int
    vectors_failed: int
    sha256: bytes
    created_by: str


@dataclass(frozen=True, slots=True)
class Added:
    """Which version holds the content, and what was new."""

    version: int
    is_new_codec: bool
    is_new_version: bool


async def add_version(connection: Any, new: NewVersion) -> Added:
    """Store a version; the same content again is the version that it was, of any age.

    The first version of a codec becomes active by itself.
    """
    await connection.execute(LOCK, new.codec_id)
    is_new = await connection.fetchval(
        ADD_CODEC, new.codec_id, new.maker, new.model, new.created_by
    )
    version = await find_version(connection, codec_id=new.codec_id, sha256=new.sha256)
    if version is not None:
        return Added(version, is_new_codec=False, is_new_version=False)
    version = await connection.fetchval(
        ADD_VERSION,
        new.codec_id,
        new.language,
        new.source,
        new.stateless,
        new.mapping,
        new.vectors,
        new.vectors_passed,
        new.vectors_failed,
        new.sha256,
        new.created_by,
    )
    return Added(version, is_new_codec=is_new, is_new_version=True)


async def find_version(connection: Any, *, codec_id: str, sha256: bytes) -> int | None:
    """Return the version of a codec that has this content."""
    found: int | None = await connection.fetchval(FOUND, codec_id, sha256)
    return found


async def known_contents(connection: Any) -> dict[tuple[str, bytes], tuple[int, int, int]]:
    """Return version, passed and failed vectors of every stored content, by codec and hash."""
    rows = await connection.fetch(CONTENTS)
    return {
        (row["codec_id"], row["sha256"]): (
            row["version"],
            row["vectors_passed"],
            row["vectors_failed"],
        )
        for row in rows
    }


async def activate(connection: Any, codec_id: str, version: int, *, by: str) -> bool:
    """Let a version decode from now on; false where there is none."""
    status: str = await connection.execute(ACTIVATE, codec_id, version, by)
    return status == "UPDATE 1"


async def list_codecs(connection: Any, *, after: str, limit: int) -> list[Any]:
    """Return stored codecs in the order of their id."""
    rows: list[Any] = await connection.fetch(PAGE, after, limit)
    return rows


async def get_codec(connection: Any, codec_id: str) -> Any | None:
    """Return one stored codec, or nothing."""
    return await connection.fetchrow(ONE, codec_id)


async def list_versions(connection: Any, *, codec_id: str, before: int, limit: int) -> list[Any]:
    """Return a codec's versions, the newest first, without source and vectors."""
    rows: list[Any] = await connection.fetch(VERSIONS, codec_id, before, limit)
    return rows


async def get_version(connection: Any, codec_id: str, version: int | None) -> Any | None:
    """Return one version with source and vectors; the newest where none is named."""
    return await connection.fetchrow(VERSION, codec_id, version)


async def read_active(connection: Any) -> dict[str, ScriptCodec]:
    """Return what decodes now, of every stored codec."""
    return {row["codec_id"]: _script(row) for row in await connection.fetch(ACTIVE)}


async def read_version(connection: Any, codec_id: str, version: int | None) -> AnyCodec | None:
    """Return one version of a codec, native or stored, active or not; the newest if none is named."""
    native = NATIVE_CODECS.get(codec_id)
    if native is not None:
        return native if version in {None, native.version} else None
    row = await get_version(connection, codec_id, version)
    return None if row is None else _script(row)


async def codec_ids(connection: Any) -> frozenset[str]:
    """Return every codec id that a device may name: native and stored."""
    rows = await connection.fetch("select codec_id from codec")
    return frozenset(NATIVE_CODECS) | {row["codec_id"] for row in rows}


async def active_mark(connection: Any) -> str:
    """Return a text that changes whenever another version becomes active.

    Of the rows themselves: a sequence would tell of a change before its commit.
    """
    mark: str = await connection.fetchval(ACTIVE_MARK)
    return mark


def _script(row: Any) -> ScriptCodec:
    return ScriptCodec(
        codec_id=row["codec_id"],
        version=row["version"],
        maker=row["maker"],
        model=row["model"],
        source=row["source"],
        stateless=row["stateless"],
        mapping=None if row["mapping"] is None else json.loads(row["mapping"]),
    )
