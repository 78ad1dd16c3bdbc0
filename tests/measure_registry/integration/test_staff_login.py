# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.database import Database
from support.asking import mint_key
from support.ideas import registry
from support.identity_provider import IdentityProvider, identity_provider

ARRIVAL = "https://stadt.example/ideen/intern/anmelden/zurueck"


@dataclass
class World:
    http: httpx.AsyncClient
    app: FastAPI
    provider: IdentityProvider


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    people = {"anna": ["coordinator"], "rita": ["rater"], "fremd": ["bauhof"]}
    async with (
        identity_provider(**people) as provider,
        registry(
            database_url,
            public_url="https://stadt.example/ideen",
            oidc_roles={"bauhof": {"kpi:write"}},
            **provider.settings(),
        ) as (http, app),
    ):
        yield World(http, app, provider)


async def _arrive(world: World, who: str, back: str = "", **changes: Any) -> httpx.Response:
    """Go to the provider and come back as somebody, as a browser does; cookies are sent by hand."""
    left = await world.http.get(f"/intern/anmelden/konto{back}")
    assert left.status_code == 303
    asked = {
        name: each[0] for name, each in parse_qs(urlsplit(left.headers["location"]).query).items()
    }
    assert asked["redirect_uri"] == ARRIVAL
    query = {"state": asked["state"], "code": world.provider.code({**asked, "who": who}), **changes}
    cookie = left.headers["set-cookie"]
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/ideen/intern"} <= {
        each.strip() for each in cookie.split(";")
    }
    headers = {"cookie": cookie.split(";")[0]}
    return await world.http.get("/intern/anmelden/zurueck", params=query, headers=headers)


async def test_somebody_with_a_role_at_the_provider_works_under_it_and_leaves(
    world: World, database_url: str
) -> None:
    entrance = await world.http.get("/intern/anmelden")
    assert "Mit dem Konto der Stadt anmelden" in entrance.text
    came = await _arrive(world, "anna", "?zurueck=/intern/bewertung%3Fauswahl%3Dalle")
    assert came.headers["location"] == "/ideen/intern/bewertung?auswahl=alle"
    cookie = next(each for each in came.headers.get_list("set-cookie") if "stadttakt_registry=" in each)  # fmt: skip
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/ideen/intern"} <= {
        each.strip() for each in cookie.split(";")
    }
    headers = {"cookie": cookie.split(";")[0]}
    board = await world.http.get("/intern", headers=headers)
    assert "Koordination" in board.text
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', board.text)
    assert token
    left = await world.http.post("/intern/abmelden", data={"form_token": token[1]}, headers=headers)
    assert left.headers["location"] == "/ideen/intern/abgemeldet?konto=1"
    goodbye = await world.http.get("/intern/abgemeldet?konto=1")
    assert f"{world.provider.issuer}/logout?client_id=" in goodbye.text
    # the cookie is still good by its seal and its time, as a copy would be
    assert (await world.http.get("/intern", headers=headers)).status_code == 303
    assert (await world.http.post("/intern", headers=headers)).status_code == 401
    async with Database.open(database_url, schema="registry", size=2) as database, database.connection() as connection:  # fmt: skip
        assert await connection.fetchval("select count(*) from platform.ended_login") == 1


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ("anna", {"event": "logged_in", "who": "oidc:anna", "log_level": "info"}),
        ("fremd", {"event": "login_refused", "who": "oidc:fremd", "reason": "no role"}),
    ],
)
async def test_who_logged_in_or_was_refused_stands_in_the_log(
    world: World, who: str, told: dict[str, str]
) -> None:
    with capture_logs() as logs:
        await _arrive(world, who)
    assert any(told.items() <= entry.items() for entry in logs)


async def test_with_a_key_too(world: World, database_url: str) -> None:
    key = await mint_key(database_url, "registry:read")
    with capture_logs() as logs:
        for given in (key, "stk_wrong"):
            await world.http.post("/intern/anmelden", data={"key": given})
    told = [(entry["event"], entry.get("who", "")[:8]) for entry in logs if "log" in entry["event"]]
    assert told == [("logged_in", "api_key:"), ("login_refused", "")]


async def test_a_form_that_comes_after_the_session_can_be_sent_again(world: World) -> None:
    first, second = [
        next(each for each in (await _arrive(world, "rita")).headers.get_list("set-cookie") if "stadttakt_registry=" in each).split(";")[0]
        for _ in range(2)
    ]  # fmt: skip
    page = await world.http.get("/intern", headers={"cookie": first})
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', page.text)
    assert token
    form = {"form_token": token[1], "reason": "im Team besprochen", "action": "move:bewertet"}
    late = await world.http.post("/intern", data=form)
    assert (late.status_code, "nichts verloren" in late.text) == (401, True)
    again = await world.http.post("/intern", data=form, headers={"cookie": second})
    assert (again.status_code, "Es war keine Idee ausgewählt." in again.text) == (422, True)


@pytest.mark.parametrize(
    ("who", "changes", "why"),
    [
        ("fremd", {}, "rolle"),
        ("anna", {"state": "another"}, "abgelehnt"),
        ("anna", {"code": "guessed"}, "abgelehnt"),
        ("anna", {"iss": "https://evil.example"}, "abgelehnt"),
    ],
)
async def test_who_has_no_role_or_comes_by_another_way_stays_outside(
    world: World, who: str, changes: dict[str, str], why: str
) -> None:
    turned = await _arrive(world, who, **changes)
    assert turned.headers["location"] == f"/ideen/intern/anmelden?grund={why}"
    assert "stadttakt_registry=" not in turned.headers.get("set-cookie", "")
    told = await world.http.get(f"/intern/anmelden?grund={why}")
    assert (told.status_code, 'role="alert"' in told.text) == (403, True)


async def test_a_provider_that_is_away_is_told_and_keys_still_open(
    world: World, database_url: str
) -> None:
    await mint_key(database_url, "registry:read")
    world.provider.is_down = True
    left = await world.http.get("/intern/anmelden/konto?lang=en")
    assert left.headers["location"] == "/ideen/intern/anmelden?grund=weg&lang=en"
    away = await world.http.get("/intern/anmelden?grund=weg&lang=en")
    assert "does not answer at the moment" in away.text
    assert 'name="key"' in away.text


FORM, NONE = 'name="key"', "noch kein Zugang eingerichtet"


@pytest.mark.parametrize(
    ("scope", "said", "unsaid"),
    [
        (None, NONE, FORM),
        ("kpi:write", NONE, FORM),
        ("registry:read", FORM, NONE),
        ("admin", FORM, NONE),
    ],
)
async def test_the_entrance_offers_what_is_there_and_says_when_nothing_is(
    database_url: str, scope: Scope | None, said: str, unsaid: str
) -> None:
    if scope is not None:
        await mint_key(database_url, scope)
    async with registry(database_url) as (http, _):
        assert 'href="/intern"' in (await http.get("/liste")).text
        page = await http.get("/intern/anmelden")
        assert (page.status_code, said in page.text, unsaid in page.text) == (200, True, False)


async def test_a_key_that_is_over_is_no_way_in(database_url: str) -> None:
    await mint_key(database_url, "registry:read")
    async with (
        Database.open(database_url, schema="platform", size=1) as platform,
        platform.transaction() as connection,
    ):
        over = "update platform.api_key set expires_at = now() - interval '1 second'"
        await connection.execute(over)
    async with registry(database_url) as (http, _):
        english = (await http.get("/intern/anmelden?lang=en")).text
    assert "there is no valid key" in english


async def test_where_the_provider_alone_lets_in_nobody_is_asked_for_a_key(world: World) -> None:
    page = (await world.http.get("/intern/anmelden")).text
    assert ("Mit dem Konto der Stadt anmelden" in page, 'name="key"' in page) == (True, False)


async def test_without_a_provider_there_is_no_such_way(database_url: str) -> None:
    async with registry(database_url) as (http, _):
        assert "Konto der Stadt" not in (await http.get("/intern/anmelden")).text
        assert (await http.get("/intern/anmelden/konto")).status_code == 303
        assert (await http.get("/intern/anmelden/zurueck?code=x")).status_code == 303
