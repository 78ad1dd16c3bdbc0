# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.asking import Ask, asker
from support.http_app import in_process
from vehicle_occupancy.app import create_app
from vehicle_occupancy.settings import Settings

PATH = "/v1/acceptance-tests?label=Herbst"
HEADER = "vehicle_id,event_id,door,manual_in,manual_out,automatic_in,automatic_out"
GOOD = "\n".join(
    [HEADER, *(f"tram-{n % 3},e{n},1,{n % 6},{n % 4},{n % 6},{n % 4}" for n in range(90))]
)
SHORT = "\n".join([HEADER, *(f"tram-1,e{n},1,10,10,9,10" for n in range(90))])
AS_CSV = {"content-type": "text/csv"}


@pytest.fixture
async def http(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Settings())
    async with Database.open(database_url, schema="transit") as database:
        attach_database(app, database)
        async with in_process(app) as client:
            yield client


@pytest.fixture
def ask(http: httpx.AsyncClient, database_url: str) -> Ask:
    return asker(http, database_url)


async def make(ask: Ask, content: str = GOOD, path: str = PATH, **headers: str) -> httpx.Response:
    return await ask(
        "POST", path, "transit:write", content=content.encode(), headers={**AS_CSV, **headers}
    )


async def test_test_is_made_stored_and_found_again(ask: Ask) -> None:
    made = await make(ask)
    assert made.status_code == 201
    assert made.json()["report"]["accepted"] is True
    stored = await ask("GET", made.headers["location"], "transit:read")
    assert stored.json() == made.json()
    assert stored.json()["author"].startswith("api_key:")
    counts = await ask("GET", f"{made.headers['location']}/counts", "transit:read")
    assert counts.text == GOOD


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_report_is_page_csv_or_json_as_wanted(ask: Ask, method: str) -> None:
    where = (await make(ask)).headers["location"]

    async def answer(accept: str) -> httpx.Response:
        if method == "POST":
            return await make(ask, accept=accept)
        return await ask("GET", where, "transit:read", headers={"accept": accept})

    page = await answer("text/html,application/xhtml+xml,*/*;q=0.8")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "style-src 'sha256-" in page.headers["content-security-policy"]
    assert "Abgenommen" in page.text
    lines = list(csv.DictReader(io.StringIO((await answer("text/csv")).text)))
    assert [line["vehicle_id"] for line in lines[::2]] == ["*", "tram-0", "tram-1", "tram-2"]
    assert (await answer("*/*")).json()["report"]["accepted"] is True


async def test_terms_decide(ask: Ask) -> None:
    strict = (await make(ask, SHORT)).json()["report"]
    lenient = (await make(ask, SHORT, f"{PATH}&margin_percent=12&confidence_percent=90")).json()
    assert (strict["accepted"], strict["whole"]["boarding"]["verdict"]) == (False, "biased")
    assert lenient["report"]["accepted"] is True
    assert (lenient["report"]["margin"], lenient["report"]["confidence"]) == (0.12, 0.9)


async def test_tests_are_listed_newest_first_in_pages(ask: Ask) -> None:
    for content in (GOOD, SHORT, GOOD):
        await make(ask, content)
    page = (await ask("GET", "/v1/acceptance-tests?limit=2", "transit:read")).json()
    path = f"/v1/acceptance-tests?cursor={page['next_cursor']}"
    rest = (await ask("GET", path, "transit:read")).json()
    assert [item["accepted"] for item in page["items"] + rest["items"]] == [True, False, True]
    assert rest["next_cursor"] is None


async def test_repeated_request_makes_one_test(ask: Ask) -> None:
    answers = [await make(ask, **{"idempotency-key": "once"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    page = await make(ask, **{"idempotency-key": "once", "accept": "text/html"})
    assert (page.status_code, page.headers["idempotency-replayed"]) == (201, "true")
    listed = (await ask("GET", "/v1/acceptance-tests", "transit:read")).json()["items"]
    assert len(listed) == 1


async def test_unchanged_report_is_not_sent_again(ask: Ask) -> None:
    where = (await make(ask)).headers["location"]
    tag = (await ask("GET", where, "transit:read")).headers["etag"]
    again = await ask("GET", where, "transit:read", headers={"if-none-match": tag})
    assert again.status_code == 304


async def test_wrong_lines_are_named_and_nothing_is_stored(ask: Ask) -> None:
    refused = await make(ask, f"{HEADER}\nw,e1,1,-1,0,0,0\nw,e2,1,1,0,x,0")
    body: dict[str, Any] = refused.json()
    assert (refused.status_code, body["code"]) == (422, "counts_refused")
    assert [(error["line"], error["field"]) for error in body["errors"]] == [
        (2, "manual_in"),
        (3, "automatic_in"),
    ]
    assert (await ask("GET", "/v1/acceptance-tests", "transit:read")).json()["items"] == []


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (PATH, {"content-type": "application/json"}, 415),
        ("/v1/acceptance-tests", AS_CSV, 422),
        (f"{PATH}&margin_percent=0", AS_CSV, 422),
        (f"{PATH}&timezone=Moon/Base", AS_CSV, 422),
        (f"{PATH}&timezone=..%2F..%2Fetc%2Fpasswd", AS_CSV, 422),
        ("/v1/acceptance-tests?label=%00", AS_CSV, 422),
    ],
)
async def test_bad_requests_are_told(
    ask: Ask, path: str, headers: dict[str, str], status: int
) -> None:
    answer = await ask("POST", path, "transit:write", content=GOOD.encode(), headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_only_who_may_writes_and_reads(http: httpx.AsyncClient, ask: Ask) -> None:
    assert (await http.post(PATH, content=GOOD, headers=AS_CSV)).status_code == 401
    assert (await http.get("/v1/acceptance-tests")).status_code == 401
    denied = await ask("POST", PATH, "transit:read", content=GOOD.encode(), headers=AS_CSV)
    assert (denied.status_code, denied.json()["scope"]) == (403, "transit:write")
    for path in ("/v1/acceptance-tests/1", "/v1/acceptance-tests/1/counts"):
        assert (await ask("GET", path, "transit:read")).status_code == 404


async def test_plan_tells_how_many_door_events(ask: Ask) -> None:
    path = "/v1/acceptance-plan?deviation_percent=20"
    assert (await ask("GET", path, "transit:read")).json() == {"door_events": 5200}
    hopeless = await ask("GET", f"{path}&bias_percent=2", "transit:read")
    assert hopeless.json() == {"door_events": None}
