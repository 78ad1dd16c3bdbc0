# SPDX-License-Identifier: EUPL-1.2
"""What tables, ledger, answers and retained states say otherwise than the truth."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import asyncpg
import httpx
import psycopg
from psycopg.rows import dict_row

from crash.campaign import ledger, places
from crash.campaign.beside import BESIDE, SHORT
from crash.campaign.contents import HOMES, STORED, differing_contents
from crash.campaign.flows import differing_flows
from crash.campaign.heard import heard
from crash.campaign.published import differing_feeds, differing_past
from crash.campaign.reckoning import Load, Truth, loads
from crash.campaign.shown import differing_age, differing_shown
from crash.campaign.stays import differing_stays
from crash.campaign.town import LOTS, WATCHED
from crash.campaign.trips import differing_serving
from crash.campaign.weather import differing_weather
from crash.identities import compare
from crash.truth import as_time, retained_states
from stadttakt_runtime.clock import utc_now
from vehicle_occupancy.domain.city import City
from vehicle_occupancy.storage import configuration

REFUSED = {
    "uplink": "select topic, payload from uplink.quarantine",
    "parking": "select topic, payload from parking.rejected",
    "transit": "select topic, payload from transit.rejected",
    "opendata": "select topic, payload from opendata.rejected",
}
LEVEL, NUMBERS = ("level", "occupancy_status"), ("load", "load_min", "load_max", "percentage")
NOTHING, SOON = "nothing", timedelta(seconds=1)
LEAST_SURE = 0.015
"""Confidence is told in hundredths."""

PUBLIC_WORDS = {
    None: "NO_DATA_AVAILABLE",
    "low": "MANY_SEATS_AVAILABLE",
    "medium": "FEW_SEATS_AVAILABLE",
    "high": "STANDING_ROOM_ONLY",
}
"""GTFS-Realtime's word for each level that everybody is told."""

TAKEN_OUT = "select coalesce(sum(times), 0)::bigint from uplink.quarantine"


@dataclass(frozen=True, slots=True)
class Asked:
    """Where to look: the database, the services, the broker."""

    database_url: str
    decoder: httpx.Client
    parking: httpx.Client
    transit: httpx.Client
    kpi: httpx.Client
    publisher: httpx.Client
    registry: httpx.Client
    mqtt_url: str
    root: str
    buses: City


def find(truth: Truth, asked: Asked) -> list[str]:
    """Return all that is not as it must be; the tables first, and only if they are right the answers.

    Who does not answer is told as well, and hides nothing of what the others say.
    """
    with psycopg.connect(asked.database_url) as connection:
        connection.execute("set transaction isolation level repeatable read")
        rows = {name: connection.execute(query).fetchall() for name, query in STORED.items()}
        refused = {
            name: {(row[0], bytes(row[1])) for row in connection.execute(query).fetchall()}
            for name, query in REFUSED.items()
        }
    stored = {name: Counter(row[0] for row in found) for name, found in rows.items()}
    resolve_doubts(truth, stored, refused)
    found = [*_rows(truth, stored), *_quarantine(truth, refused)] or [
        *differing_contents(truth, rows)
    ]
    if found:
        return found
    with psycopg.connect(asked.database_url, row_factory=dict_row) as connection:
        states = connection.execute("select * from parking.bay_state").fetchall()
        (taken_out,) = connection.execute(TAKEN_OUT).fetchone().values()  # type: ignore[union-attr]
    told = heard(_of_ledger(truth, asked, taken_out))
    found = [*_bay_rows(truth, states), *told]
    return (
        found
        or [*_answers(truth, asked)]
        or [
            *heard(differing_feeds(truth, asked.publisher)),
            *heard(differing_past(truth, asked.database_url, asked.kpi)),
            *heard(differing_stays(truth, asked.database_url, asked.parking)),
            *heard(differing_flows(truth, asked.database_url, asked.parking)),
            *heard(_feeds_of_vehicles(truth, asked)),
            *heard(differing_weather(truth, asked.database_url, asked.decoder)),
        ]
    )


def _of_ledger(truth: Truth, asked: Asked, taken_out: int) -> Iterator[str]:
    yield from ledger.differing_ledger(truth, ledger.read(asked.decoder), taken_out)


def resolve_doubts(
    truth: Truth,
    stored: Mapping[str, Counter[str]],
    refused: Mapping[str, set[tuple[str, bytes]]],
) -> None:
    """Tell of doubtful identities which are missing; what is found once is doubtful no more."""
    home = {kind: table for table, kinds in HOMES.items() for kind in kinds}
    found = set()
    for each in truth.told.values():
        key, table = (each.uplink, "uplink") if each.uplink else (each.event_id, home[each.kind])
        if each.identity in truth.doubtful and key in stored[table]:
            found.add(each.identity)
    for poison in truth.poison.values():
        taken = (poison.topic.decode(), poison.payload) in refused[poison.service]
        if taken and poison.identity in truth.doubtful:
            found.add(poison.identity)
    truth.doubtful -= found
    truth.missing = (truth.missing | truth.doubtful) - found


def _rows(truth: Truth, stored: Mapping[str, Counter[str]]) -> Iterator[str]:
    uplinks = truth.uplinks()
    yield from compare("uplink", stored["uplink"], (each.uplink or "" for each in uplinks))
    yield from compare("observation", stored["observation"], (each.event_id for each in uplinks))
    for table, kinds in HOMES.items():
        yield from compare(table, stored[table], (each.event_id for each in truth.of(*kinds)))


def _quarantine(truth: Truth, refused: Mapping[str, set[tuple[str, bytes]]]) -> Iterator[str]:
    for service, found in refused.items():
        sent = {
            (each.topic.decode(), each.payload): each.identity
            for each in truth.poison.values()
            if each.service == service
        }
        lost = [each for each in sent.keys() - found if sent[each] not in truth.missing]
        if lost:
            yield f"{service}: {len(lost)} poisonous messages are not in quarantine, e.g. {lost[0]}"
        if strangers := found - sent.keys():
            yield f"{service}: {len(strangers)} wrongly in quarantine, e.g. {min(strangers)}"


def _bay_rows(truth: Truth, states: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    shown = {
        row["bay_id"]: (row["state"], row["since"], row["measured_at"], row["newest_event_id"])
        for row in states
    }
    for bay_id, wanted in truth.bays().items():
        if shown.get(bay_id) != wanted:
            yield f"bay_state: {bay_id} is {shown.get(bay_id)} instead of {wanted}"


def _answers(truth: Truth, asked: Asked) -> Iterator[str]:
    now = utc_now()
    beside = len(BESIDE) + sum(BESIDE.values())
    lots_and_signs = len(LOTS) + len(WATCHED)
    retained = retained_states(
        asked.mqtt_url,
        asked.root,
        len(truth.bays()) + lots_and_signs + beside + len(asked.buses.vehicles),
    )
    yield from differing_shown("retained", truth, retained, now)
    yield from heard(_answers_of_parking(truth, asked))
    yield from heard(_buses(truth, asked))
    yield from heard(_vehicles(truth, asked, retained))


def _answers_of_parking(truth: Truth, asked: Asked) -> Iterator[str]:
    now, parking = utc_now(), asked.parking
    bays = _get(parking, "/v1/bays", limit="1000")["items"]
    answered = {
        **{f"bay/{each['bay_id']}": each for each in bays},
        **{f"lot/{lot_id}": _get(parking, f"/v1/lots/{lot_id}") for lot_id in (*LOTS, SHORT)},
        **{f"sign/{sign_id}": _get(parking, f"/v1/signs/{sign_id}") for sign_id in WATCHED},
    }
    yield from differing_shown("http", truth, answered, now)


def _buses(truth: Truth, asked: Asked) -> Iterator[str]:
    now = utc_now()
    wanted = loads(truth, asked.buses, now)
    told = {bus: _get(asked.transit, f"/v1/vehicles/{bus}") for bus in wanted}
    yield from differing_loads(truth, wanted, told, now)


def differing_loads(
    truth: Truth,
    wanted: Mapping[str, tuple[Load, datetime | None]],
    told: Mapping[str, Mapping[str, Any]],
    asked_at: datetime,
) -> Iterator[str]:
    """Yield what the entitled are told of buses otherwise; a checkpoint may round confidence the other way."""
    for bus, (word, heard_at) in wanted.items():
        shown = told[bus]
        found = Load._make(shown.get(name) for name in Load._fields)
        sure, own = found.confidence, word.confidence
        is_as_sure = None not in {sure, own} and abs(sure - own) < LEAST_SURE  # type: ignore[operator]
        if found != (word._replace(confidence=sure) if is_as_sure else word):
            yield f"http: bus {bus} has {found} instead of {word}"
        known_at = truth.must_be_known(bus, asked_at)
        yield from differing_age(f"http: bus {bus}", shown, heard_at, known_at)


def _vehicles(truth: Truth, asked: Asked, retained: Mapping[str, Any]) -> Iterator[str]:
    """Compare what is told of buses, over HTTP and as retained states, to the truth and to each other."""
    buses = asked.buses.vehicles
    yield from said_twice(partial(_retained_otherwise, asked))
    public = _told_to_everybody(asked)
    told = {f"vehicle/{bus}": each for bus, each in public.items()}
    told_at: dict[str, dict[str, places.Place | None]] = {
        "http": {bus: places.place_of(each) for bus, each in public.items()},
        "retained": {bus: places.place_of(retained.get(f"vehicle/{bus}") or {}) for bus in buses},
    }
    yield from differing_serving("http", truth, public)
    shown = {str(bus): retained.get(f"vehicle/{bus}") or {} for bus in buses}
    yield from differing_serving("retained", truth, shown)
    for where, found in told_at.items():
        yield from places.differing_places(where, truth, found, utc_now())
    yield from wrongly_public(told, utc_now())


def _retained_otherwise(asked: Asked) -> Iterator[str]:
    """Compare what is retained for everybody, and for the entitled, to what each is told over HTTP."""
    buses = asked.buses.vehicles
    public = {f"vehicle/{bus}": each for bus, each in _told_to_everybody(asked).items()}
    retained = retained_states(asked.mqtt_url, asked.root, len(buses), "state/vehicle/#")
    yield from differing_states(retained, public, [*LEVEL, *NUMBERS])
    entitled = {f"vehicle-load/{bus}": _get(asked.transit, f"/v1/vehicles/{bus}") for bus in buses}
    restricted = retained_states(asked.mqtt_url, asked.root, len(buses), "restricted/#")
    yield from differing_states(restricted, entitled, [*LEVEL, *NUMBERS])


def said_twice(look: Callable[[], Iterable[str]]) -> list[str]:
    """Return what two looks a second apart both find: HTTP says it a moment sooner than the broker and feeds do."""
    if not (found := [*look()]):
        return []
    time.sleep(SOON.total_seconds())
    again = {*look()}
    return [each for each in found if each in again]


def wrongly_public(told: Mapping[str, Mapping[str, Any]], now: datetime) -> Iterator[str]:
    """Yield the states for everybody that tell a load, two words for it, or of a departure that is still to come."""
    for name, each in told.items():
        if any(each.get(number) is not None for number in NUMBERS):
            yield f"http: {name} tells everybody its load: {each}"
        if each.get("occupancy_status") != (word := PUBLIC_WORDS[each.get("level")]):
            yield f"http: {name} is {each.get('occupancy_status')} instead of {word}"
        if (at := as_time(each.get("measured_at"))) is not None and at > now + SOON:
            yield f"http: {name} tells of a departure at {at}, which is to come"


def _told_to_everybody(asked: Asked) -> dict[str, Any]:
    """Return the state of each bus without a key."""
    with httpx.Client(base_url=str(asked.transit.base_url), timeout=15) as public:
        return {bus: _get(public, f"/v1/vehicles/{bus}") for bus in asked.buses.vehicles}


def _feeds_of_vehicles(truth: Truth, asked: Asked) -> Iterator[str]:
    yield from said_twice(partial(_vehicles_in_feeds, truth, asked))


def _vehicles_in_feeds(truth: Truth, asked: Asked) -> Iterator[str]:
    told = _told_to_everybody(asked)
    for feed, read in places.READ.items():
        found = read(asked.publisher.get(feed).raise_for_status().content)
        yield from places.differing_vehicles(feed, truth, found, told, utc_now())


def differing_states(
    retained: Mapping[str, Any], told: Mapping[str, Any], names: Iterable[str]
) -> Iterator[str]:
    """Yield what is retained otherwise than told; a retained word may be older, and say the same."""
    for entity, wanted in told.items():
        shown = retained.get(entity) or {}
        for name in names:
            if (found := shown.get(name, NOTHING)) != wanted.get(name):
                yield f"retained: {entity} has {name} {found} instead of {wanted.get(name)}"


def _get(http: httpx.Client, path: str, **query: str) -> Any:
    """Return what a service says; that it cannot say it now is no answer, and raises."""
    return http.get(path, params=query).raise_for_status().json()


def configured_buses(database_url: str) -> City:
    """Return the vehicles as the service reads them."""

    async def load() -> City:
        connection = await asyncpg.connect(database_url)
        try:
            await connection.execute("set search_path to transit")
            return await configuration.load(connection)
        finally:
            await connection.close()

    return asyncio.run(load())
