# SPDX-License-Identifier: EUPL-1.2
"""Each service with pages tells people in words that its database does not answer, or that a page is not there."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

import kpi_aggregator.app
import measure_registry.app
import open_data_publisher.app
import vehicle_occupancy.app
from stadttakt_runtime.clock import utc_now
from support.http_app import in_process

PEOPLE = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
Make = Callable[[], FastAPI]
PAGES = [
    (kpi_aggregator.app.create_app, "/kennzahl/x", "/nirgends"),
    (measure_registry.app.create_app, "/liste", "/stand/abc."),
    (open_data_publisher.app.create_app, "/datasets", "/parken/nirgends"),
    (vehicle_occupancy.app.create_app, "/leitstelle?tag=2022-01-01", "/leitstelle/nirgends"),
]


class Away:
    """A database that does not answer."""

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        raise ConnectionRefusedError
        yield None


async def asked(make: Make, path: str, headers: dict[str, str]) -> httpx.Response:
    app = make()
    app.state.database = Away()
    if hasattr(app.state, "door"):
        # somebody is logged in, which only the database can tell
        headers = headers | {"cookie": _cookie(app)}
    async with in_process(app) as client:
        return await client.get(path, headers=headers)


def _cookie(app: FastAPI) -> str:
    door = app.state.door
    return f"{door.rooms.cookie}={door.sessions.of_key('key', utc_now())}"


@pytest.mark.parametrize(
    ("make", "path", "_"),
    [each for each in PAGES if each[0] is not open_data_publisher.app.create_app],
)
async def test_a_database_that_is_away_is_told_as_a_page(make: Make, path: str, _: str) -> None:
    page = await asked(make, path, PEOPLE)
    assert (page.status_code, page.headers["retry-after"]) == (503, "2")
    assert "<h1>Gerade nicht zu erreichen" in page.text
    document = await asked(make, path, {})
    assert document.json()["code"] == "unavailable"


@pytest.mark.parametrize(("make", "_", "path"), PAGES)
async def test_a_page_that_is_not_there_is_told_as_a_page_even_then(
    make: Make, _: str, path: str
) -> None:
    for language, said in (("de", "Diese Seite gibt es nicht"), ("en", "There is no such page")):
        page = await asked(make, f"{path}?lang={language}", PEOPLE)
        assert (page.status_code, said in page.text) == (404, True)
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
