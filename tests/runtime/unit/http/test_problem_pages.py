# SPDX-License-Identifier: EUPL-1.2
"""Who reads in a browser is told in words what is wrong; programs and the API are told by documents."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Query, Request, Response

from stadttakt_runtime.http import problem_pages
from stadttakt_runtime.http.problem import Problem
from stadttakt_runtime.http.problem_pages import Said, Told
from stadttakt_runtime.login.rooms import FormForged
from support.http_app import in_process, make_app

PEOPLE = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
OWN = Told(Said("Eigenes", "Eigener Text"), Said("Own", "own text"))
router = APIRouter()


@router.get("/broken")
@router.get("/v1/broken")
async def broken() -> None:
    raise RuntimeError("password=hunter2")


@router.get("/away")
async def away() -> None:
    raise ConnectionRefusedError(111, "Connect call failed")


@router.get("/often")
async def often() -> None:
    raise Problem(status=429, code="too_many", headers={"retry-after": "60"})


@router.post("/form")
async def form(request: Request) -> None:
    await request.form()
    raise FormForged


@router.get("/number/{number}")
async def number(number: int) -> int:
    return number


@router.get("/page")
async def paged(number: Annotated[int, Query(ge=1)]) -> int:
    return number


@router.get("/own")
async def own() -> None:
    raise Problem(status=409, code="own")


@router.get("/elsewhere")
async def elsewhere() -> None:
    raise Problem(status=303, code="login_needed", headers={"location": "/form"})


async def show(_request: Request, _problem: Problem, told: Told) -> Response:
    return Response(f"{told.de.title}|{told.en.text}", media_type="text/html")


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    app = make_app(router)
    problem_pages.install(app, show, is_page=lambda path: path != "/file", own={"own": OWN})
    async with in_process(app) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/broken", 500, "Das hat nicht geklappt|The fault is ours"),
        ("/away", 503, "Gerade nicht zu erreichen|Please try again in a few minutes"),
        ("/often", 429, "Das waren zu viele Versuche|Please wait"),
        ("/nowhere", 404, "Diese Seite gibt es nicht|Perhaps the link"),
        ("/number/12.", 404, "Diese Seite gibt es nicht|Perhaps the link"),
        (
            "/page?number=0",
            422,
            "In dieser Adresse steht etwas Falsches|This page can do nothing with what the address says at “number”",
        ),
        ("/form", 404, "Diese Seite gibt es nicht|Perhaps the link"),
        ("/own", 409, "Eigenes|own text"),
    ],
)
async def test_people_read_pages(
    http: httpx.AsyncClient, path: str, status: int, said: str
) -> None:
    page = await http.get(path, headers=PEOPLE)
    assert (page.status_code, page.headers["cache-control"]) == (status, "no-store")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.text.startswith(said)
    document = await http.get(path)
    assert document.headers["content-type"] == "application/problem+json"


async def test_a_page_keeps_what_the_problem_tells_by_headers(http: httpx.AsyncClient) -> None:
    assert (await http.get("/often", headers=PEOPLE)).headers["retry-after"] == "60"
    assert (await http.get("/away", headers=PEOPLE)).headers["retry-after"] == "2"
    assert (await http.get("/elsewhere", headers=PEOPLE)).headers["location"] == "/form"


async def test_a_form_is_answered_with_a_page(http: httpx.AsyncClient) -> None:
    forged = await http.post("/form", data={"key": "1"})
    assert (forged.status_code, forged.text.split("|")[0]) == (
        403,
        "Dieses Formular gehört nicht zu Ihrer Anmeldung",
    )
    for content in (b"x" * 2000, _chunks()):
        kind = {"content-type": "application/x-www-form-urlencoded"}
        large = await http.post("/form", content=content, headers=kind)
        assert (large.status_code, large.headers["connection"]) == (413, "close")
        assert large.text.startswith("Das ist zu viel auf einmal|")


async def _chunks() -> AsyncIterator[bytes]:
    for _ in range(20):
        yield b"x" * 100


@pytest.mark.parametrize("path", ["/v1/broken", "/v1/nowhere", "/file"])
async def test_the_api_and_files_keep_documents_for_everybody(
    http: httpx.AsyncClient, path: str
) -> None:
    answer = await http.get(path, headers=PEOPLE)
    assert answer.headers["content-type"] == "application/problem+json"
