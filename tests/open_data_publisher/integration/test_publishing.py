# SPDX-License-Identifier: EUPL-1.2
"""From a retained state on the broker to the bytes of a feed, and back to what was public before."""

import gzip
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from lxml import etree

from open_data_publisher.feeds.catalogue import FEEDS
from stadttakt_messages.states import LotState, TripState, VehicleState
from support.open_data import OPEN_POLICY, bay, lot, somewhere, trip, vehicle
from support.open_data_world import World
from support.service import running

SITES = "/feeds/parkapi/v3/parking-sites"
STATUS = "/feeds/datex2/v2/parking-status.xml"
TABLE = "/feeds/datex2/v2/parking-table.xml"
POSITIONS = "/feeds/gtfs-rt/vehicle-positions.pb"
TRIPS = "/feeds/gtfs-rt/trip-updates.pb"
FREE_STREAM = "/sensorthings/v1.1/Datastreams('lot:markt:free')"


@pytest.fixture
def world(tmp_path: Path, database_url: str, mqtt_url: str) -> World:
    return World(tmp_path, database_url, mqtt_url)


def now() -> datetime:
    return datetime.now(tz=UTC)


def fresh(**more: Any) -> LotState:
    times = {
        "measured_at": now() - timedelta(seconds=2),
        "computed_at": now() - timedelta(seconds=1),
        "valid_until": now() + timedelta(minutes=10),
    }
    return lot(**{**times, **more})


def on_the_road(**more: Any) -> VehicleState:
    fields = {
        "valid_until": now() + timedelta(minutes=2),
        "measured_at": now() - timedelta(minutes=1),
        **somewhere(position_at=now() - timedelta(seconds=3)),
    }
    return vehicle(**{**fields, **more})


def to_come(**more: Any) -> TripState:
    stops = [
        {
            "stop_id": f"s-{number}",
            "stop_sequence": number,
            "at": now() + timedelta(minutes=number),
            "level": "low",
            "occupancy_status": "MANY_SEATS_AVAILABLE",
        }
        for number in (1, 2)
    ]
    return trip(**{"stops": stops, "valid_until": now() + timedelta(minutes=3), **more})


def until(condition: Callable[[], bool], within_s: float = 20) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def free_of(client: httpx.Client, lot_id: str = "markt", **query: str) -> Any:
    answer = client.get(SITES, params=query)
    if answer.status_code != 200:
        return answer.json()["code"]
    found = {item["uid"]: item for item in answer.json()["items"]}
    return found.get(lot_id, {}).get("realtime_free_capacity")


def test_a_state_becomes_every_feed_and_a_newer_one_replaces_it(world: World) -> None:
    with world.publisher() as client:
        assert client.get(SITES).status_code == 503
        world.tell(fresh(free=12), bay(valid_until=now() + timedelta(hours=1)))
        world.tell(on_the_road(), to_come())
        until(lambda: free_of(client) == 12 and client.get(TRIPS).status_code == 200)
        for feed in FEEDS:
            answer = client.get(feed.path)
            assert answer.status_code == 200, feed.path
            assert answer.headers["content-type"].startswith(feed.media_type)
        world.tell(fresh(free=7))
        until(lambda: free_of(client) == 7)
        found = etree.fromstring(client.get(STATUS).content)
        assert found.xpath("//*[local-name()='parkingNumberOfVacantSpaces']/text()") == ["7", "1"]


def test_who_has_it_already_is_told_so_and_gzip_is_the_same_feed(world: World) -> None:
    with world.publisher() as client:
        world.tell(fresh())
        until(lambda: free_of(client) == 12)
        # Last-Modified is told to the second: within the same one nobody can be sure.
        time.sleep(1.1)
        plain = client.get(
            TABLE, headers={"accept-encoding": "identity", "origin": "https://app.example"}
        )
        with client.stream("GET", TABLE, headers={"accept-encoding": "gzip"}) as zipped:
            packed = b"".join(zipped.iter_raw())
        assert zipped.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed) == plain.content
        assert zipped.headers["etag"] != plain.headers["etag"]
        again = client.get(
            TABLE,
            headers={"accept-encoding": "identity", "if-none-match": plain.headers["etag"]},
        )
        assert again.status_code == 304
        since = {"accept-encoding": "identity", "if-modified-since": plain.headers["last-modified"]}
        assert client.get(TABLE, headers=since).status_code == 304
        assert plain.headers["access-control-allow-origin"] == "*"


def test_the_table_stays_the_same_bytes_while_only_counts_change(world: World) -> None:
    with world.publisher() as client:
        world.tell(fresh(free=12))
        until(lambda: free_of(client) == 12)
        before = client.get(TABLE).headers["etag"]
        world.tell(fresh(free=1))
        until(lambda: free_of(client) == 1)
        assert client.get(TABLE).headers["etag"] == before
        world.tell(fresh(capacity=99))
        until(lambda: client.get(TABLE).headers["etag"] != before)


def test_an_upstream_that_stops_leaves_no_frozen_value(world: World) -> None:
    with world.publisher() as client:
        world.tell(fresh(valid_until=now() + timedelta(seconds=2)))
        until(lambda: free_of(client) == 12)
        until(lambda: free_of(client) is None)
        assert b"statusUnknown" in client.get(STATUS).content


def test_an_upstream_that_stops_raises_an_alert(world: World) -> None:
    with world.publisher(STADTTAKT_OPENDATA_STALE_AFTER_S="10") as client:
        world.tell(fresh())
        until(lambda: free_of(client) == 12)

        def kinds() -> list[Any]:
            with psycopg.connect(world.database_url) as connection:
                return connection.execute(
                    "select kind, alert_id from opendata.alert where cleared_at is null"
                ).fetchall()

        until(lambda: ("feed-stale", "lot") in kinds(), within_s=40)


def test_a_lot_that_is_withdrawn_leaves_the_feeds(world: World) -> None:
    with world.publisher() as client:
        world.tell(fresh(), fresh(lot_id="zoo"))
        until(lambda: free_of(client, "zoo") == 12)
        world.publish((f"{world.root}/state/lot/zoo", b""))
        until(lambda: free_of(client, "zoo") is None)
        assert b"zoo" not in client.get(TABLE).content


def test_what_was_public_then_is_told_again(world: World) -> None:
    with world.publisher() as client:
        world.tell(fresh(free=12))
        until(lambda: free_of(client) == 12)
        first = now()
        world.tell(fresh(free=5), fresh(lot_id="zoo"))
        until(lambda: free_of(client) == 5)
        second = now()
        world.publish((f"{world.root}/state/lot/zoo", b""))
        until(lambda: free_of(client, "zoo") is None)
        assert free_of(client, at=first.isoformat()) == 12
        assert free_of(client, "zoo", at=first.isoformat()) is None
        assert free_of(client, "zoo", at=second.isoformat()) == 12
        assert free_of(client, at=second.isoformat()) == 5
        long_ago = (first - timedelta(days=1)).isoformat()
        assert free_of(client, at=long_ago) == "nothing_public_then"
        assert free_of(client, at=(now() + timedelta(days=1)).isoformat()) == "at_in_future"
        assert client.get(SITES, params={"at": "yesterday"}).status_code == 422


@pytest.mark.parametrize("at", ["0001-01-01T11:01:00Z", "0001-01-01T00:00:00+14:00"])
@pytest.mark.parametrize("path", [SITES, POSITIONS, "/feeds/siri/vm.xml", "/catalog"])
def test_past_before_all_that_is_kept_is_not_known(world: World, path: str, at: str) -> None:
    with world.publisher() as client:
        answer = client.get(path, params={"at": at})
        assert (answer.status_code, answer.json()["code"]) == (404, "no_longer_kept")


def test_the_past_does_not_outlive_its_validity(world: World) -> None:
    with world.publisher() as client:
        world.tell(fresh(valid_until=now() + timedelta(seconds=1)))
        until(lambda: free_of(client) == 12)
        then = now()
        time.sleep(1.5)
        later = now()
        assert free_of(client, at=then.isoformat()) == 12
        assert free_of(client, at=later.isoformat()) is None


def test_bays_are_unknown_once_parking_renews_their_lot_no_more(world: World) -> None:
    def said(**query: str) -> Any:
        answer = client.get("/feeds/parkapi/v3/parking-spots", params=query)
        items = answer.json().get("items", [])
        return [item["realtime_status"] for item in items]

    held = bay(valid_until=now() + timedelta(hours=2))
    with world.publisher() as client:
        ends = now() + timedelta(seconds=3)
        world.tell(fresh(valid_until=ends), held)
        until(lambda: said() == ["AVAILABLE"])
        then = now()
        until(lambda: said() == ["UNKNOWN"])
        silent = now()
        assert said(at=then.isoformat()) == ["AVAILABLE"]
        assert said(at=silent.isoformat()) == ["UNKNOWN"]
        world.tell(fresh())
        until(lambda: said() == ["AVAILABLE"])
        assert said(at=silent.isoformat()) == ["UNKNOWN"]
        assert said(at=now().isoformat()) == ["AVAILABLE"]


def test_a_publisher_that_starts_anew_serves_what_it_knew_and_missed(world: World) -> None:
    with world.publisher() as client:
        world.tell(fresh(free=12))
        until(lambda: free_of(client) == 12)
    world.tell(fresh(free=3))
    with world.publisher() as client:
        until(lambda: free_of(client) == 3)


def test_what_is_no_state_is_kept_aside_and_harms_nobody(world: World) -> None:
    with world.publisher() as client:
        world.publish(
            (f"{world.root}/state/lot/broken", b"{"),
            (f"{world.root}/state/lot/other", world.message(fresh())[1]),
        )
        world.tell(fresh())
        until(lambda: free_of(client) == 12)
        with psycopg.connect(world.database_url) as connection:
            rows = connection.execute("select reason from opendata.rejected order by 1").fetchall()
    assert rows == [("invalid_state",), ("wrong_entity",)]


def test_the_same_message_twice_is_one_telling(world: World) -> None:
    with world.publisher() as client:
        message = world.message(fresh())
        world.publish(message, message)
        until(lambda: free_of(client) == 12)
        world.publish(message)
        world.tell(fresh(lot_id="zoo"))
        until(lambda: free_of(client, "zoo") == 12)
        with psycopg.connect(world.database_url) as connection:
            rows = connection.execute(
                "select count(*) from opendata.past where entity_id = 'markt'"
            ).fetchone()
    assert rows == (1,)


def told(client: httpx.Client, path: str, **query: str) -> list[Any]:
    answer = client.get(path, params={"format": "json", **query})
    if answer.status_code != 200:
        return [answer.json()["code"]]
    assert answer.headers["content-type"] == "application/json"
    return list(answer.json().get("entity", []))


def test_a_vehicle_is_seen_where_it_is_and_not_where_it_was(world: World) -> None:
    with world.publisher() as client:
        world.tell(on_the_road())
        until(lambda: client.get(POSITIONS).status_code == 200)
        first = now()
        world.tell(on_the_road(**somewhere(lat=51.5, position_at=now())))
        until(lambda: told(client, POSITIONS)[0]["vehicle"]["position"]["latitude"] == 51.5)
        (then,) = told(client, POSITIONS, at=first.isoformat())
        assert then["vehicle"]["occupancy_status"] == "FEW_SEATS_AVAILABLE"
        assert "position" not in then["vehicle"]
        with psycopg.connect(world.database_url) as connection:
            rows = connection.execute("select state from opendata.past").fetchall()
        assert [row[0].get("lat") for row in rows] == [None]


def test_which_vehicle_drove_is_told_for_two_hours_and_then_forgotten(world: World) -> None:
    def older(told_before: timedelta) -> None:
        with psycopg.connect(world.database_url) as connection:
            connection.execute(
                "update opendata.past set told_at = %s, held_until = %s",
                (now() - told_before, now()),
            )

    with world.publisher() as client:
        world.tell(on_the_road(), fresh())
        until(lambda: client.get(POSITIONS).status_code == 200)
        until(lambda: free_of(client) == 12)
        older(timedelta(hours=3))
        (entity,) = told(client, POSITIONS, at=(now() - timedelta(minutes=110)).isoformat())
        assert entity["vehicle"]["trip"]["trip_id"] == "t-1"
        asked = {"at": (now() - timedelta(minutes=130)).isoformat()}
        assert told(client, POSITIONS, **asked) == ["nothing_public_then"]
        assert client.get("/feeds/siri/vm.xml", params=asked).status_code == 404
        assert free_of(client, **asked) == 12
    with world.publisher() as client:
        until(lambda: vehicles_kept(world) == 0)
        assert free_of(client, **asked) == 12


def vehicles_kept(world: World) -> int:
    with psycopg.connect(world.database_url) as connection:
        (count,) = connection.execute(
            "select count(*) from opendata.past where kind = 'vehicle' and told_at < %s",
            (now() - timedelta(hours=2),),
        ).fetchone() or (0,)
    return int(count)


def test_a_vehicle_that_is_silent_has_no_data_and_no_place(world: World) -> None:
    with world.publisher() as client:
        world.tell(on_the_road(valid_until=now() + timedelta(seconds=2)))
        until(lambda: client.get(POSITIONS).status_code == 200)

        def is_unknown() -> bool:
            (entity,) = told(client, POSITIONS)
            gone = "position" not in entity["vehicle"]
            return gone and entity["vehicle"]["occupancy_status"] == "NO_DATA_AVAILABLE"

        until(is_unknown)
        assert b"<Occupancy>unknown</Occupancy>" in client.get("/feeds/siri/vm.xml").content


def test_a_trip_that_is_withheld_leaves_an_empty_feed_and_was_told_before(world: World) -> None:
    with world.publisher() as client:
        assert client.get(TRIPS).status_code == 503
        state = to_come()
        world.tell(state)
        until(lambda: client.get(TRIPS).status_code == 200)
        then = now()
        world.publish((f"{world.root}/state/trip/{state.trip_key}", b""))
        until(lambda: told(client, TRIPS) == [])
        assert len(told(client, TRIPS, at=then.isoformat())) == 1


def test_a_wrong_form_is_refused(world: World) -> None:
    with world.publisher() as client:
        assert client.get(POSITIONS, params={"format": "xml"}).status_code == 422
        world.tell(on_the_road())
        until(lambda: client.get(POSITIONS).status_code == 200)
        text = client.get(POSITIONS, params={"format": "text"})
        assert text.headers["content-type"].startswith("text/plain")
        assert 'id: "tram-601"' in text.text


def test_standby_takes_over_under_the_policy_that_holds_then(world: World) -> None:
    with ExitStack() as standing_by:
        with world.publisher() as first:
            world.tell(fresh())
            until(lambda: free_of(first) == 12)
            second = standing_by.enter_context(
                running("open_data_publisher", **{**world.settings, "STADTTAKT_INSTANCE": "second"})
            )
            assert second.get("/ready").status_code == 503
            world.policy.write_text(
                OPEN_POLICY.replace("capacity, free, free_min", "capacity, free_min")
            )
            until(lambda: free_of(first) is None)
            time.sleep(1.5)
        heard: list[Any] = []

        def leads() -> bool:
            heard.append(free_of(second))
            return second.get("/ready").status_code == 200

        until(leads)
        assert 12 not in heard
        assert free_of(second) is None
