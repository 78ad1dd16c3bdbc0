"""From what a formatter returned to a decoded uplink: its mapping, else its normalized payload."""

from __future__ import annotations

from functools import lru_cache

import orjson

from uplink_decoder.codecs.mapping import Mapping, parse_mapping
from uplink_decoder.codecs.model import Decoded, Frame, Reading, ScriptCodec
from uplink_decoder.codecs.normalized import read_normalized
from uplink_decoder.javascript.engine import ScriptResult


def read_result(codec: ScriptCodec, result: ScriptResult, frame: Frame) -> Decoded:
    """Return the decoded uplink of a result without errors.

    Environment readings come from the mapping where it has some, else from `normalizeUplink`.

    Raises:
        MappingError: the codec's mapping is none; it was stored unchecked.

    """
    readings: tuple[Reading, ...] = ()
    warnings = result.warnings
    battery_mv, battery_percent = None, None
    mapping = _mapping(orjson.dumps(codec.mapping)) if codec.mapping is not None else None
    if mapping is not None:
        mapped = mapping.apply(result.data, frame)
        readings, battery_mv = mapped.readings, mapped.battery_mv
        battery_percent = mapped.battery_percent
        warnings += mapped.warnings
    if result.normalized is not None and not (mapping and mapping.has_environment):
        normalized = read_normalized(result.normalized, frame)
        readings += normalized.readings
        battery_mv = normalized.battery_mv if battery_mv is None else battery_mv
        warnings += normalized.warnings
    return Decoded(result.data, readings, battery_mv, battery_percent, warnings)


@lru_cache(maxsize=1000)
def _mapping(document: bytes) -> Mapping:
    return parse_mapping(orjson.loads(document))
