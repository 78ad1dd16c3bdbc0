# SPDX-License-Identifier: EUPL-1.2
"""Forecasts and scores as they are answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from stadttakt_runtime.http.paging import Page
from vehicle_occupancy.domain.forecast.distribution import P10, P50, P90
from vehicle_occupancy.domain.forecast.levels import NAMES, Name
from vehicle_occupancy.domain.forecast.public import told_chances
from vehicle_occupancy.domain.forecast.series import Floats
from vehicle_occupancy.domain.forecast.telling import WORDS, Horizon, Reason, Skill, Way
from vehicle_occupancy.domain.forecast.trip import TripForecast
from vehicle_occupancy.storage.forecasts import Stored

Kind = Literal["day_ahead", "live"]


class Chances(BaseModel):
    """How probable each level is."""

    low: float
    medium: float
    high: float


class ForecastStop(BaseModel):
    """What is expected when a trip leaves a stop; numbers need `transit:read`."""

    stop_id: str
    at: datetime
    level: Name = Field(description="the most probable one")
    probability: Chances
    load: int | None = Field(description="persons on board, the median")
    p10: int | None
    p90: int | None = Field(description="with 80 % probability the load lies from p10 to p90")


class Capacity(BaseModel):
    """What the expected vehicle holds."""

    seats: int
    standing: int


class ForecastTrip(BaseModel):
    """One trip; with `transit:read` what upstream showed is part of it."""

    trip_id: str
    direction: int
    start_date: str
    issued_at: datetime
    horizon: Kind = Field(description="`live` where upstream moved it; then `issued_at` says when")
    capacity: Capacity
    simulated: bool
    stops: list[ForecastStop]


class Withheld(BaseModel):
    """Why there is no forecast of a direction: a code for programs, words for people.

    Where `live` alone is withheld, trips are told as of the day before.
    """

    direction: int
    horizon: Kind
    code: Reason
    de: str
    en: str


class LineSkill(BaseModel):
    """Mean absolute errors in persons over the last days, of the forecast and its baselines."""

    direction: int
    horizon: Kind
    source: Literal["scored", "held_out"] = Field(
        description="`held_out`: not scored yet, but days that the learner forecast blind"
    )
    forecasts: int
    mae: float
    mae_last_week: float
    mae_historical_mean: float
    coverage: float = Field(description="how often the load lay from p10 to p90; 0.8 is meant")
    width: float
    level_accuracy: float = Field(description="how often the most probable level was right")
    level_accuracy_last_week: float
    level_accuracy_historical_mean: float
    brier: float = Field(description="Brier score of the three levels, 0 best, 2 worst")
    mae_day_ahead: float | None = Field(
        description="of `live`: the error of the day before's forecasts of the same departures"
    )


class LineForecast(Page[ForecastTrip]):
    """A line's trips of a period in order, directions that are withheld, and how good it is.

    `skill` is empty for who may not see numbers: sums of errors tell of single passengers.
    """

    line: str
    withheld: list[Withheld]
    skill: list[LineSkill]


class DayScore(LineSkill):
    """How good forecasts of a service day were."""

    day: date
    line: str


def trip_view(
    stored: Stored, since: datetime, until: datetime, *, key: bytes | None
) -> ForecastTrip:
    """Return a trip with those of its stops that it leaves within a period.

    As of now and with numbers, or with the key of what is published: what everybody may know.
    """
    trip = stored.kept.issued.trip if key else stored.trip_now
    chances = told_chances(key, trip) if key else trip.level_chances(trip.quantiles)
    issued_at = stored.issued_at if key else stored.live_at or stored.issued_at
    return ForecastTrip(
        trip_id=trip.trip_id,
        direction=trip.direction,
        start_date=f"{trip.day:%Y%m%d}",
        issued_at=issued_at,
        horizon="day_ahead" if key or stored.kept.live is None else "live",
        capacity=Capacity(seats=trip.places.seats, standing=trip.places.standing),
        simulated=trip.simulated,
        stops=[
            _stop(trip, index, at, chances[index], numbers=key is None)
            for index, at in enumerate(stored.departures_at)
            if trip.tells_of(index) and since <= at < until
        ],
    )


def _stop(
    trip: TripForecast, index: int, at: datetime, chances: Floats, *, numbers: bool
) -> ForecastStop:
    low, medium, high = (round(float(chance), 2) for chance in chances)
    load, p10, p90 = (round(float(trip.quantiles[index, place])) for place in (P50, P10, P90))
    return ForecastStop(
        stop_id=trip.stop_ids[index],
        at=at,
        level=NAMES[int(chances.argmax())],
        probability=Chances(low=low, medium=medium, high=high),
        load=load if numbers else None,
        p10=p10 if numbers else None,
        p90=p90 if numbers else None,
    )


def withheld_views(
    gone: Mapping[Horizon, Mapping[Way, Reason]], direction: int | None, *, knows_nothing: bool
) -> list[Withheld]:
    """Return why directions are withheld, each kind on its own; a line of which nothing is known says so."""
    reasons = [
        (way, horizon, reason)
        for horizon, of_kind in gone.items()
        for (_, way), reason in of_kind.items()
        if direction in (None, way)
    ]
    if knows_nothing and not reasons:
        ways = (0, 1) if direction is None else (direction,)
        reasons = [(way, Horizon.DAY_AHEAD, Reason.TOO_LITTLE_HISTORY) for way in ways]
    return [
        Withheld(
            direction=way, horizon=horizon.value, code=reason,
            de=WORDS[reason][0], en=WORDS[reason][1],
        )
        for way, horizon, reason in sorted(reasons)
    ]  # fmt: skip


def skill_view(skill: Skill) -> LineSkill:
    """Return how good forecasts were."""
    fields: dict[str, Any] = {
        name: getattr(skill, name) for name in LineSkill.model_fields if name != "line"
    }
    return LineSkill(**fields)
