# SPDX-License-Identifier: EUPL-1.2
"""Codecs over HTTP: list, upload with proof, activate, roll back, try."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from stadttakt_runtime.auth.authenticator import ScopeMissing, Unauthenticated
from stadttakt_runtime.auth.dependencies import OptionalPrincipal, require
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.model import WriteModel
from stadttakt_runtime.http.paging import Cursor, Limit, Page, decode_cursor, encode_cursor
from stadttakt_runtime.http.problem import Conflict, NotFound, Problem, ValidationFailed
from uplink_decoder.api.codec_upload import UPLOAD_BODY, Text, Upload
from uplink_decoder.api.codec_views import (
    CodecView,
    DecodedView,
    UploadedView,
    VersionView,
    WholeVersionView,
    failure_views,
    native_version,
    native_view,
    reading_views,
    version_view,
    whole_version,
)
from uplink_decoder.api.device_writing import author_of
from uplink_decoder.codec_library.proof import Proof, prove
from uplink_decoder.codec_library.submission import Submission
from uplink_decoder.codec_library.trying import Tried, try_codec
from uplink_decoder.codecs.model import Frame
from uplink_decoder.codecs.registry import NATIVE_CODECS
from uplink_decoder.codecs.vectors import VectorError, read_bytes
from uplink_decoder.javascript.answers import ScriptError
from uplink_decoder.javascript.process import ScriptProcess
from uplink_decoder.storage import codecs as storage

router = APIRouter(prefix="/v1/codecs", tags=["codecs"])

MAX_VERSION = 2**31 - 1
VersionNumber = Annotated[int, Field(ge=1, le=MAX_VERSION)]
CodecId = Annotated[
    str,
    Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$", description="lower-case letters, digits, . _ -"),
]
Writer = Annotated[Principal, require("codecs:write")]


class VectorsFailed(Problem):
    """The codec does not give what its own vectors expect."""

    status, code, title = 422, "vectors_failed", "Test vectors failed"


class CodecRefused(Problem):
    """The script cannot be loaded or has no entry point."""

    status, code, title = 422, "codec_refused", "The codec cannot be run"


async def _reader(principal: OptionalPrincipal) -> None:
    """Let pass who may read devices, or write codecs."""
    if principal is None:
        raise Unauthenticated("send Authorization: Bearer <API key or token>")
    if not (principal.may("devices:read") or principal.may("codecs:write")):
        raise ScopeMissing("devices:read")


Readers = [Depends(_reader)]


class Activation(WriteModel):
    """Which version shall decode."""

    version: VersionNumber


class Payload(WriteModel):
    """One payload to be decoded; nothing of it is stored."""

    f_port: Annotated[int, Field(ge=0, le=255)]
    bytes: Annotated[
        str | list[int], Field(description="hexadecimal digits, base64, or a list of numbers")
    ]
    recv_time: AwareDatetime | None = None
    variables: dict[str, Text] | None = None
    version: VersionNumber | None = None


class _After(BaseModel):
    codec_id: str


class _Before(BaseModel):
    version: VersionNumber


@router.get("", dependencies=Readers)
async def list_codecs(
    request: Request, limit: Limit = 100, cursor: Cursor = None
) -> Page[CodecView]:
    """List native and uploaded codecs by id."""
    position = decode_cursor(cursor, _After)
    after = position.codec_id if position else ""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        rows = await storage.list_codecs(connection, after=after, limit=limit + 1)
    native = [native_view(each) for name, each in NATIVE_CODECS.items() if name > after]
    stored = [CodecView.model_validate(dict(row)) for row in rows]
    items = sorted([*native, *stored], key=lambda each: each.codec_id)
    more = len(items) > limit
    following = encode_cursor(_After(codec_id=items[limit - 1].codec_id)) if more else None
    return Page(items=items[:limit], next_cursor=following)


@router.get("/{codec_id}", dependencies=Readers)
async def get_codec(request: Request, codec_id: CodecId) -> CodecView:
    """Return one codec with its active version."""
    if codec_id in NATIVE_CODECS:
        return native_view(NATIVE_CODECS[codec_id])
    database: Database = request.app.state.database
    async with database.connection() as connection:
        return await _stored(connection, codec_id)


@router.put(
    "/{codec_id}",
    responses={201: {"model": UploadedView}},
    openapi_extra=UPLOAD_BODY,
)
async def put_codec(
    request: Request,
    response: Response,
    codec_id: CodecId,
    principal: Writer,
    upload: Upload,
    *,
    accept_failures: Annotated[
        bool, Query(description="store the version although vectors fail")
    ] = False,
) -> UploadedView:
    """Upload a codec; the same content again is the version that it was.

    All vectors are run first. A codec's first version decodes at once, a later one when activated.
    """
    _refuse_native(codec_id)
    submission = upload.submission(codec_id)
    async with request.app.state.script_trials:
        proof = await _prove(submission)
    if proof.failed and not accept_failures:
        raise VectorsFailed(
            f"{proof.failed} of {len(submission.vectors)} vectors failed",
            codec_id=codec_id,
            vectors_passed=proof.passed,
            vectors_failed=proof.failed,
            failures=failure_views(proof.failures),
        )
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        version = submission.version(proof, by=author_of(principal).name)
        added = await storage.add_version(connection, version)
        stored = await _stored(connection, codec_id)
    response.status_code = 201 if added.is_new_codec else 200
    return UploadedView(
        codec_id=codec_id,
        version=added.version,
        active=added.version == stored.active_version,
        vectors_passed=proof.passed,
        vectors_failed=proof.failed,
        failures=failure_views(proof.failures),
    )


@router.get("/{codec_id}/versions", dependencies=Readers)
async def list_versions(
    request: Request, codec_id: CodecId, limit: Limit = 100, cursor: Cursor = None
) -> Page[VersionView]:
    """List a codec's versions, the newest first."""
    position = decode_cursor(cursor, _Before)
    if codec_id in NATIVE_CODECS:
        whole = native_version(NATIVE_CODECS[codec_id])
        return Page(items=[VersionView.model_validate(whole.model_dump())])
    before = position.version if position else MAX_VERSION
    database: Database = request.app.state.database
    async with database.connection() as connection:
        await _stored(connection, codec_id)
        rows = await storage.list_versions(
            connection, codec_id=codec_id, before=before, limit=limit + 1
        )
    items = [version_view(row) for row in rows[:limit]]
    more = len(rows) > limit
    following = encode_cursor(_Before(version=items[-1].version)) if more else None
    return Page(items=items, next_cursor=following)


@router.get("/{codec_id}/versions/{version}", dependencies=Readers)
async def get_version(
    request: Request, codec_id: CodecId, version: Annotated[int, Path(ge=1, le=MAX_VERSION)]
) -> WholeVersionView:
    """Return one version with its source, mapping and vectors."""
    native = NATIVE_CODECS.get(codec_id)
    if native is not None and native.version == version:
        return native_version(native)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        row = await storage.get_version(connection, codec_id, version)
    if row is None:
        raise NotFound(f"there is no version {version} of a codec {codec_id}")
    return whole_version(row)


@router.post("/{codec_id}:activate")
async def activate(
    request: Request, codec_id: CodecId, activation: Activation, principal: Writer
) -> CodecView:
    """Let another version decode, an older one to roll back; running decoders follow in seconds."""
    _refuse_native(codec_id)
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        await _stored(connection, codec_id)
        version = activation.version
        if not await storage.activate(connection, codec_id, version, by=author_of(principal).name):
            raise NotFound(f"there is no version {version} of codec {codec_id}")
        return await _stored(connection, codec_id)


@router.post("/{codec_id}/decode", dependencies=[require("codecs:write")])
async def decode(request: Request, codec_id: CodecId, payload: Payload) -> DecodedView:
    """Decode a payload with a version of a codec, the newest if none is named; nothing is stored."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        codec = await storage.read_version(connection, codec_id, payload.version)
    if codec is None:
        which = f"version {payload.version} of codec" if payload.version else "codec"
        raise NotFound(f"there is no {which} {codec_id}")
    frame = Frame(payload.f_port, _payload(payload.bytes), payload.recv_time or utc_now())
    async with request.app.state.script_trials:
        tried = await try_codec(codec, frame, payload.variables)
    return _decoded(codec_id, codec.version, tried)


def _decoded(codec_id: str, version: int, tried: Tried) -> DecodedView:
    return DecodedView(
        data=dict(tried.data),
        warnings=list(tried.warnings),
        errors=list(tried.errors),
        codec_id=codec_id,
        codec_version=version,
        readings=reading_views(tried.readings),
        battery_mv=tried.battery_mv,
        battery_percent=tried.battery_percent,
    )


async def _prove(submission: Submission) -> Proof:
    try:
        async with ScriptProcess() as process:
            return await prove(process, submission.source, submission.vectors)
    except ScriptError as error:
        raise CodecRefused(str(error), codec_id=submission.codec_id) from error


def _payload(given: str | Sequence[int]) -> bytes:
    try:
        return read_bytes(given)
    except VectorError as error:
        wrong = {"in": "body", "field": error.where, "detail": error.why, "code": "invalid_bytes"}
        raise ValidationFailed([wrong]) from error


async def _stored(connection: Any, codec_id: str) -> CodecView:
    row = await storage.get_codec(connection, codec_id)
    if row is None:
        raise NotFound(f"there is no codec {codec_id}")
    return CodecView.model_validate(dict(row))


def _refuse_native(codec_id: str) -> None:
    if codec_id in NATIVE_CODECS:
        raise Conflict(f"{codec_id} is native; choose another id")
