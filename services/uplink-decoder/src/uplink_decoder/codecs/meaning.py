# SPDX-License-Identifier: EUPL-1.2
"""What a script's result means: the codec's mapping first, the normalized payload beside it."""

from __future__ import annotations

from typing import Any

from uplink_decoder.codecs.mapping import Mapped, Mapping
from uplink_decoder.codecs.model import Frame
from uplink_decoder.codecs.normalized import read_normalized


def read_meaning(mapping: Mapping | None, data: Any, normalized: Any, frame: Frame) -> Mapped:
    """Return readings, battery and warnings of a decoded object.

    `normalized` is what `normalizeUplink` gave, or None. Its quantities count unless the mapping
    names environment quantities itself; its battery where the mapping gives none.
    """
    mapped = mapping.apply(data, frame) if mapping else Mapped()
    if normalized is None:
        return mapped
    found = read_normalized(normalized, frame)
    readings = () if mapping and mapping.has_environment else found.readings
    return Mapped(
        (*mapped.readings, *readings),
        mapped.battery_mv if mapped.battery_mv is not None else found.battery_mv,
        mapped.battery_percent,
        (*mapped.warnings, *found.warnings),
    )
