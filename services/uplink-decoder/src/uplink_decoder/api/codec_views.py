# SPDX-License-Identifier: EUPL-1.2
"""What the API shows of codecs, and how a row or a native codec becomes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from uplink_decoder.codec_library.proof import Failure
from uplink_decoder.codecs.model import (
    BayReading,
    Codec,
    CountReading,
    EnvironmentReading,
    PresenceReading,
    Reading,
)
from uplink_decoder.codecs.vectors import as_document

Language = Literal["native", "javascript"]
_KINDS: dict[type[Reading], str] = {
    BayReading: "bay",
    CountReading: "count",
    PresenceReading: "presence",
    EnvironmentReading: "environment",
}


class CodecView(BaseModel):
    """One codec; native ones are part of this build and have one version."""

    codec_id: str
    language: Language
    maker: str
    model: str
    active_version: int
    newest_version: int
    stateless: bool
    vectors_passed: int | None
    vectors_failed: int | None
    created_at: datetime | None
    activated_at: datetime | None
    activated_by: str | None


class VersionView(BaseModel):
    """One version of a codec, without its source."""

    codec_id: str
    version: int
    active: bool
    language: Language
    stateless: bool
    vectors_passed: int | None
    vectors_failed: int | None
    sha256: str | None
    source_bytes: int | None
    created_at: datetime | None
    created_by: str | None


class WholeVersionView(VersionView):
    """One version of a codec with all that was uploaded; a native one has no source."""

    source: str | None
    mapping: dict[str, Any] | None
    vectors: list[dict[str, Any]]


class UploadedView(BaseModel):
    """Which version an upload became; `active` tells whether it decodes."""

    codec_id: str
    version: int
    active: bool
    vectors_passed: int
    vectors_failed: int
    failures: list[dict[str, Any]]


class DecodedView(BaseModel):
    """What a codec makes of one payload; `readings` is what would be published of it."""

    data: dict[str, Any]
    warnings: list[str]
    errors: list[str]
    codec_id: str
    codec_version: int
    readings: list[dict[str, Any]]
    battery_mv: int | None = None
    battery_percent: float | None = None


def native_view(codec: Codec) -> CodecView:
    """Return a native codec as the list shows it."""
    return CodecView(
        codec_id=codec.codec_id,
        language="native",
        maker=codec.maker,
        model=codec.model,
        active_version=codec.version,
        newest_version=codec.version,
        stateless=True,
        vectors_passed=None,
        vectors_failed=None,
        created_at=None,
        activated_at=None,
        activated_by=None,
    )


def native_version(codec: Codec) -> WholeVersionView:
    """Return a native codec's only version."""
    return WholeVersionView(
        codec_id=codec.codec_id,
        version=codec.version,
        active=True,
        language="native",
        stateless=True,
        vectors_passed=None,
        vectors_failed=None,
        sha256=None,
        source_bytes=None,
        created_at=None,
        created_by=None,
        source=None,
        mapping=None,
        vectors=[],
    )


def version_view(row: Any) -> VersionView:
    """Return a stored version as the list shows it."""
    return VersionView.model_validate(dict(row))


def whole_version(row: Any) -> WholeVersionView:
    """Return a stored version with source, mapping and vectors."""
    parsed = {
        "mapping": None if row["mapping"] is None else json.loads(row["mapping"]),
        "vectors": json.loads(row["vectors"]),
    }
    return WholeVersionView.model_validate({**dict(row), **parsed})


def failure_views(failures: Sequence[Failure]) -> list[dict[str, Any]]:
    """Return failing vectors with what was expected, what came, and where they differ."""
    return [
        {
            "index": failure.index,
            **as_document(failure.vector),
            "got": failure.got,
            "difference": list(failure.difference),
        }
        for failure in failures
    ]


def reading_views(readings: Sequence[Reading]) -> list[dict[str, Any]]:
    """Return readings with their kind."""
    return [{"kind": _KINDS[type(reading)], **asdict(reading)} for reading in readings]
