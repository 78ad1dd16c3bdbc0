# SPDX-License-Identifier: EUPL-1.2
"""From rows in the services' tables through their views to the files that everybody may have."""

import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import orjson
import pyarrow.parquet as pq
import pytest

from open_data_publisher.datasets.formats.catalogue import FORMATS
from open_data_publisher.feeds.catalogue import FEEDS
from support.open_data import bay, lot, vehicle
from support.open_data_rows import PLANTED, PLANTED_NUMBER, SECRET_INTEGER, Rows
from support.open_data_world import HEAD, LOTS_POLICY, NOON, World, until
from support.service import wait_for

# No field more than rows mean anything without.
LEAST = f"""
states:
  - kind: lot
    fields: [lot_id, name, capacity, occupied, unknown, out_of_service, state, opening, detection, lat, lon,
             by_kind, computed_at, valid_until, simulated]
    licence: dl-zero-de/2.0
datasets:
  - dataset_id: lots
    source: lot-history
    {HEAD}
    aggregation: 15m
    fields: [lot_id, start, free_mean, simulated]
  - dataset_id: bays
    source: kind-hour
    {HEAD}
    protection: {{least: 3}}
    fields: [lot_id, kind, start, bays, occupied_share, simulated]
  - dataset_id: stays
    source: stay-day
    {HEAD}
    protection: {{least: 5}}
    fields: [lot_id, day, arrivals, dwell_median_min, simulated]
  - dataset_id: departures
    source: departure-level
    {HEAD}
    delay_min: 30
    fields: [day, trip_id, call, planned_departure, level, simulated]
  - dataset_id: hours
    source: departure-hour
    {HEAD}
    protection: {{least: 2}}
    fields: [line, direction, stop_id, start, departures, low, high, simulated]
  - dataset_id: environment
    source: environment
    {HEAD}
    aggregation: 15m
    fields: [asset_id, quantity, start, mean, unit, simulated]
  - dataset_id: indicators
    source: indicators
    {HEAD}
    fields: [indicator_id, period, period_start, value, simulated]
  - dataset_id: ideas
    source: ideas
    {HEAD}
    fields: [idea_id, title]
"""
DAY = NOON.date().isoformat()
QUARTER = timedelta(minutes=15)
SENSORTHINGS = (
    "/sensorthings/v1.1/Things?$expand=Locations,Datastreams($expand=Observations,Sensor)",
    "/sensorthings/v1.1/Datastreams('asset:dach:temperature')/Observations",
)


@pytest.fixture
def rows(database_url: str) -> Rows:
    return Rows(database_url)


@pytest.fixture
def world(tmp_path: Path, database_url: str, mqtt_url: str) -> World:
    return World(tmp_path, database_url, mqtt_url)


@contextmanager
def publisher(world: World, policy: str) -> Iterator[httpx.Client]:
    world.policy.write_text(policy)
    with world.publisher(STADTTAKT_OPENDATA_DATASETS_EVERY_S="0.1") as client:
        yield client


def items(client: httpx.Client, dataset_id: str, **query: str) -> list[dict[str, Any]]:
    answer = client.get(f"/datasets/{dataset_id}/data.json", params=query)
    if answer.status_code == 404:
        return []
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def refresh_at_once(rows: Rows) -> None:
    """Have all days looked at again, as time would."""
    rows.run("update opendata.edition set checked_at = now() - interval '90 days'")


def plant(rows: Rows) -> None:
    """Store rows in every service; what no policy below allows is planted."""
    rows.lot("markt")
    rows.lot("zoo")
    rows.history("markt", NOON, 12.5)
    rows.bays("markt", "family", 4, NOON)
    rows.bays("zoo", "charging", 2, NOON)
    rows.stays("markt", NOON.date(), 40)
    rows.stays("zoo", NOON.date(), 4, dwell=PLANTED_NUMBER)
    for number in range(2):
        rows.departure(f"t-{number}", NOON + number * QUARTER, "low")
    rows.departure("t-secret", NOON, PLANTED, told=False)
    rows.environment("dach", NOON, 7.25)
    rows.environment("dach", NOON, 7.25, width_s=86_400)
    rows.indicator("offen", public=True, value=5, at=NOON)
    rows.indicator(f"zu-{PLANTED}", public=False, value=PLANTED_NUMBER, at=NOON)


def test_nothing_that_the_policy_does_not_name_is_in_any_file_page_or_feed(
    world: World, rows: Rows
) -> None:
    plant(rows)
    with publisher(world, LEAST) as client:
        world.tell(
            lot(valid_until=datetime.now(tz=UTC) + timedelta(minutes=5), closed_reason=PLANTED,
                trend=None, by_group={PLANTED: lot().by_kind["general"]}, free=PLANTED_NUMBER // 1),
            bay(PLANTED, valid_until=datetime.now(tz=UTC) + timedelta(minutes=5)),
            vehicle(PLANTED, valid_until=datetime.now(tz=UTC) + timedelta(minutes=5)),
        )  # fmt: skip
        until(lambda: all(items(client, each, day=DAY) for each in ("lots", "bays", "stays")))
        until(lambda: all(items(client, each, day=DAY) for each in ("departures", "hours")))
        until(lambda: bool(items(client, "environment", day=DAY)))
        until(lambda: bool(items(client, "indicators")))
        until(lambda: client.get("/feeds/parkapi/v3/parking-sites").status_code == 200)
        assert items(client, "bays", day=DAY)[0]["occupied_share"] == pytest.approx(0.5)
        listed = [each["dataset_id"] for each in client.get("/datasets").json()["items"]]
        known = "lots bays stays departures hours environment indicators ideas"
        assert " ".join(listed) == known
        outside = list(everything(client, listed))
    assert len(outside) > 30
    assert b'"result":7.25' in dict(outside)[SENSORTHINGS[1]]
    for path, body in outside:
        assert PLANTED.encode() not in body, path
        assert str(PLANTED_NUMBER).encode() not in body, path
        assert str(SECRET_INTEGER).encode() not in body, path


def everything(client: httpx.Client, listed: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield all that the publisher answers, Parquet as text."""
    for path in ("/datasets", "/v1/feeds", "/openapi.json", *(feed.path for feed in FEEDS)):
        yield path, client.get(path).content
    for path in SENSORTHINGS:
        yield path, client.get(path).content
    for dataset_id in listed:
        for accept in ("application/json", "text/html"):
            path = f"/datasets/{dataset_id}"
            yield path, client.get(path, headers={"accept": accept}).content
        for ending in FORMATS:
            path = f"/datasets/{dataset_id}/data.{ending}"
            answer = client.get(
                path, params={} if dataset_id in {"indicators", "ideas"} else {"day": DAY}
            )
            if answer.status_code == 200 and ending == "parquet":
                yield path, str(pq.read_table(io.BytesIO(answer.content)).to_pylist()).encode()
            else:
                yield path, answer.content


def test_small_counts_are_withheld_and_groups_of_few_bays_are_not_there(
    world: World, rows: Rows
) -> None:
    rows.lot("markt")
    rows.bays("markt", "family", 3, NOON)
    rows.bays("markt", "charging", 2, NOON)
    rows.stays("markt", NOON.date(), 4)
    rows.stays("markt", NOON.date() - timedelta(days=1), 5)
    with publisher(world, LEAST) as client:
        until(lambda: bool(items(client, "bays", day=DAY)))
        until(lambda: len(items(client, "stays")) == 2)
        assert [(row["kind"], row["bays"]) for row in items(client, "bays", day=DAY)] == [
            ("family", 3)
        ]
        assert [(row["arrivals"], row["dwell_median_min"]) for row in items(client, "stays")] == [
            (5, 55.5),
            (None, None),
        ]


def test_rows_appear_when_they_are_complete_and_the_delay_is_over(world: World, rows: Rows) -> None:
    rows.lot("markt")
    now = datetime.now(tz=UTC)
    begun = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    rows.history("markt", begun - QUARTER, 3)
    # The next bucket, should one end meanwhile.
    rows.history("markt", begun + QUARTER, 4)
    rows.stays("markt", now.date() + timedelta(days=1), 40)
    rows.departure("long-ago", now - timedelta(minutes=31), "low")
    rows.departure("just-now", now - timedelta(minutes=20), "low")
    with publisher(world, LEAST) as client:
        until(lambda: bool(items(client, "departures")))
        until(lambda: bool(items(client, "lots")))
        assert [row["trip_id"] for row in items(client, "departures")] == ["long-ago"]
        assert [row["free_mean"] for row in items(client, "lots")] == [3]
        assert items(client, "stays") == []


def test_every_format_has_the_same_rows(world: World, rows: Rows) -> None:
    rows.lot("markt", name='Markt "Süd", oben')
    for number in range(4):
        rows.history("markt", NOON + number * QUARTER, 10 + number)
    with publisher(world, LOTS_POLICY) as client:
        until(lambda: len(items(client, "lots", day=DAY)) == 4)
        data = {
            ending: client.get(f"/datasets/lots/data.{ending}", params={"day": DAY})
            for ending in FORMATS
        }
    for ending, answer in data.items():
        assert answer.headers["content-type"] == FORMATS[ending].media_type
        assert answer.headers["link"].endswith('rel="license"')
    plain = data["json"].json()
    assert [column["name"] for column in plain["columns"]][:2] == ["lot_id", "name"]
    assert plain["items"][0]["start"] == NOON.strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = list(csv.DictReader(io.StringIO(data["csv"].text)))
    assert [(row["name"], row["start"], float(row["free_mean"])) for row in lines] == [
        (row["name"], row["start"], row["free_mean"]) for row in plain["items"]
    ]
    features = data["geojson"].json()["features"]
    assert features[0]["geometry"] == {"type": "Point", "coordinates": [11.97, PLANTED_NUMBER]}
    assert [each["properties"]["free_mean"] for each in features] == [10, 11, 12, 13]
    table = pq.read_table(io.BytesIO(data["parquet"].content))
    assert table["free_mean"].to_pylist() == [10, 11, 12, 13]
    assert (
        table.schema.field("free_mean").metadata[b"description"] == b"free places, mean over time"
    )
    assert table["start"].to_pylist()[0] == NOON


def test_periods_are_days_months_and_stretches_of_the_citys_time(world: World, rows: Rows) -> None:
    rows.lot("markt")
    for hours in (0, 24, 24 * 40):
        rows.history("markt", NOON - timedelta(hours=hours), hours)
    with publisher(world, LOTS_POLICY) as client:
        until(lambda: len(items(client, "lots", **{"from": "2020-01-01"})) == 3)

        def frees(**query: str) -> list[float]:
            return sorted(row["free_mean"] for row in items(client, "lots", **query))

        assert frees() == [0, 24]
        assert frees(day=DAY) == [0]
        old = NOON - timedelta(days=40)
        assert 24 * 40 in frees(month=f"{old:%Y-%m}")
        assert frees(
            **{"from": (NOON - timedelta(hours=24)).isoformat(), "to": NOON.isoformat()}
        ) == [24]
        assert frees(**{"from": DAY}) == [0]
        assert frees(day="2019-01-01") == []
        for wrong in (
            {"day": DAY, "month": "2026-11"},
            {"month": "2026-13"},
            {"month": "heute"},
            {"from": DAY, "to": DAY},
            {"day": "gestern"},
        ):
            assert client.get("/datasets/lots/data.csv", params=wrong).status_code == 422, wrong


def pages_tell_of(client: httpx.Client, at: datetime, rows_then: int) -> None:
    asked = {"at": at.isoformat()}
    (told,) = client.get("/datasets", params=asked).json()["items"]
    assert told == client.get("/datasets/lots", params=asked).json()
    assert (told["row_count"], told["changed_at"] is None) == (rows_then, not rows_then)
    assert told["downloads"][0]["url"].endswith(f"?at={quote(at.isoformat())}")
    html = {"accept": "text/html"}
    page = client.get("/datasets/lots", params=asked, headers=html).text
    cells = [f'<td class="number">{free},00</td>' in page for free in (10, 20, 11, 30)]
    assert cells == [rows_then > 0] * 2 + [False] * 2
    assert f"data.csv?at={quote(at.isoformat())}" in page
    assert "Gezeigt ist, was am" in client.get("/datasets", params=asked, headers=html).text


def test_what_was_public_then_is_told_again_after_late_data(world: World, rows: Rows) -> None:
    rows.lot("markt")
    rows.history("markt", NOON, 10)
    rows.history("markt", NOON + QUARTER, 20)
    with publisher(world, LOTS_POLICY) as client:
        before = datetime.now(tz=UTC)
        until(lambda: len(items(client, "lots", day=DAY)) == 2)
        first = datetime.now(tz=UTC)
        rows.history("markt", NOON, 11)
        rows.forget_history("markt", NOON + QUARTER)
        rows.history("markt", NOON + 2 * QUARTER, 30)
        refresh_at_once(rows)
        until(lambda: items(client, "lots", day=DAY)[0]["free_mean"] == 11)

        def frees(**query: str) -> list[float]:
            return sorted(row["free_mean"] for row in items(client, "lots", day=DAY, **query))

        assert frees() == [11, 30]
        assert frees(at=first.isoformat()) == [10, 20]
        assert frees(at=(before - timedelta(minutes=1)).isoformat()) == []
        pages_tell_of(client, first, 2)
        pages_tell_of(client, before - timedelta(minutes=1), 0)
        page = client.get("/datasets/lots", headers={"accept": "text/html"}).text
        assert '<td class="number">30,00</td>' in page
        tomorrow = (first + timedelta(days=1)).isoformat()
        params = {"at": tomorrow}
        assert client.get("/datasets/lots", params=params).status_code == 422
        assert client.get("/datasets/lots/data.csv", params=params).status_code == 422
        params = {"at": (first - timedelta(days=4000)).isoformat()}
        assert (
            client.get("/datasets/lots/data.csv", params=params).json()["code"] == "no_longer_kept"
        )


def test_who_has_the_file_already_is_told_so_until_a_row_changes(world: World, rows: Rows) -> None:
    rows.lot("markt")
    rows.history("markt", NOON, 10)
    path, query = "/datasets/lots/data.csv", {"day": DAY}
    with publisher(world, LOTS_POLICY) as client:
        until(lambda: len(items(client, "lots", day=DAY)) == 1)
        plain = client.get(
            path,
            params=query,
            headers={"accept-encoding": "identity", "origin": "https://a.example"},
        )
        with client.stream(
            "GET", path, params=query, headers={"accept-encoding": "gzip"}
        ) as zipped:
            packed = b"".join(zipped.iter_raw())
        assert gzip.decompress(packed) == plain.content
        assert zipped.headers["etag"] != plain.headers["etag"]
        assert plain.headers["access-control-allow-origin"] == "*"
        tag = {"accept-encoding": "identity", "if-none-match": plain.headers["etag"]}
        assert client.get(path, params=query, headers=tag).status_code == 304
        assert "last-modified" in plain.headers
        empty = client.get(path, params={"day": "2001-01-01"})
        assert (empty.status_code, "last-modified" in empty.headers) == (200, False)
        rows.history("markt", NOON, 11)
        refresh_at_once(rows)
        until(lambda: client.get(path, params=query, headers=tag).status_code == 200)


def test_a_stricter_policy_holds_for_the_past_too(world: World, rows: Rows) -> None:
    rows.lot("markt")
    rows.history("markt", NOON, 10)
    with publisher(world, LOTS_POLICY) as client:
        until(lambda: len(items(client, "lots", day=DAY)) == 1)
        first = datetime.now(tz=UTC).isoformat()
        assert items(client, "lots", day=DAY, at=first)[0]["name"] == PLANTED
    with publisher(world, LEAST) as client:
        until(lambda: len(items(client, "lots", day=DAY)) == 1)
        assert items(client, "lots", day=DAY, at=first)[0].keys() == {
            "lot_id", "start", "free_mean", "simulated",
        }  # fmt: skip


def test_a_dataset_appears_when_its_view_does(world: World, rows: Rows) -> None:
    rows.run("drop view registry.v1_idea cascade")
    with publisher(world, LEAST) as client:
        assert client.get("/datasets/ideas/data.csv").json()["code"] == "unknown_dataset"
        rows.run("grant usage on schema registry to public")
        rows.run(
            "create view registry.v1_idea as select 'i-1' as idea_id, 'Mehr Bänke' as title,"
            " 's' as summary, 'h' as handlungsfeld, 'x' as state, 'A' as priority,"
            " now() as submitted_at, false as goes_on, null::text as goes_on_in"
        )
        rows.run("grant select on registry.v1_idea to public")
        until(lambda: items(client, "ideas") == [{"idea_id": "i-1", "title": "Mehr Bänke"}])
        assert client.get("/datasets/ideas/data.csv").text == (
            'idea_id,title\n"i-1","Mehr Bänke"\n'
        )
        day = client.get("/datasets/ideas/data.csv", params={"day": DAY})
        assert day.json()["code"] == "no_days"
        cards = client.get("/datasets", headers={"accept": "text/html"}).text
        assert '<p class="muted small">eine Zeile<br>' in cards, "a register has no day"


def test_wrong_names_get_a_problem_and_never_an_error(world: World) -> None:
    with publisher(world, LEAST) as client:
        wait_for(client, "/ready", 200)
        for path in (
            "/datasets/nothing/data.csv",
            "/datasets/lots/data.exe",
            "/datasets/lots/data.geojson",
        ):
            answer = client.get(path)
            assert answer.status_code == 404, path
            assert answer.headers["content-type"].startswith("application/problem+json")
        assert orjson.loads(client.get("/datasets").content)["items"]
