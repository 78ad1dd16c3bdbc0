# SPDX-License-Identifier: EUPL-1.2
"""From what a formatter returned to a decoded uplink."""

from __future__ import annotations

from functools import lru_cache

import orjson

from uplink_decoder.codecs.mapping import Mapping, MappingError, parse_mapping
from uplink_decoder.codecs.meaning import read_meaning
from uplink_decoder.codecs.model import Decoded, Frame, ScriptCodec
from uplink_decoder.javascript.answers import ScriptResult


def read_result(codec: ScriptCodec, result: ScriptResult, frame: Frame) -> Decoded:
    """Return the decoded uplink of a result without errors.

    Raises:
        MappingError: the codec's mapping is none; it was stored by an older build, or unchecked.

    """
    meant = read_meaning(mapping_of(codec), result.data, result.normalized, frame)
    return Decoded(
        result.data,
        meant.readings,
        meant.battery_mv,
        meant.battery_percent,
        result.warnings + meant.warnings,
    )


def mapping_of(codec: ScriptCodec) -> Mapping | None:
    """Return a codec's compiled mapping, if it has one; raises MappingError."""
    if codec.mapping is None:
        return None
    try:
        return _compiled(orjson.dumps(codec.mapping))
    except TypeError as error:
        raise MappingError([("", str(error))]) from error


@lru_cache(maxsize=1000)
def _compiled(document: bytes) -> Mapping:
    return parse_mapping(orjson.loads(document))
