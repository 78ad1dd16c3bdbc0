# SPDX-License-Identifier: EUPL-1.2
"""Outlooks on the batteries of several devices, from their daily values; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from uplink_decoder.domain.battery import Level, Outlook, outlook, sooner
from uplink_decoder.domain.thresholds import PERCENT, Battery


class Outlooks(NamedTuple):
    """By voltage, by percentage, and the one that counts."""

    millivolt: Outlook
    percent: Outlook
    best: Outlook


def outlooks_of(
    daily: Sequence[Any], limits: Battery | Mapping[str, Battery]
) -> dict[str, Outlooks]:
    """Return the outlooks by device; `daily` are rows of device, day, mv and percent."""
    by_device: dict[str, list[Any]] = {}
    for row in daily:
        by_device.setdefault(row["dev_eui"], []).append(row)
    return {
        dev_eui: _outlooks(rows, limits if isinstance(limits, Battery) else limits[dev_eui])
        for dev_eui, rows in by_device.items()
    }


def _outlooks(rows: Sequence[Any], limits: Battery) -> Outlooks:
    by_mv, by_percent = (
        outlook([Level(row["day"], row[name]) for row in rows if row[name] is not None], scale)
        for name, scale in (("mv", limits.millivolt), ("percent", PERCENT))
    )
    return Outlooks(by_mv, by_percent, sooner(by_mv, by_percent))


_NONE = outlook([], PERCENT)
NO_READINGS = Outlooks(_NONE, _NONE, _NONE)
"""Of a device without a single reading."""
