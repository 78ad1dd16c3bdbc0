# SPDX-License-Identifier: EUPL-1.2
"""SQL on `platform.api_key`; never commits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from stadttakt_runtime.auth.api_key import ApiKey, StoredKey, hash_secret
from stadttakt_runtime.auth.scopes import ADMIN, SCOPES, Scope

COLUMNS = (
    "key_id, secret_hash, scopes, label, created_at, expires_at, revoked_at, last_used_at,"
    " created_by, revoked_by"
)


async def insert_key(
    connection: Any,
    key: ApiKey,
    *,
    scopes: Iterable[Scope],
    label: str,
    created_at: datetime,
    expires_at: datetime | None,
) -> None:
    """Store a minted key, its secret hashed."""
    await connection.execute(
        "insert into platform.api_key (key_id, secret_hash, scopes, label, created_at, expires_at)"
        " values ($1, $2, $3, $4, $5, $6)",
        key.key_id,
        hash_secret(key.secret),
        sorted(scopes),
        label,
        created_at,
        expires_at,
    )


async def note_creator(connection: Any, key_id: str, by: str | None) -> None:
    """Write down who made a key."""
    await connection.execute(
        "update platform.api_key set created_by = $2 where key_id = $1", key_id, by
    )


async def fetch_key(connection: Any, key_id: str) -> StoredKey | None:
    """Return one key, valid or not."""
    row = await connection.fetchrow(
        f"select {COLUMNS} from platform.api_key where key_id = $1",  # noqa: S608 (constant)
        key_id,
    )
    return None if row is None else _stored(row)


async def fetch_keys(connection: Any) -> list[StoredKey]:
    """Return all keys, the newest first."""
    rows = await connection.fetch(
        f"select {COLUMNS} from platform.api_key order by created_at desc, key_id"  # noqa: S608
    )
    return [_stored(row) for row in rows]


async def opens_any(connection: Any, scopes: Iterable[Scope], now: datetime) -> bool:
    """Tell whether a key that is valid now opens one of these scopes."""
    return bool(
        await connection.fetchval(
            "select exists (select from platform.api_key where scopes && $1::text[]"
            " and revoked_at is null and (expires_at is null or expires_at > $2))",
            [ADMIN, *scopes],
            now,
        )
    )


async def labels_of(connection: Any, callers: Iterable[str]) -> dict[str, str]:
    """Return the labels of the keys among callers, by the caller as audit rows name it."""
    rows = await connection.fetch(
        "select 'api_key:' || key_id as caller, label from platform.api_key"
        " where 'api_key:' || key_id = any($1::text[])",
        sorted(callers),
    )
    return {row["caller"]: row["label"] for row in rows}


async def revoke_key(connection: Any, key_id: str, now: datetime, *, by: str | None = None) -> bool:
    """Revoke a key; False where there is none that was still unrevoked."""
    answer = await connection.execute(
        "update platform.api_key set revoked_at = $2, revoked_by = $3"
        " where key_id = $1 and revoked_at is null",
        key_id,
        now,
        by,
    )
    return bool(answer == "UPDATE 1")


async def note_use(connection: Any, key_id: str, now: datetime) -> None:
    """Write down that a key is in use, at most once a minute."""
    await connection.execute(
        "update platform.api_key set last_used_at = $2 where key_id = $1"
        " and (last_used_at is null or last_used_at < $2::timestamptz - interval '1 minute')",
        key_id,
        now,
    )


def _stored(row: Any) -> StoredKey:
    # A scope that a later version dropped opens nothing.
    scopes = SCOPES.intersection(row["scopes"])
    return StoredKey(**{**dict(row), "scopes": scopes})
