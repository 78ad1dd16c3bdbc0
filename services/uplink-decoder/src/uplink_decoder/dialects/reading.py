# SPDX-License-Identifier: EUPL-1.2
"""What both dialects share: strict JSON of declared fields, EUIs, fallback identity."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, TypeVar

import msgspec

from uplink_decoder.domain.uplink import RejectedError, fingerprint

StructT = TypeVar("StructT", bound=msgspec.Struct)

FrameCounter = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)]
FramePort = Annotated[int, msgspec.Meta(ge=0, le=255)]

_EUI = re.compile(r"[0-9a-f]{16}")
MAX_MESSAGE_BYTES = 262_144
"""An uplink of 12 gateways takes 10 kB; what is far larger is no uplink."""


def decode_json(decoder: msgspec.json.Decoder[StructT], payload: bytes) -> StructT:
    """Read the declared fields of a JSON message.

    Raises:
        RejectedError: too large, not UTF-8, not JSON, or a declared field of a wrong type.

    """
    if len(payload) > MAX_MESSAGE_BYTES:
        raise RejectedError("too_large", f"{len(payload)} bytes, at most {MAX_MESSAGE_BYTES}")
    try:
        payload.decode()
        return decoder.decode(payload)
    except UnicodeDecodeError as error:
        raise RejectedError("invalid_utf8", str(error)) from error
    except msgspec.ValidationError as error:
        raise RejectedError("wrong_type", str(error)) from error
    except msgspec.DecodeError as error:
        raise RejectedError("invalid_json", str(error)) from error
    except RecursionError as error:
        raise RejectedError("invalid_json", "nested too deeply") from error


def without_nul(text: str) -> str:
    """Return a text as PostgreSQL can hold it: where a NUL was stands the sign of what cannot be shown."""
    return text.replace("\x00", "\ufffd")


@lru_cache(65_536)
def eui(text: str | None) -> str | None:
    """Return a 64-bit EUI as lower-case hex, or nothing if it is none."""
    if not text:
        return None
    plain = text.lower()
    return plain if _EUI.fullmatch(plain) else None


def content_identity(payload: bytes) -> str:
    """Return an identity for a message without one: a byte-identical delivery is the same."""
    return f"bytes:{fingerprint([payload]).hex}"
