# SPDX-License-Identifier: EUPL-1.2
"""What a native codec takes and gives; owns no codec and does no I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

JsonValue = str | int | float | bool | None | Sequence["JsonValue"] | Mapping[str, "JsonValue"]


class CodecError(ValueError):
    """The payload cannot be read by this codec; the message names byte and reason."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One decrypted application payload with what a codec may need beside it.

    `variables` are the device's own, for scripts.
    """

    f_port: int
    payload: bytes
    received_at: datetime
    variables: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class BayReading:
    """A bay is occupied or free; `previous_duration_s` is how long the state before lasted."""

    occupied: bool
    previous_duration_s: int | None = None
    observed_at: datetime | None = None
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class CountReading:
    """Objects counted in and out at one gate or door; cumulative counters only ever grow."""

    gate: str
    mode: Literal["delta", "cumulative"]
    count_in: int
    count_out: int
    observed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PresenceReading:
    """Radio devices in reach; counts only, never an address."""

    wifi: int | None
    ble: int | None
    observed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """One quantity, named as in the catalogue (`quantities.py`), with its unit."""

    quantity: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class EnvironmentReading:
    """Quantities measured at one time, the first of a name counts.

    It describes an asset of kind `environment`; a bay sensor's own temperature is none.
    """

    measured: tuple[Measured, ...]
    observed_at: datetime | None = None


Reading = BayReading | CountReading | PresenceReading | EnvironmentReading


@dataclass(frozen=True, slots=True)
class Decoded:
    """The vendor's fields under clear names with units, and the readings they amount to."""

    data: Mapping[str, JsonValue]
    readings: tuple[Reading, ...] = ()
    battery_mv: int | None = None
    battery_percent: float | None = None
    warnings: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Codec:
    """A named, versioned pure function from frame to decoded fields."""

    codec_id: str
    version: int
    maker: str
    model: str
    decode: Callable[[Frame], Decoded]


@dataclass(frozen=True, slots=True)
class ScriptCodec:
    """A vendor's payload formatter; `stateless` says that one context may serve many frames.

    `mapping` is a declarative mapping (JSON) from decoded fields to readings.
    """

    codec_id: str
    version: int
    maker: str
    model: str
    source: str
    stateless: bool = False
    mapping: Mapping[str, JsonValue] | None = None
    language: Literal["javascript"] = "javascript"


AnyCodec = Codec | ScriptCodec
