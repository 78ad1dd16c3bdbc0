# SPDX-License-Identifier: EUPL-1.2
"""Decodes one payload on request with any codec; stores and publishes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from uplink_decoder.codecs.mapping import MappingError
from uplink_decoder.codecs.model import AnyCodec, Codec, CodecError, Decoded, Frame, Reading
from uplink_decoder.javascript.answers import ScriptError
from uplink_decoder.javascript.process import ScriptProcess
from uplink_decoder.javascript.reading import read_result


@dataclass(frozen=True, slots=True)
class Tried:
    """What a codec makes of a payload, its own failure among `errors`."""

    data: Mapping[str, Any]
    warnings: Sequence[str] = ()
    errors: Sequence[str] = ()
    readings: Sequence[Reading] = ()
    battery_mv: int | None = None
    battery_percent: float | None = None


async def try_codec(
    codec: AnyCodec, frame: Frame, variables: Mapping[str, str] | None = None
) -> Tried:
    """Decode, a script in a process of its own; what the codec throws becomes an error."""
    if isinstance(codec, Codec):
        try:
            return _tried(codec.decode(frame))
        except CodecError as error:
            return Tried({}, errors=(str(error),))
    async with ScriptProcess() as process:
        answer = await process.decode_one(codec.source, frame, variables)
    if isinstance(answer, ScriptError):
        return Tried({}, errors=(str(answer),))
    if answer.errors:
        return Tried(answer.data, answer.warnings, answer.errors)
    try:
        return _tried(read_result(codec, answer, frame))
    except MappingError as error:
        return Tried(answer.data, answer.warnings, (f"its stored mapping is none: {error}",))


def _tried(decoded: Decoded) -> Tried:
    return Tried(
        decoded.data,
        decoded.warnings,
        (),
        decoded.readings,
        decoded.battery_mv,
        decoded.battery_percent,
    )
