# SPDX-License-Identifier: EUPL-1.2
"""The vehicle service's parsers: counting systems' dialects, its own events, files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import Request

from fuzz.parsers.target import (
    NothingRightError,
    Parser,
    UnstorableError,
    at_once,
    check,
    right_ones,
)
from fuzz.parsers.uplinks import EXAMPLES, MEDIA_TYPES
from stadttakt_runtime.http.problem import ValidationFailed
from vehicle_occupancy.acceptance.counts_file import CountsRefusedError, read_counts
from vehicle_occupancy.api.inputs import read_events, topic_of, view_of
from vehicle_occupancy.dialects import DIALECTS
from vehicle_occupancy.dialects.model import Options, UnreadableError
from vehicle_occupancy.forecasting.csv_loads import read_loads
from vehicle_occupancy.forecasting.csv_series import SeriesError, read_series
from vehicle_occupancy.forecasting.resampling import Columns, resampled
from vehicle_occupancy.intake import rejected
from vehicle_occupancy.reading import RefusedError, read_topic

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
OPTIONS = (
    Options(zone=UTC),
    Options(zone=BERLIN, mode="delta", byte_order="big", vehicle_totals=True),
)
SEEDS = Path(__file__).parent / "seeds"
TOPICS = {
    "passenger-count": ["passenger-count", "bus-1", "1"],
    **{
        name: [name, "bus-1"]
        for name in ("device-presence", "axle-load", "vehicle-position", "trip-assignment")
    },
}
VEHICLES = {"bus-1", "tram-614"}
COUNTS = (
    b"vehicle_id,event_id,door,manual_in,manual_out,automatic_in,automatic_out,trip_id\n"
    b"bus-1,1,1,3,1,3,1,t1\nbus-1,2,2,0,1,0,2,\n"
)
LOADS = (
    b"date,trip_id,line,direction,sequence,stop_id,departure,load,seats,standing\n"
    b"2026-11-02,out,7,0,1,a,24:50:00,12,40,60\n2026-11-02,out,7,0,2,b,24:54:00,9,40,60\n"
)
TRIPS = b"date,trip_id,departure,load,capacity\n2026-11-02,out,07:10:00,12,100\n2026-11-03,out,07:10:00,15,100\n"
PLACES = b"time,place,count\n2026-11-02T07:00:00,a,12\n2026-11-02T07:15:00+01:00,a,15\n"
SHORT_INTERVALS = b"start,door,in,out\n" + b"".join(
    b"2026-11-02T%02d:%02d:00,a,%d,2\n" % (7 + at // 60, at % 60, at) for at in range(50, 80, 5)
)
COLUMNS = Columns("start", "door", ("in", "out"))


def _dialect(name: str) -> Parser:
    def read(data: bytes) -> Any:
        # The first byte says how the source is configured.
        return DIALECTS[name](data[1:], OPTIONS[data[0] % 2 if data else 0])

    seeds = [b"\x00" + path.read_bytes() for path in sorted(SEEDS.glob(f"{name}*"))]
    return Parser(name, read, (UnreadableError,), tuple(seeds))


def _event(name: str) -> Parser:
    example = (EXAMPLES / f"{name}.v1.json").read_bytes()
    return Parser(
        f"event-{name}",
        lambda data: read_topic(TOPICS[name], data, NOW),
        (RefusedError,),
        (example,),
    )


def _sent(data: bytes) -> Any:
    """The first byte says as what it is sent; what is answered can be written, what is quarantined be stored."""
    media_type = MEDIA_TYPES[data[0] % len(MEDIA_TYPES) if data else 0]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": data[1:], "more_body": False}

    headers = [(b"content-type", media_type.encode())]
    events = at_once(read_events(Request({"type": "http", "headers": headers}, receive)))
    return right_ones([said for number, each in enumerate(events) for said in _said(number, *each)])


def _said(number: int, event: Any, payload: bytes) -> list[Any]:
    """Return what one of several events says, if it is of a vehicle that is known."""
    levels, found, message = topic_of(event), [], None
    if levels is None:
        message = rejected(("http/observation", payload), "wrong_form", "no vehicle's message")
    else:
        topic = [quote(each, "") for each in levels]
        try:
            said = read_topic(topic, payload, NOW)
            found = [said] if levels[1] in VEHICLES else []
        except RefusedError as error:
            message = rejected(("/".join(topic), payload), error.reason, error.detail)
    view_of(number, event, message).model_dump_json()
    check(message)
    return found


def _text(data: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")


def _series(data: bytes) -> Any:
    """What nobody counted, and a capacity that the file does not state, is NaN in what is read, and only that."""
    series = read_series(_text(data), "file", BERLIN)
    panel, cells = series.panel, series.panel.cells
    known = [column[~np.isnan(column)].tolist() for column in (panel.value, series.capacity)]
    if not known[0]:
        raise UnstorableError("no value at all")
    numbers = [column.tolist() for column in (cells.group, cells.place, cells.run, cells.minute)]
    return known, numbers, panel.first, panel.days, series.groups, series.step_min


def _loads(data: bytes) -> Any:
    return right_ones(read_loads(_text(data), date(2026, 11, 26)).trips)


def _resampled(data: bytes) -> Any:
    return list(resampled(_text(data), COLUMNS, every_min=5, into_min=15))


def parsers() -> Iterator[Parser]:
    """Yield all of the vehicle service's."""
    yield from (_dialect(name) for name in DIALECTS)
    yield from (_event(name) for name in TOPICS)
    events = [(EXAMPLES / f"{name}.v1.json").read_bytes() for name in TOPICS]
    batches = (b"\x00" + events[0], b"\x01[" + b", ".join([*events, b"7"]) + b"]")
    yield Parser("batch-vehicles", _sent, (NothingRightError, ValidationFailed), batches)
    yield Parser("csv-acceptance", read_counts, (CountsRefusedError,), (COUNTS,))
    yield Parser("csv-loads", _loads, (NothingRightError,), (LOADS,))
    yield Parser("csv-vehicle-series", _series, (SeriesError,), (TRIPS, PLACES))
    yield Parser("csv-resampled", _resampled, (SeriesError,), (SHORT_INTERVALS,))
