"""Decodes one payload on request with any codec; stores and publishes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from uplink_decoder.codecs.model import AnyCodec, Codec, CodecError, Decoded, Frame, Reading
from uplink_decoder.javascript.engine import ScriptError, compile_script
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


def try_codec(codec: AnyCodec, frame: Frame, variables: Mapping[str, str] | None = None) -> Tried:
    """Decode on the calling thread; what the codec throws becomes an error of the result."""
    try:
        if isinstance(codec, Codec):
            return _tried(codec.decode(frame))
        result = compile_script(codec.source).decode(frame, variables)
    except (CodecError, ScriptError) as error:
        return Tried({}, errors=(str(error),))
    if result.errors:
        return Tried(result.data, result.warnings, result.errors)
    return _tried(read_result(codec, result, frame))


def _tried(decoded: Decoded) -> Tried:
    return Tried(
        decoded.data,
        decoded.warnings,
        (),
        decoded.readings,
        decoded.battery_mv,
        decoded.battery_percent,
    )
