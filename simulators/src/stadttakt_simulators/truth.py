# SPDX-License-Identifier: EUPL-1.2
"""The log of what really happened, one JSON object a line, against which tests count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import orjson

from stadttakt_simulators.transit.reports import DoorTruth, StopTruth


@dataclass(frozen=True, slots=True)
class BayTruth:
    """A bay's real state from `time` on (wall clock), whatever its sensor reports."""

    time: str
    lot_id: str
    bay_id: str
    occupied: bool
    record: Literal["bay"] = "bay"


@dataclass(frozen=True, slots=True)
class GateTruth:
    """A car passed a gate, which counted it so many times: 0, 1 or 2."""

    time: str
    lot_id: str
    gate: str
    inwards: bool
    counted: int
    record: Literal["gate"] = "gate"


@dataclass(frozen=True, slots=True)
class SearchTruth:
    """A car came to a lot without a place for it; it parked at `until`, or drove on."""

    time: str
    lot_id: str
    until: str
    parked: bool
    record: Literal["search"] = "search"


@dataclass(frozen=True, slots=True)
class UplinkTruth:
    """An uplink on the air; `delivered` is false where a fault or the radio kept it from the broker."""

    time: str
    dev_eui: str
    network: str
    identity: str | None
    f_cnt: int
    f_port: int
    payload_hex: str
    occasion: str
    bay_id: str | None
    occupied: bool | None
    delivered: bool
    record: Literal["uplink"] = "uplink"


@dataclass(frozen=True, slots=True)
class FaultTruth:
    """A fault that was injected into the uplink with this identity."""

    time: str
    fault: str
    dev_eui: str
    identity: str | None
    detail: str
    record: Literal["fault"] = "fault"


@dataclass(frozen=True, slots=True)
class UnpublishedTruth:
    """A message that never got the broker's acknowledgement before the simulator ended."""

    identity: str
    dev_eui: str
    record: Literal["unpublished"] = "unpublished"


Truth = (
    BayTruth
    | GateTruth
    | SearchTruth
    | UplinkTruth
    | FaultTruth
    | UnpublishedTruth
    | StopTruth
    | DoorTruth
)


class TruthLog:
    """Appends records to a file, or drops them where no file was asked for."""

    def __init__(self, path: Path | None) -> None:
        self._file: BinaryIO | None = path.open("wb") if path else None

    def write(self, records: Iterable[Truth]) -> None:
        """This function writes records and flushes, so that a reader beside it sees whole lines."""
        if self._file is None:
            return
        for record in records:
            self._file.write(orjson.dumps(asdict(record)) + b"\n")
        self._file.flush()

    def close(self) -> None:
        """This function closes the file."""
        if self._file is not None:
            self._file.close()
