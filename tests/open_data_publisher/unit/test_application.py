# SPDX-License-Identifier: EUPL-1.2
import pytest

from open_data_publisher.app import create_app
from open_data_publisher.feeds.catalogue import FEEDS
from open_data_publisher.settings import Settings
from support.http_app import in_process


async def test_application_needs_neither_broker_nor_database() -> None:
    async with in_process(create_app()) as client:
        assert (await client.get("/live")).status_code == 200
        assert (await client.get("/ready")).json()["detail"] == "not ready: database, mqtt, state"
        paths = (await client.get("/openapi.json")).json()["paths"]
    assert {feed.path for feed in FEEDS} <= set(paths)


async def test_a_feed_of_which_nothing_is_known_says_so_and_when_to_come_again() -> None:
    async with in_process(create_app()) as client:
        answer = await client.get(FEEDS[0].path)
        listed = (await client.get("/v1/feeds")).json()["items"]
    assert (answer.status_code, answer.json()["code"]) == (503, "nothing_published_yet")
    assert answer.headers["retry-after"] == "10"
    assert [each["built_at"] for each in listed] == [None] * len(FEEDS)


@pytest.mark.parametrize("path", ["/datasets", "/datasets/lots", "/catalog.ttl"])
async def test_an_application_without_a_city_makes_nothing_public(path: str) -> None:
    async with in_process(create_app()) as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_public")


def test_own_settings_come_before_shared_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().http_port == 8105
    monkeypatch.setenv("STADTTAKT_LOG_LEVEL", "error")
    monkeypatch.setenv("STADTTAKT_OPENDATA_LOG_LEVEL", "warning")
    assert Settings().log_level == "warning"
