# SPDX-License-Identifier: EUPL-1.2
"""SensorThings over HTTP: what was public as observations, and the environment as the city opens it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from stadttakt_messages.states import LotState
from support.open_data import OPEN_POLICY, bay, lot
from support.open_data_rows import Rows
from support.open_data_world import HEAD, World, until

BASE = "/sensorthings/v1.1"
LICENCE = "https://www.govdata.de/dl-de/zero-2-0"
ENVIRONMENT = f"""datasets:
  - dataset_id: environment
    source: environment
    {HEAD}
    aggregation: 15m
    fields: [asset_id, quantity, start, mean, unit, lat, lon, count, simulated]
    protection: {{least: 3}}
    delay_min: 60
"""
QUARTER = timedelta(minutes=15)


@pytest.fixture
def world(tmp_path: Path, database_url: str, mqtt_url: str) -> World:
    return World(tmp_path, database_url, mqtt_url)


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    world.policy.write_text(OPEN_POLICY + ENVIRONMENT)
    with world.publisher(STADTTAKT_OPENDATA_DATASETS_EVERY_S="0.2") as client:
        yield client


def now() -> datetime:
    return datetime.now(tz=UTC)


def fresh(**more: Any) -> LotState:
    times = {
        "measured_at": now() - timedelta(seconds=2),
        "computed_at": now() - timedelta(seconds=1),
        "valid_until": now() + timedelta(minutes=10),
    }
    return lot(**{**times, **more})


def get(client: httpx.Client, path: str, *, code: int = 200, **options: str) -> Any:
    params = {name if name == "at" else f"${name}": value for name, value in options.items()}
    answer = client.get(f"{BASE}/{path}", params=params)
    assert answer.status_code == code, answer.text
    return answer.json()


def results(client: httpx.Client, datastream: str, **options: str) -> list[Any]:
    found = get(client, f"Datastreams('{datastream}')/Observations", **options)
    return [each["result"] for each in found["value"]]


def told(world: World, client: httpx.Client, *free: int) -> list[str]:
    """Tell lots one after the other; returns the times between."""
    times = []
    for number in free:
        world.tell(fresh(free=number))
        until(lambda n=number: newest_free(client) == n)  # type: ignore[misc]
        times.append(now().isoformat().replace("+00:00", "Z"))
    return times


def newest_free(client: httpx.Client) -> Any:
    answer = client.get(f"{BASE}/Datastreams('lot:markt:free')/Observations?$top=1")
    found = answer.json().get("value", [])
    return found[0]["result"] if found else None


def things_are_there(client: httpx.Client, number: int) -> None:
    until(lambda: len(client.get(f"{BASE}/Things").json().get("value", [])) == number)


def test_what_was_told_of_a_lot_becomes_observations(world: World, client: httpx.Client) -> None:
    first, second, _ = told(world, client, 12, 7, 3)
    things_are_there(client, 1)
    free = "lot:markt:free"
    assert results(client, free) == [3, 7, 12]
    assert results(client, free, orderby="phenomenonTime asc") == [12, 7, 3]
    assert results(client, free, filter=f"phenomenonTime gt {first}") == [3, 7]
    between = f"phenomenonTime gt {first} and phenomenonTime le {second}"
    assert results(client, free, filter=between) == [7]
    assert results(client, free, filter="result ge 7 and not result eq 12") == [7]
    assert results(client, free, orderby="result", top="2") == [3, 7]
    assert results(client, free, filter="result eq 'x' or result eq null") == []
    assert results(client, "lot:markt:state", filter="result eq 'free'", top="1") == ["free"]
    assert results(client, free, at=second) == [7, 12]


def test_pages_and_counts_lead_through_all_observations(world: World, client: httpx.Client) -> None:
    told(world, client, 1, 2, 3)
    things_are_there(client, 1)
    path = "Datastreams('lot:markt:free')/Observations"
    page = get(client, path, top="2", count="true")
    assert page["@iot.count"] == 3
    assert [each["result"] for each in page["value"]] == [3, 2]
    rest = client.get(page["@iot.nextLink"].removeprefix("https://daten.example")).json()
    assert [each["result"] for each in rest["value"]] == [1]
    assert "@iot.nextLink" not in rest
    (newest, *_) = page["value"]
    link = newest["@iot.selfLink"].removeprefix("https://daten.example")
    assert client.get(link).json() == newest
    thing = client.get(f"{link}/Datastream/Thing").json()
    assert thing["@iot.id"] == "lot:markt"
    named = get(client, "Observations", filter="Datastream/id eq 'lot:markt:free' and result lt 3")
    assert [each["result"] for each in named["value"]] == [2, 1]


def test_the_newest_of_every_datastream_comes_in_one_answer(
    world: World, client: httpx.Client
) -> None:
    told(world, client, 12, 7)
    world.tell(bay(valid_until=now() + timedelta(hours=1)))
    things_are_there(client, 2)
    newest = "Datastreams($select=id;$expand=Observations($top=1;$select=result))"
    until(lambda: _newest(get(client, "Things", expand=newest)).get("bay:markt-01:state") == "free")
    found = _newest(get(client, "Things", expand=newest))
    assert found["lot:markt:free"] == 7
    assert found["lot:markt:state"] == "free"


def test_an_answer_says_its_licence_and_when_anything_is_simulated(
    world: World, client: httpx.Client
) -> None:
    def marks() -> list[str | None]:
        answers = [client.get(BASE), client.get(f"{BASE}/Things")]
        assert {each.headers["link"] for each in answers} == {f'<{LICENCE}>; rel="license"'}
        return [each.headers.get("stadttakt-simulated") for each in answers]

    world.tell(fresh())
    things_are_there(client, 1)
    assert marks() == [None, None]
    world.tell(fresh(simulated=True))
    until(lambda: marks() == ["true", "true"])
    assert get(client, "Things('lot:markt')")["properties"]["simulated"] is True


def _newest(answer: Any) -> dict[str, Any]:
    return {
        stream["@iot.id"]: stream["Observations"][0]["result"]
        for thing in answer["value"]
        for stream in thing["Datastreams"]
        if stream["Observations"]
    }


def test_a_closed_lot_has_no_free_spaces(world: World, client: httpx.Client) -> None:
    world.tell(fresh(state="closed", free=0, free_min=0, free_max=0, closed_by="hours"))
    things_are_there(client, 1)
    assert results(client, "lot:markt:free") == [None]
    assert results(client, "lot:markt:state") == ["closed"]


def test_where_nobody_tells_any_more_the_newest_observation_is_unknown(
    world: World, client: httpx.Client
) -> None:
    ends = now() + timedelta(seconds=3)
    world.tell(fresh(valid_until=ends), bay(valid_until=now() + timedelta(hours=1)))
    until(lambda: newest_free(client) == 12)
    until(lambda: results(client, "lot:markt:free") == [None, 12])
    assert results(client, "lot:markt:state") == ["unknown", "free"]
    newest = get(client, "Datastreams('lot:markt:state')/Observations", top="1")["value"][0]
    assert abs(datetime.fromisoformat(newest["phenomenonTime"]) - ends) < timedelta(milliseconds=1)
    assert results(client, "bay:markt-01:state") == ["unknown", "free"]
    link = newest["@iot.selfLink"].removeprefix("https://daten.example")
    assert client.get(link).json()["result"] == "unknown"
    world.tell(fresh(free=4))
    until(lambda: results(client, "lot:markt:free") == [4, None, 12])
    assert results(client, "bay:markt-01:state") == ["free", "unknown", "free"]


def test_the_environment_is_told_as_the_policy_opens_it(
    world: World, client: httpx.Client, database_url: str
) -> None:
    rows = Rows(database_url)
    start = now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=5)
    for number, value in enumerate((8.5, 9.25, 9.0)):
        rows.environment("dach", start + number * QUARTER, value)
    rows.environment("dach", start, 8.9, width_s=86_400)
    rows.environment("dach", start + 3 * QUARTER, 11.0, count=2)
    rows.environment("dach", now() - timedelta(minutes=30), 12.0)
    stream = "asset:dach:temperature"
    until(lambda: client.get(f"{BASE}/Datastreams('{stream}')").status_code == 200)
    assert results(client, stream) == [9.0, 9.25, 8.5]
    assert results(client, stream, filter="result gt 8.75", orderby="result desc") == [9.25, 9.0]
    after = (start + QUARTER).isoformat().replace("+00:00", "Z")
    assert results(client, stream, filter=f"resultTime gt {after}") == [9.0, 9.25]
    assert results(client, stream, filter=f"phenomenonTime gt {after}") == [9.0]
    public = (start + 2 * QUARTER + timedelta(hours=1)).isoformat()
    assert results(client, stream, at=public) == [9.25, 8.5]
    (first,) = get(
        client, f"Datastreams('{stream}')/Observations", orderby="phenomenonTime", top="1"
    )["value"]
    begin = start.isoformat().replace("+00:00", "Z")
    assert first["phenomenonTime"] == f"{begin}/{after}"
    assert first["resultTime"] == after
    datastream = get(client, f"Datastreams('{stream}')", expand="Thing($expand=Locations)")
    assert datastream["unitOfMeasurement"]["symbol"] == "Cel"
    # the name is not among the fields
    assert datastream["Thing"]["name"] == "dach"
    assert len(datastream["Thing"]["Locations"]) == 1


def test_what_the_policy_closes_is_not_there(world: World) -> None:
    world.policy.write_text(OPEN_POLICY.replace("capacity, free, free_min", "capacity, free_min"))
    with world.publisher() as client:
        world.tell(fresh(), bay("markt-09", valid_until=now() + timedelta(hours=1)))
        things_are_there(client, 2)
        assert get(client, "Datastreams('lot:markt:free')", code=404)["code"] == "not_found"
        assert "free_min" in str(get(client, "Datastreams"))
    world.policy.write_text("states: []\n")
    with world.publisher() as client:
        assert get(client, "Things", code=404)["code"] == "not_public"
        assert client.get(BASE).json()["code"] == "not_public"
        listed = client.get("/v1/feeds").json()["items"]
        assert BASE not in {each["path"] for each in listed}


def test_before_anything_is_told_it_says_so(client: httpx.Client) -> None:
    answer = client.get(f"{BASE}/Things")
    assert (answer.status_code, answer.json()["code"]) == (503, "nothing_published_yet")
    assert answer.headers["retry-after"]


def test_links_and_values_alone(world: World, client: httpx.Client) -> None:
    world.tell(fresh())
    things_are_there(client, 1)
    links = get(client, "Things('lot:markt')/Datastreams/$ref", top="1")["value"]
    assert links == [
        {"@iot.selfLink": f"https://daten.example{BASE}/Datastreams('lot:markt:free')"}
    ]
    value = client.get(f"{BASE}/Things('lot:markt')/name/$value")
    assert value.text == "Tiefgarage Markt & Süd"
    assert value.headers["content-type"].startswith("text/plain")


def test_faults_are_told_with_their_place(world: World, client: httpx.Client) -> None:
    world.tell(fresh())
    things_are_there(client, 1)
    problem = get(client, "Things", code=400, filter="name eq 'x' and nam eq 'y'")
    assert problem["code"] == "query_option_invalid"
    assert (problem["option"], problem["position"]) == ("$filter", 16)
    of_one = get(client, "Things('lot:markt')", code=400, top="1")
    assert of_one["option"] == "$top"
    path = "Datastreams('lot:markt:free')/Observations"
    by_name = get(client, path, code=400, filter="id eq 'x'")
    assert by_name["code"] == "query_option_invalid"
    with_nul = get(client, path, code=400, filter="result eq 'a\x00'")
    assert (with_nul["code"], with_nul["position"]) == ("query_option_invalid", 10)
    nested = get(client, "Things", code=400, expand="Datastreams/Observations($orderby=id)")
    assert nested["code"] == "query_option_invalid"
    assert get(client, "Observations", code=400)["code"] == "datastream_needed"
    too_much = get(client, "Datastreams", code=200, expand="Observations($top=1000)", top="20")
    assert too_much["value"]
    assert get(client, "Things('x')", code=404)["code"] == "not_found"
    assert get(client, "Observations('lot:markt:free@1')", code=404)["code"] == "not_found"
    later = (now() + timedelta(days=1)).isoformat()
    assert get(client, "Things", code=422, at=later)["code"] == "at_in_future"
    first = "0001-01-01T00:00:00+14:00"
    assert get(client, "Things", code=404, at=first)["code"] == "no_longer_kept"


def test_it_is_listed_and_says_what_it_understands(world: World, client: httpx.Client) -> None:
    root = client.get(BASE).json()
    assert {each["name"] for each in root["value"]} >= {"Things", "Datastreams", "Observations"}
    assert root["value"][0]["url"] == "https://daten.example/sensorthings/v1.1/Things"
    listed = client.get("/v1/feeds").json()["items"]
    assert BASE in {each["path"] for each in listed}
    world.tell(fresh())
    things_are_there(client, 1)
    answer = client.get(f"{BASE}/Things", headers={"origin": "https://app.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    again = client.get(f"{BASE}/Things", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


def test_links_begin_with_the_address_that_the_operator_gave(world: World) -> None:
    world.policy.write_text(OPEN_POLICY)
    ours = "http://127.0.0.1:18105"
    with world.publisher(STADTTAKT_OPENDATA_PUBLIC_URL=f"{ours}/") as client:
        told(world, client, 1, 2)
        things_are_there(client, 1)
        found = get(client, "Datastreams('lot:markt:free')/Observations", top="1")
        assert found["@iot.nextLink"].startswith(f"{ours}{BASE}/Datastreams(")
        lying = client.get(
            BASE, headers={"host": "evil.example", "x-forwarded-host": "evil.example"}
        )
        assert lying.json()["value"][0]["url"] == f"{ours}{BASE}/Things"
        assert f"{ours}" in client.get("/barrierefreiheit").text
