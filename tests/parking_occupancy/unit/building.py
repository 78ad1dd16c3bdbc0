# SPDX-License-Identifier: EUPL-1.2
"""Builds domain objects with the defaults that most tests want."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from parking_occupancy.domain.bay import Bay, BayReport, assess
from parking_occupancy.domain.lot import Lot, LotReport, count
from parking_occupancy.domain.opening import Openings, always_closed, always_open
from parking_occupancy.domain.orders import AUTO, Mode, Override, Planned
from parking_occupancy.domain.restrictions import BayKind
from parking_occupancy.domain.sensors import fold
from parking_occupancy.domain.sign import Sign, Texts
from parking_occupancy.domain.thresholds import Thresholds
from parking_occupancy.domain.track import Observation, Reading, SensorId
from stadttakt_messages.base import BayId, LotId, SignId

T0 = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
LOT = LotId("platz")


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def seen(
    seconds: float,
    reading: str,
    *,
    event: str | None = None,
    bay: str = "platz-1",
    simulated: bool = False,
    sensor: str = "",
) -> Observation:
    return Observation(
        event_id=event or f"e{seconds}-{reading}",
        bay_id=BayId(bay),
        observed_at=at(seconds),
        reading=Reading(reading),
        simulated=simulated,
        sensor=SensorId(sensor),
    )


def make_bay(
    number: int = 1,
    *,
    kind: BayKind = BayKind.GENERAL,
    limit_s: float = 3600,
    out_of_service: bool = False,
    lot: LotId = LOT,
) -> Bay:
    return Bay(
        bay_id=BayId(f"{lot}-{number}"),
        lot_id=lot,
        kind=kind,
        lat=51.48,
        lon=11.96,
        heartbeat_limit=timedelta(seconds=limit_s),
        out_of_service=Planned() if out_of_service else None,
    )


def make_lot(
    capacity: int,
    *,
    reserve: int = 0,
    unknown_limit: float = 0.2,
    closed: bool = False,
    lot: LotId = LOT,
    alternatives: tuple[LotId, ...] = (),
) -> Lot:
    return Lot(
        lot_id=lot,
        name=lot.title(),
        capacity=capacity,
        detection="single_bay",
        lat=51.48,
        lon=11.96,
        opening="off" if closed else "24/7",
        reserve=reserve,
        unknown_limit=unknown_limit,
        alternatives=alternatives,
        openings=Openings(always_closed if closed else always_open),
    )


def make_sign(
    *,
    min_dwell_s: float = 60,
    stale_after_s: float = 900,
    hold_s: float = 120,
    thresholds: Thresholds | None = None,
    texts: Texts | None = None,
    mode: Mode = AUTO,
    override: Override | None = None,
    lot: LotId = LOT,
) -> Sign:
    return Sign(
        sign_id=SignId(f"{lot}-einfahrt"),
        lot_id=lot,
        detection="single_bay",
        lat=51.48,
        lon=11.96,
        min_dwell=timedelta(seconds=min_dwell_s),
        stale_after=timedelta(seconds=stale_after_s),
        hold=timedelta(seconds=hold_s),
        thresholds=thresholds,
        texts=texts or Texts(),
        mode=mode,
        override=override,
    )


def reports(
    states: str, now: datetime, *, seen_s: float = 0, limit_s: float = 3600
) -> list[BayReport]:
    """Return bays of the states `f`ree, `o`ccupied, `u`nknown and out of service (`x`)."""
    made = []
    for number, letter in enumerate(states, 1):
        bay = make_bay(number, limit_s=limit_s, out_of_service=letter == "x")
        reading = {"f": "free", "o": "occupied"}.get(letter)
        heard = [seen(seen_s, reading, bay=bay.bay_id)] if reading else []
        made.append(assess(bay, fold(None, heard), now))
    return made


def counted(
    states: str,
    now: datetime,
    *,
    lot: Lot | None = None,
    seen_s: float | None = None,
    limit_s: float = 3600,
) -> LotReport:
    """Return a lot of these bays, by default heard of this very moment."""
    heard_s = (now - T0).total_seconds() if seen_s is None else seen_s
    lot = lot or make_lot(len(states))
    return count(lot, reports(states, now, seen_s=heard_s, limit_s=limit_s), (), now)
