"""From what a formatter returned to a decoded uplink."""

from __future__ import annotations

from functools import lru_cache

import orjson

from uplink_decoder.codecs.mapping import Mapping, parse_mapping
from uplink_decoder.codecs.meaning import read_meaning
from uplink_decoder.codecs.model import Decoded, Frame, ScriptCodec
from uplink_decoder.javascript.engine import ScriptResult


def read_result(codec: ScriptCodec, result: ScriptResult, frame: Frame) -> Decoded:
    """Return the decoded uplink of a result without errors.

    Raises:
        MappingError: the codec's mapping is none; it was stored unchecked.

    """
    mapping = _mapping(orjson.dumps(codec.mapping)) if codec.mapping is not None else None
    meant = read_meaning(mapping, result.data, result.normalized, frame)
    return Decoded(
        result.data,
        meant.readings,
        meant.battery_mv,
        meant.battery_percent,
        (*result.warnings, *meant.warnings),
    )


@lru_cache(maxsize=1000)
def _mapping(document: bytes) -> Mapping:
    return parse_mapping(orjson.loads(document))
