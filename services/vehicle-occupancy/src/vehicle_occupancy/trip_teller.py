# SPDX-License-Identifier: EUPL-1.2
"""Tells everybody how full trips will be: retained states of the forecasts issued the day before.

What was told is remembered in memory only: after a start and a reconnect all is told again, which
readers take as the same telling. Live forecasts are not told: they would show who boarded.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import orjson

from stadttakt_messages.envelope import event_type, schema_urn
from stadttakt_messages.states import StopForecast, TripState
from stadttakt_messages.topics import Topics
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import MqttConnection, Outgoing
from stadttakt_runtime.process import pause
from vehicle_occupancy import metrics
from vehicle_occupancy.domain.forecast.levels import NAMES
from vehicle_occupancy.domain.forecast.public import told_chances
from vehicle_occupancy.domain.forecast.trip import TripForecast
from vehicle_occupancy.domain.levels import public_status
from vehicle_occupancy.domain.load.level import Level
from vehicle_occupancy.domain.timetable import DayTimetable, TripId
from vehicle_occupancy.settings import Settings
from vehicle_occupancy.storage import forecast_scores, forecast_settings, forecasts, timetable
from vehicle_occupancy.storage.forecasts import Key, Stored
from vehicle_occupancy.wire import SOURCE

log = get_logger(__name__)

Clock = Callable[[], datetime]

AHEAD = timedelta(hours=24)
AT_ONCE = 200
NAME = "trip-state"


class TripTeller:
    """Looks as often as forecasts are renewed: what is new, and what must not be told any more."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        mqtt: MqttConnection,
        topics: Topics,
        *,
        key: bytes,
    ) -> None:
        self._every_s = settings.forecast_every_s
        self._database = database
        self._mqtt = mqtt
        self._topics = topics
        self._key = key
        self._told: dict[str, Key] = {}
        self._emptied: set[str] = set()
        self._epoch = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Tell until `stop`."""
        while not stop.is_set():
            if self._mqtt.is_connected:
                await self.tell()
            await pause(stop, self._every_s)

    async def tell(self, clock: Clock = utc_now) -> None:
        """Publish the trips of the next day that were not told yet; empty what is withheld.

        `clock` is asked for each part anew: one waits for as long as the broker is away.
        """
        now = clock()
        if self._mqtt.epoch != self._epoch:
            # A broker that died may have forgotten everything.
            self._told, self._emptied, self._epoch = {}, set(), self._mqtt.epoch
        found, gone = await self._database.read(lambda c: _ahead(c, now))
        wanted = {_key(each): each for each in found if (each.line, each.direction) not in gone}
        withheld = {_key(each) for each in found} - wanted.keys()
        dropped = {key for key, each in self._told.items() if each.ends_at > now} - wanted.keys()
        empty = sorted((withheld | dropped) - self._emptied)
        await self._mqtt.publish_all(
            [Outgoing(self._topics.state("trip", key), b"", retain=True) for key in empty]
        )
        self._emptied = withheld | dropped
        self._told = {key: each for key, each in self._told.items() if key in wanted}
        new = [each for key, each in wanted.items() if self._told.get(key) != each]
        if new:
            await self._publish(new, clock)
            log.info("trips_told", trips=len(new))

    async def _publish(self, new: Iterable[Key], clock: Clock) -> None:
        by_day: defaultdict[date, list[Key]] = defaultdict(list)
        for each in new:
            by_day[each.day].append(each)
        for day, keys in sorted(by_day.items()):
            plan = await self._database.read(partial(timetable.load_day, day=day))
            for first in range(0, len(keys), AT_ONCE):
                some = keys[first : first + AT_ONCE]
                await self._send(await self._messages(day, some, plan, clock))
                self._told.update((_key(each), each) for each in some)

    async def _messages(
        self, day: date, keys: Sequence[Key], plan: DayTimetable | None, clock: Clock
    ) -> list[Outgoing]:
        trips = [each.trip_id for each in keys]
        stored = await self._database.read(lambda c: forecasts.of_trips(c, day, trips))
        found = (trip_state(each, plan, self._key) for each in stored)
        told = (state for state in found if state is not None)
        now = clock()
        return [self._message(state, now) for state in told if state.valid_until > now]

    async def _send(self, messages: Sequence[Outgoing]) -> None:
        await self._mqtt.publish_all(messages)
        metrics.PUBLISHED.labels("trip").inc(len(messages))

    def _message(self, state: TripState, now: datetime) -> Outgoing:
        expiry_s = int((state.valid_until - now).total_seconds())
        topic = self._topics.state("trip", state.trip_key)
        return Outgoing(topic, _event(state), retain=True, expiry_s=max(1, expiry_s))


async def _ahead(
    connection: Any, now: datetime
) -> tuple[Sequence[Key], Container[tuple[str, int]]]:
    """Return the trips of the next day, and the lines and directions that nothing is told of."""
    found = await forecasts.keys(connection, now, now + AHEAD)
    today = await forecast_settings.service_day(connection, now)
    return found, (await forecast_scores.withheld_on(connection, today)).day_ahead


def trip_state(stored: Stored, plan: DayTimetable | None, key: bytes) -> TripState | None:
    """Return what everybody may know of a trip; none where the timetable has another one by now.

    A trip of which only a headway is planned has no stop times of its own and is not told.
    """
    trip = stored.kept.issued.trip
    planned = plan.trips.get(TripId(trip.trip_id)) if plan else None
    if planned is None or not planned.exact:
        return None
    sequences = [call.sequence for call in planned.stop_times[:-1]]
    if tuple(call.stop_id for call in planned.stop_times[:-1]) != trip.stop_ids:
        return None
    levels = told_chances(key, trip).argmax(axis=1)
    stops = [
        _stop(trip, index, sequence, at, Level(NAMES[int(levels[index])]))
        for index, (sequence, at) in enumerate(zip(sequences, stored.departures_at, strict=True))
        if trip.tells_of(index)
    ]
    return TripState(
        trip_key=f"{trip.day:%Y%m%d}:{trip.trip_id}",
        trip_id=trip.trip_id,
        start_date=f"{trip.day:%Y%m%d}",
        line=trip.line,
        direction=trip.direction,
        stops=stops,
        issued_at=stored.issued_at,
        valid_until=stored.departures_at[-1] + timedelta(minutes=1),
        simulated=trip.simulated,
    )


def _stop(
    trip: TripForecast, index: int, sequence: int, at: datetime, level: Level
) -> StopForecast:
    return StopForecast(
        stop_id=trip.stop_ids[index],
        stop_sequence=sequence,
        at=at,
        level=level.value,
        occupancy_status=public_status(level).value,
    )


def _key(each: Key) -> str:
    return f"{each.day:%Y%m%d}:{each.trip_id}"


def _event(state: TripState) -> bytes:
    fields = {
        "specversion": "1.0",
        "id": f"trip/{state.trip_key}/{state.issued_at.isoformat()}",
        "source": SOURCE,
        "type": event_type(NAME),
        "subject": f"trip/{state.trip_key}",
        "time": state.issued_at,
        "datacontenttype": "application/json",
        "dataschema": schema_urn(NAME),
        "data": orjson.Fragment(state.model_dump_json().encode()),
    }
    if state.simulated:
        fields["simulated"] = True
    return orjson.dumps(fields, option=orjson.OPT_UTC_Z)
