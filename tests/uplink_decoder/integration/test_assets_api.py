# SPDX-License-Identifier: EUPL-1.2
"""Assets and their series over HTTP: public, paged, as JSON or CSV."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stadttakt_runtime.http.paging import encode_cursor
from uplink_decoder.api.assets import _AfterValue
from uplink_decoder.city import apply
from uplink_decoder.domain.series import SeriesRow, ValueQuality
from uplink_decoder.settings import UplinkSettings
from uplink_decoder.storage import environment

DEVICE = "0200000000000005"
START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
HEADER = "asset_id,kind,name,lat,lon,height_m,description\n"
ASSETS = (
    "klima-markt,environment,Markt,51.4826,11.9700,3.5,on a lamp post\n"
    "pegel-trotha,environment,Pegel Trotha,51.5180,11.9450,,\n"
)
OBSERVATIONS = "/v1/assets/klima-markt/observations"
PERIOD = "from=2026-11-01T08:00:00Z&to=2026-11-01T10:00:00Z"


@pytest.fixture
async def applied(settings: UplinkSettings) -> list[str]:
    """The city of the other tests with two assets and a climate sensor."""
    assert settings.city
    (settings.city / "assets.csv").write_text(HEADER + ASSETS, encoding="utf-8")
    with (settings.city / "devices.csv").open("a", encoding="utf-8") as devices:
        devices.write(f"{DEVICE},climate,milesight-em300-th,environment,klima-markt,600,\n")
    url = settings.database_url.get_secret_value()
    return list(await asyncio.to_thread(apply, settings.city, url))


def value(minute: int, number: float, **fields: Any) -> SeriesRow:
    at = START + timedelta(minutes=minute)
    row = SeriesRow(
        "klima-markt",
        "air.temperature",
        at,
        f"{minute}:0",
        number,
        "°C",
        ValueQuality.GOOD,
        "cs",
        simulated=False,
    )
    return row._replace(**fields)


async def store(running: Any, *rows: SeriesRow) -> None:
    await environment.write(running.connection, rows)
    await running.decoder.rollups.roll_up()


async def items(running: Any, query: str) -> list[dict[str, Any]]:
    answer = await running.http.get(f"{OBSERVATIONS}?{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_assets_are_listed_with_place_and_newest_values(running: Any) -> None:
    now = datetime.now(tz=UTC).replace(microsecond=0)
    await store(running, value(0, 8.4, observed_at=now, simulated=True))
    answer = await running.http.get("/v1/assets")
    assert answer.status_code == 200
    first, second = answer.json()["items"]
    (newest,) = first.pop("newest")
    assert first == {
        "asset_id": "klima-markt",
        "kind": "environment",
        "name": "Markt",
        "lat": 51.4826,
        "lon": 11.97,
        "height_m": 3.5,
        "description": "on a lamp post",
    }
    assert datetime.fromisoformat(newest["valid_until"]) == now + timedelta(seconds=1200)
    assert (newest["quantity"], newest["value"], newest["unit"]) == ("air.temperature", 8.4, "°C")
    assert newest["simulated"] is True
    assert (second["asset_id"], second["height_m"], second["newest"]) == ("pegel-trotha", None, [])
    assert (await running.http.get("/v1/assets/klima-markt")).json()["newest"] == [newest]


async def test_assets_are_found_by_area_kind_and_page(running: Any) -> None:
    async def found(query: str) -> tuple[list[str], str | None]:
        answer = (await running.http.get(f"/v1/assets?{query}")).json()
        return [each["asset_id"] for each in answer["items"]], answer["next_cursor"]

    assert await found("bbox=11.96,51.47,11.98,51.49") == (["klima-markt"], None)
    assert await found("bbox=0,0,1,1&kind=environment") == ([], None)
    first, cursor = await found("limit=1")
    assert (first, await found(f"limit=1&cursor={cursor}")) == (
        ["klima-markt"],
        (["pegel-trotha"], None),
    )


async def test_single_values_are_told_from_inclusive_to_exclusive(running: Any) -> None:
    await store(
        running,
        value(0, 8.0),
        value(60, 250.0, quality=ValueQuality.IMPLAUSIBLE),
        value(120, 9.0),
    )
    assert await items(running, PERIOD) == [
        {
            "quantity": "air.temperature",
            "time": "2026-11-01T08:00:00Z",
            "value": 8.0,
            "unit": "°C",
            "quality": "good",
            "simulated": False,
        },
        {
            "quantity": "air.temperature",
            "time": "2026-11-01T09:00:00Z",
            "value": 250.0,
            "unit": "°C",
            "quality": "implausible",
            "simulated": False,
        },
    ]


async def test_roll_ups_tell_mean_bounds_and_completeness(running: Any) -> None:
    await store(running, *(value(minute, float(minute)) for minute in (0, 10, 20)))
    (bucket,) = await items(running, f"{PERIOD}&bucket=1h&quantity=air.temperature")
    assert bucket == {
        "quantity": "air.temperature",
        "start": "2026-11-01T08:00:00Z",
        "unit": "°C",
        "count": 3,
        "mean": 10.0,
        "min": 0.0,
        "max": 20.0,
        "first": 0.0,
        "last": 20.0,
        "completeness": 0.5,
        "simulated": False,
    }
    assert await items(running, f"{PERIOD}&bucket=1h&quantity=air.co2") == []
    assert len(await items(running, f"{PERIOD}&bucket=15m")) == 2


@pytest.mark.parametrize("bucket", ["", "&bucket=15m"])
async def test_cursor_leads_through_all_series_once(running: Any, bucket: str) -> None:
    humidity = {"quantity": "air.relativeHumidity", "unit": "%"}
    minutes = range(0, 60, 15)
    await store(
        running,
        *(value(minute, 8.0) for minute in minutes),
        *(value(minute, 80.0, **humidity) for minute in minutes),
    )
    found, cursor = [], ""
    while True:
        page = (await running.http.get(f"{OBSERVATIONS}?{PERIOD}{bucket}&limit=3{cursor}")).json()
        found += [(each["quantity"], each.get("time", each.get("start"))) for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    times = [f"2026-11-01T08:{minute:02}:00Z" for minute in minutes]
    assert found == [
        *(("air.relativeHumidity", time) for time in times),
        *(("air.temperature", time) for time in times),
    ]


async def test_csv_is_given_by_accept_with_a_link_to_the_next_page(running: Any) -> None:
    await store(running, value(0, 8.0), value(1, 9.0))
    asked = {"accept": "text/csv"}
    answer = await running.http.get(f"{OBSERVATIONS}?{PERIOD}&limit=1", headers=asked)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row == {
        "asset_id": "klima-markt",
        "quantity": "air.temperature",
        "time": "2026-11-01T08:00:00Z",
        "value": "8.0",
        "unit": "°C",
        "quality": "good",
        "simulated": "False",
    }
    following = answer.links["next"]["url"]
    answer = await running.http.get(f"{OBSERVATIONS}{following}", headers=asked)
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["time"], "next" in answer.links) == ("2026-11-01T08:01:00Z", False)


async def test_unchanged_answer_is_304(running: Any) -> None:
    await store(running, value(0, 8.0))
    first = await running.http.get(f"{OBSERVATIONS}?{PERIOD}")
    tag = {"if-none-match": first.headers["etag"]}
    assert (await running.http.get(f"{OBSERVATIONS}?{PERIOD}", headers=tag)).status_code == 304
    await store(running, value(1, 9.0))
    assert (await running.http.get(f"{OBSERVATIONS}?{PERIOD}", headers=tag)).status_code == 200


async def test_series_of_what_the_city_does_not_list_is_not_public(running: Any) -> None:
    await store(running, value(0, 8.0, asset_id="inside"))
    for path in ("/v1/assets/inside", "/v1/assets/inside/observations", "/v1/assets/lot-01"):
        answer = await running.http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "from=2026-11-01T08:00:00",
        "from=0001-01-01T00:00:00%2B23:00",
        "to=9999-12-31T23:59:59-23:00",
        "from=2026-11-01T08:00:00Z&to=2026-11-01T08:00:00Z",
        "bucket=7m",
        "quantity=%00",
        "quantity=air temperature",
        "limit=0",
        "limit=99999999999999999999",
        "cursor=nonsense",
        "cursor=%00",
    ],
)
async def test_bad_query_of_a_series_is_422(running: Any, query: str) -> None:
    answer = await running.http.get(f"{OBSERVATIONS}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_forged_cursor_is_422(running: Any) -> None:
    forged = _AfterValue.model_construct(quantity="\x00", observed_at=START, event_id="\x00")
    answer = await running.http.get(f"{OBSERVATIONS}?cursor={encode_cursor(forged)}")
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "query",
    ["bbox=1,2,3", "bbox=nan,0,1,1", "bbox=3,0,1,1", "bbox=0,0,1,91", "bbox=a,b,c,d", "kind=bay"],
)
async def test_bad_query_of_the_list_is_422(running: Any, query: str) -> None:
    answer = await running.http.get(f"/v1/assets?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_asset_id_that_is_none_is_422(running: Any) -> None:
    assert (await running.http.get("/v1/assets/%00")).status_code == 422
