# SPDX-License-Identifier: EUPL-1.2
"""What may stand in a field of a device, the same over HTTP, in CSV and in the city folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from uplink_decoder.domain.readings import OBSERVED, Asset

PLAIN = r"[A-Za-z0-9._:-]{1,128}"
ASSET_ID = {kind: re.compile(PLAIN) for kind in OBSERVED} | {
    "lot_gate": re.compile(f"{PLAIN}(/{PLAIN})?")
}
MAX_INTERVAL_S = 31_536_000

AssetKind = Literal["bay", "lot_gate", "vehicle", "environment"]
ObservationKind = Literal[
    "bay-occupancy", "vehicle-count", "passenger-count", "device-presence", "environment"
]
DevEui = Annotated[
    str,
    BeforeValidator(lambda value: value.strip().lower() if isinstance(value, str) else value),
    StringConstraints(
        pattern=r"^([0-9a-f]{16}|tts/[^/\x00-\x1f]+/[^/\x00-\x1f]+)$", max_length=200
    ),
]
Line = StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$")
Name = Annotated[str, Line, Field(min_length=1, max_length=200)]
Label = Annotated[str, Line, Field(max_length=200)]
Description = Annotated[str, Line, Field(max_length=2000)]
CodecId = Annotated[str, Line, Field(min_length=1, max_length=100)]
ExpectedInterval = Annotated[
    int, Field(gt=0, le=MAX_INTERVAL_S, description="longest time between two uplinks, seconds")
]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]

Key = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=60, pattern=r"^[^=;\x00-\x1f\x7f]+$"
    ),
]
Value = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^;\x00-\x1f\x7f]*$"),
]
Pairs = Annotated[
    dict[Key, Value],
    Field(max_length=50, description="keys without `=` and `;`, values without `;`"),
]


def check_asset(kind: str, asset_id: str, observes: str | None) -> Asset:
    """Return an asset whose id is one, and whose kind admits what is observed.

    Raises:
        ValueError: it is not, or does not.

    """
    if not ASSET_ID[kind].fullmatch(asset_id):
        form = "<lot_id>/<gate>" if kind == "lot_gate" else "letters, digits, . _ : -"
        raise ValueError(f"not the id of a {kind} ({form})")
    if observes is not None and observes not in OBSERVED[kind]:
        raise ValueError(f"a {kind} has no {observes}, only {', '.join(OBSERVED[kind])}")
    return Asset(kind, asset_id, observes)


def check_place(lat: float | None, lon: float | None) -> None:
    """Raise ValueError where one of the two is missing."""
    if (lat is None) != (lon is None):
        raise ValueError("lat and lon belong together")


def read_pairs(text: object) -> object:
    """Return `key=value;key=value` as a dictionary.

    Raises:
        ValueError: a key stands twice, or a pair has no `=`.

    """
    if not isinstance(text, str):
        return text
    found: dict[str, str] = {}
    for pair in filter(None, (each.strip() for each in text.split(";"))):
        key, sign, value = pair.partition("=")
        if not sign:
            raise ValueError(f"{pair!r} is not of the form key=value")
        if key.strip() in found:
            raise ValueError(f"{key.strip()!r} stands twice")
        found[key.strip()] = value.strip()
    return found


def write_pairs(pairs: Mapping[str, str]) -> str:
    """Return a dictionary as `key=value;key=value`, in the order of the keys."""
    return ";".join(f"{key}={value}" for key, value in sorted(pairs.items()))
