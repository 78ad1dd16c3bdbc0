# SPDX-License-Identifier: EUPL-1.2
"""What is told no more: by another policy, and of a bay that becomes a person's."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree

from stadttakt_messages.states import LotState
from support.open_data import OPEN_POLICY, bay, lot
from support.open_data_rows import Rows
from support.open_data_world import World, until

SITES = "/feeds/parkapi/v3/parking-sites"
SPOTS = "/feeds/parkapi/v3/parking-spots"
STATUS = "/feeds/datex2/v2/parking-status.xml"
TABLE = "/feeds/datex2/v2/parking-table.xml"
FREE_STREAM = "/sensorthings/v1.1/Datastreams('lot:markt:free')"


@pytest.fixture
def world(tmp_path: Path, database_url: str, mqtt_url: str) -> World:
    return World(tmp_path, database_url, mqtt_url)


@pytest.fixture
def rows(database_url: str) -> Rows:
    return Rows(database_url)


def now() -> datetime:
    return datetime.now(tz=UTC)


def fresh(**more: Any) -> LotState:
    times = {"computed_at": now(), "valid_until": now() + timedelta(minutes=10)}
    return lot(**{"measured_at": now(), **times, **more})


def free_of(client: httpx.Client) -> Any:
    answer = client.get(SITES)
    if answer.status_code != 200:
        return answer.json()["code"]
    (site,) = answer.json()["items"]
    return site.get("realtime_free_capacity")


def spots(client: httpx.Client, **query: str) -> set[str]:
    answer = client.get(SPOTS, params=query)
    return {item["uid"] for item in answer.json()["items"]} if answer.status_code == 200 else set()


def test_a_bay_that_becomes_a_persons_vanishes_with_all_that_was_told_of_it(
    world: World, rows: Rows
) -> None:
    rows.lot("markt")
    for bay_id, kind in (("mine", "resident"), ("gone", "general"), ("late", "general")):
        rows.bay(bay_id, "markt", kind)
    told = [
        bay(each, valid_until=now() + timedelta(hours=1))
        for each in ("mine", "gone", "late", "stays")
    ]
    with world.publisher() as client:
        world.tell(*told)
        until(lambda: len(spots(client)) == 4)
        then = now().isoformat()
        # As parking withdraws it: an empty retained state. The last one says it itself.
        world.publish(*((world.message(each)[0], b"") for each in told[:2]))
        world.tell(told[2].model_copy(update={"kind": "disabled_assigned"}))
        until(lambda: spots(client) == {"stays"})
        assert client.get("/sensorthings/v1.1/Things('bay:mine')").status_code == 404
        assert spots(client, at=then) == {"gone", "stays"}
        things = client.get("/sensorthings/v1.1/Things", params={"at": then}).text
        assert "bay:stays" in things
        assert "bay:mine" not in things
        assert "bay:late" not in things


def version_of_table(client: httpx.Client) -> int:
    found = etree.fromstring(client.get(TABLE).content)
    return int(found.xpath("//*[local-name()='parkingTable']/@version")[0])


def test_another_policy_makes_another_version_of_static_feeds_where_it_changes_them(
    world: World,
) -> None:
    closed = OPEN_POLICY.replace("by_group, max_stay_min, max_height", "by_group, max_height")
    with world.publisher() as client:
        world.tell(fresh(max_stay_min=60))
        until(lambda: "maximumParkingDuration" in client.get(TABLE).text)
        first = version_of_table(client)
        world.policy.write_text(closed)
        until(lambda: "maximumParkingDuration" not in client.get(TABLE).text)
        second = version_of_table(client)
        assert second > first
        world.policy.write_text(closed.replace("closed_reason, trend,", "closed_reason,"))
        until(lambda: "decreasing" not in client.get(STATUS).text)
        assert version_of_table(client) == second
    with world.publisher() as client:
        until(lambda: client.get(TABLE).status_code == 200)
        assert version_of_table(client) == second


def test_another_policy_holds_without_a_restart_and_a_wrong_one_does_not(world: World) -> None:
    def refused(client: httpx.Client) -> bool:
        return "stadttakt_opendata_policy_refused 1.0" in client.get("/metrics").text

    with world.publisher() as client:
        world.tell(fresh())
        until(lambda: free_of(client) == 12)
        world.policy.write_text(
            OPEN_POLICY.replace("capacity, free, free_min", "capacity, free_min")
        )
        until(lambda: free_of(client) is None)
        assert b"parkingNumberOfVacantSpaces" not in client.get(STATUS).content
        assert client.get(TABLE).status_code == 200
        assert client.get(FREE_STREAM).status_code == 404
        world.policy.write_text(OPEN_POLICY.replace("kind: lot", "kind: lott"))
        until(lambda: refused(client))
        assert free_of(client) is None
        # What is opened again is known at once: the broker still has it.
        world.policy.write_text(OPEN_POLICY)
        until(lambda: free_of(client) == 12)
        until(lambda: client.get(FREE_STREAM).status_code == 200)
        assert not refused(client)
        world.tell(fresh(free=7, occupied=32))
        until(lambda: free_of(client) == 7)
        world.policy.unlink()
        until(lambda: free_of(client) == "not_public")
        until(lambda: "Tiefgarage" not in client.get("/").text)
        assert client.get("/").status_code == 200
