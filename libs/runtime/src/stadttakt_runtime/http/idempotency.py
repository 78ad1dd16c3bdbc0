# SPDX-License-Identifier: EUPL-1.2
"""POSTs that create, made safe to repeat: the header `Idempotency-Key`.

After draft-ietf-httpapi-idempotency-key-header: the same key with the same request gives the first
answer again, with another request it is an error. An answer may tell what only its caller may know: it is kept sealed, under a
key made of what the caller sends and nobody keeps.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Annotated, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Depends, Header, Request
from pydantic import BaseModel
from starlette.responses import Response

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.problem import Problem

KEPT, NONCE_BYTES = timedelta(hours=24), 12
REPLAYED = {"idempotency-replayed": "true"}

_CLAIM = """
insert into platform.idempotency (service, caller_key, fingerprint) values (current_user, $1, $2)
on conflict do nothing
"""
_STORED = """
select fingerprint, status, body, location from platform.idempotency
where service = current_user and caller_key = $1
"""
_REMEMBER = """
update platform.idempotency set status = $2, body = $3, location = $4
where service = current_user and caller_key = $1
"""
_FORGET = """
delete from platform.idempotency
where service = current_user and created_at < $1
"""
_FORGET_AT = """
delete from platform.idempotency where service = current_user and location = any ($1::text[])
"""

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="repeat a request safely: within 24 h the same key gives the same answer",
    ),
]


class KeyReused(Problem):
    """The key was used for another request."""

    status, code = 422, "idempotency_key_reused"
    title = "This Idempotency-Key belongs to another request"


@dataclass(frozen=True, slots=True)
class Once:
    """One request that may be a repetition; both calls belong into the transaction that creates."""

    caller_key: bytes | None
    fingerprint: bytes
    sealing_key: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, parts: str, fingerprint: bytes) -> Once:
        """Return a request that is told by what its caller alone sends, such as a key or a form's secret."""
        caller_key, sealing_key = (
            blake2b(parts.encode(), digest_size=32, person=use).digest()
            for use in (b"caller", b"answer")
        )
        return cls(caller_key, fingerprint, sealing_key)

    async def recall(self, connection: Any) -> Response | None:
        """Return the first answer where this is a repetition; claims the key where it is not.

        A repetition that comes while the first is under way waits for its commit.

        Raises:
            KeyReused: the key came with another request.

        """
        if self.caller_key is None:
            return None
        await forget(connection, utc_now())
        claimed = await connection.execute(_CLAIM, self.caller_key, self.fingerprint)
        if claimed == "INSERT 0 1":
            return None
        row = await connection.fetchrow(_STORED, self.caller_key)
        if row["fingerprint"] != self.fingerprint:
            raise KeyReused("send a new key with a new request")
        headers = {**REPLAYED, **({"location": row["location"]} if row["location"] else {})}
        nonce, sealed = row["body"][:NONCE_BYTES], row["body"][NONCE_BYTES:]
        body = AESGCM(self.sealing_key).decrypt(nonce, sealed, self.caller_key)
        return Response(body, row["status"], headers, media_type="application/json")

    async def answer(
        self, connection: Any, body: BaseModel, status: int, *, location: str | None = None
    ) -> Response:
        """Return the answer to a request that created something, and keep it for repetitions."""
        content = body.model_dump_json(by_alias=True).encode()
        if self.caller_key is not None:
            nonce = secrets.token_bytes(NONCE_BYTES)
            sealed = nonce + AESGCM(self.sealing_key).encrypt(nonce, content, self.caller_key)
            await connection.execute(_REMEMBER, self.caller_key, status, sealed, location)
        headers = {"location": location} if location else {}
        return Response(content, status, headers, media_type="application/json")


async def forget(connection: Any, now: datetime) -> None:
    """Forget this service's answers of more than 24 hours ago; claims do so too, but only while there are any."""
    await connection.execute(_FORGET, now - KEPT)


async def forget_at(connection: Any, locations: Sequence[str]) -> None:
    """Forget this service's answers about what lies at these paths: their repetition is a new request."""
    await connection.execute(_FORGET_AT, list(locations))


async def _once(request: Request, key: Key = None) -> Once:
    body = blake2b(await request.body(), digest_size=32)
    body.update(request.url.query.encode())
    if key is None:
        return Once(None, body.digest())
    caller = request.headers.get("authorization", "")
    parts = f"{caller}\0{request.method}\0{request.url.path}\0{key}"
    return Once.of(parts, body.digest())


Idempotent = Annotated[Once, Depends(_once)]
