# SPDX-License-Identifier: EUPL-1.2
"""`/erfassen`: people come through the city's provider, act in the role it gives, and are two."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest

from kpi_aggregator.api.acting import role_of
from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.settings import Settings
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.asking import asker, mint_key
from support.http_app import in_process
from support.identity_provider import IdentityProvider, identity_provider
from support.indicators import indicator, libpq, write_city

PUBLIC = "https://stadt.example/kpi"
PAPER = {**indicator("paper", "none", source="manual", period="year", unit="Formate", whole=True)}
del PAPER["formula"]
BODY = {
    "period": "year", "period_start": "2025-01-01", "value": 14, "source": "Liste der Formate",
    "source_date": "2026-01-15",
}  # fmt: skip
PEOPLE = {
    "anna@stadt.example": ["kpi-erfassung"],
    "bert@stadt.example": ["kpi-erfassung", "kpi-freigabe"],
    "chef@stadt.example": ["leitung"],
    "fremd@stadt.example": ["bauhof"],
}


@dataclass
class World:
    http: httpx.AsyncClient
    provider: IdentityProvider
    url: str

    async def arrive(self, who: str, **changes: Any) -> httpx.Response:
        """Go to the provider and come back as somebody, as a browser does."""
        left = await self.http.get("/erfassen/anmelden/konto")
        asked = {k: v[0] for k, v in parse_qs(urlsplit(left.headers["location"]).query).items()}
        assert asked["redirect_uri"] == f"{PUBLIC}/erfassen/anmelden/zurueck"
        query = {"state": asked["state"], "code": self.provider.code({**asked, "who": who})}
        headers = {"cookie": left.headers["set-cookie"].split(";")[0]}
        return await self.http.get(
            "/erfassen/anmelden/zurueck", params={**query, **changes}, headers=headers
        )

    async def desk(self, cookie: str) -> Desk:
        page = await self.http.get("/erfassen", headers={"cookie": cookie})
        token = re.search(r'name="form_token" id="form_token" value="([0-9a-f]+)"', page.text)
        assert token, page.status_code
        return Desk(self.http, {"cookie": cookie, "x-form-token": token[1]}, page.text)

    async def as_person(self, who: str) -> Desk:
        came = await self.arrive(who)
        assert came.headers["location"] == "/kpi/erfassen"
        cookie = next(each for each in came.headers.get_list("set-cookie") if "stadttakt_kpi=" in each)  # fmt: skip
        assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/kpi/"} <= {
            each.strip() for each in cookie.split(";")
        }
        return await self.desk(cookie.split(";")[0])


@dataclass
class Desk:
    http: httpx.AsyncClient
    headers: dict[str, str]
    page: str

    async def enter(self, **changes: Any) -> httpx.Response:
        path = "/erfassen/werte/paper"
        return await self.http.post(path, json={**BODY, **changes}, headers=self.headers)

    async def judge(self, value_id: int, verdict: str = "approve") -> httpx.Response:
        path = f"/erfassen/werte/{value_id}/{verdict}"
        return await self.http.post(path, json={"note": "geprüft"}, headers=self.headers)


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    await asyncio.to_thread(apply_city, write_city(tmp_path, [], [PAPER]), database_url)
    async with (
        identity_provider(**PEOPLE) as provider,
        Database.open(database_url, schema="kpi", size=2) as database,
    ):
        roles = {"leitung": {"kpi:write", "kpi:approve"}, "bauhof": {"registry:read"}}
        told = {**provider.settings(), "pseudonym_secret": "s" * 40}
        app = create_app(Settings(public_url=PUBLIC, oidc_roles=roles, **told))
        attach_database(app, database)
        async with in_process(app) as client:
            yield World(client, provider, database_url)


async def test_at_the_page_a_person_takes_back_what_they_entered(world: World) -> None:
    anna = await world.as_person("anna@stadt.example")
    bert = await world.as_person("bert@stadt.example")
    entered = (await anna.enter()).json()["value_id"]
    assert (await bert.judge(entered, "withdraw")).status_code == 409
    again = await world.as_person("anna@stadt.example")
    taken = (await again.judge(entered, "withdraw")).json()
    assert (taken["withdrawn"], taken["decision_note"]) == (True, "geprüft")
    desk = (await world.http.get("/erfassen/daten", headers=anna.headers)).json()
    assert (desk["pending"], desk["decided"][0]["withdrawn"]) == ([], True)


async def test_a_value_is_entered_and_approved_by_two_persons_in_the_roles_of_their_logins(
    world: World,
) -> None:
    anna, bert = (
        await world.as_person("anna@stadt.example"),
        await world.as_person("bert@stadt.example"),
    )
    assert "Rolle: Erfassung." in anna.page
    assert "Rolle: Erfassung und Freigabe." in bert.page
    entered = await anna.enter(author_role="Oberbürgermeisterin")
    assert (entered.status_code, entered.json()["author_role"]) == (201, "Erfassung")
    # who may only enter does not decide, not even on what others entered
    assert (await anna.judge(entered.json()["value_id"])).status_code == 403
    own = await bert.enter(value=15, cause="ein Format fehlte")
    refused = await bert.judge(own.json()["value_id"])
    assert (refused.status_code, "somebody else" in refused.json()["detail"]) == (409, True)
    # in the same role, but another person
    chef = await world.as_person("chef@stadt.example")
    decided = await chef.judge(own.json()["value_id"])
    assert (decided.json()["state"], decided.json()["decided_role"]) == (
        "approved", "Erfassung und Freigabe",
    )  # fmt: skip
    rejected = await bert.judge(entered.json()["value_id"], "reject")
    assert rejected.json()["state"] == "rejected"
    desk = (await world.http.get("/erfassen/daten", headers=anna.headers)).json()
    assert ([each["indicator_id"] for each in desk["indicators"]], desk["pending"]) == (
        ["paper"],
        [],
    )
    with psycopg.connect(libpq(world.url)) as connection:
        kept = str(connection.execute("select * from kpi.indicator_value").fetchall())
    assert "stadt.example" not in kept


async def test_who_enters_and_who_decides_are_told_that_a_value_is_one_so_far(world: World) -> None:
    anna = await world.as_person("anna@stadt.example")
    assert 'aria-describedby="source_date-hint"' in anna.page
    assert "der Wert ist ein Zwischenstand, bis ihn jemand nach dem Ende" in anna.page
    assert (await anna.enter(source_date="2025-12-31")).json()["so_far"] is False
    assert (await anna.enter(source_date="2025-12-19", value=8)).json()["so_far"] is True
    desk = (await world.http.get("/erfassen/daten", headers=anna.headers)).json()
    assert {each["value"]: each["so_far"] for each in desk["pending"]} == {14: False, 8: True}


async def test_who_decides_sees_what_holds_and_who_entered_what_was_decided(world: World) -> None:
    anna, bert = (
        await world.as_person("anna@stadt.example"),
        await world.as_person("bert@stadt.example"),
    )

    async def seen(desk: Desk, what: str) -> dict[str, Any]:
        answer = await world.http.get("/erfassen/daten?lang=en", headers=desk.headers)
        found: dict[str, Any] = answer.json()[what][0]
        return found

    await bert.judge((await anna.enter()).json()["value_id"])
    link = "https://stadt.example/liste"
    entered = await anna.enter(value=16, cause="zwei fehlten", evidence=link)
    waiting = await seen(bert, "pending")
    assert (waiting["holds"], waiting["value"], waiting["mine"]) == (14, 16, False)
    told = (waiting["evidence"], waiting["cause_words"], waiting["period_words"])
    assert told == (link, "zwei fehlten", "2025")
    assert (await seen(anna, "pending"))["mine"]
    await bert.judge(entered.json()["value_id"], "reject")
    decided = await seen(anna, "decided")
    assert (decided["state"], decided["decision_note"], decided["mine"]) == (
        "rejected", "geprüft", True,
    )  # fmt: skip
    assert decided["decided_role"] == "Erfassung und Freigabe"


async def test_who_entered_before_pseudonyms_were_kept_does_not_decide_on_it(world: World) -> None:
    bert = await world.as_person("bert@stadt.example")
    entered = (await bert.enter()).json()["value_id"]
    with psycopg.connect(libpq(world.url), autocommit=True) as connection:
        connection.execute("update kpi.indicator_value set author = 'oidc:bert@stadt.example'")
    assert (await bert.judge(entered)).status_code == 409


async def test_nothing_is_done_without_a_login_or_by_another_site(world: World) -> None:
    turned = await world.http.get("/erfassen")
    assert (turned.status_code, turned.headers["location"]) == (303, "/kpi/erfassen/anmelden")
    outside = Desk(world.http, {}, "")
    assert (await outside.enter()).status_code == 401
    assert (await world.http.get("/erfassen/daten")).status_code == 401
    anna = await world.as_person("anna@stadt.example")
    for token in ({}, {"x-form-token": "0" * 64}):
        forged = Desk(world.http, {"cookie": anna.headers["cookie"], **token}, "")
        assert ((await forged.enter()).json()["code"], (await forged.enter()).status_code) == (
            "form_forged", 403,
        )  # fmt: skip
    form = {"form_token": anna.headers["x-form-token"]}
    cookie = {"cookie": anna.headers["cookie"]}
    wrong = await world.http.post("/erfassen/abmelden", data={"form_token": "x"}, headers=cookie)
    assert wrong.status_code == 403
    left = await world.http.post("/erfassen/abmelden", data=form, headers=cookie)
    assert left.headers["location"] == "/kpi/erfassen/abgemeldet?konto=1"
    goodbye = (await world.http.get("/erfassen/abgemeldet?konto=1")).text
    assert ("Sie sind abgemeldet." in goodbye, "/logout?client_id=" in goodbye) == (True, True)
    # the cookie is still good by its seal and its time, as a copy would be
    assert (await anna.enter()).status_code == 401


@pytest.mark.parametrize(
    ("who", "changes", "why"),
    [
        ("fremd@stadt.example", {}, "rolle"),
        ("anna@stadt.example", {"state": "another"}, "abgelehnt"),
        ("anna@stadt.example", {"code": "guessed"}, "abgelehnt"),
    ],
)
async def test_who_has_no_role_or_comes_by_another_way_stays_outside(
    world: World, who: str, changes: dict[str, str], why: str
) -> None:
    came = await world.arrive(who, **changes)
    assert came.headers["location"] == f"/kpi/erfassen/anmelden?grund={why}"
    assert not [each for each in came.headers.get_list("set-cookie") if "stadttakt_kpi=" in each]
    assert (await world.http.get(f"/erfassen/anmelden?grund={why}")).status_code == 403


async def test_a_key_says_its_role_and_a_wrong_one_opens_nothing(world: World) -> None:
    async def come(key: str) -> httpx.Response:
        return await world.http.post("/erfassen/anmelden", data={"key": key})

    for wrong in ("", "nothing", await mint_key(world.url, "registry:read")):
        assert "?grund=" in (await come(wrong)).headers["location"]
    came = await come(await mint_key(world.url, "kpi:write"))
    desk = await world.desk(came.headers["set-cookie"].split(";")[0])
    refused = await desk.enter()
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "author_role")
    entered = await desk.enter(author_role="Koordination")
    assert entered.json()["author_role"] == "Koordination"
    ask = asker(world.http, world.url)
    bare = await ask("POST", "/v1/indicators/paper/values", "kpi:write", json=BODY)
    assert (bare.status_code, bare.json()["errors"][0]["code"]) == (422, "missing")


def test_the_roles_of_a_login_are_told_in_words() -> None:
    for scopes, words in (
        ({"kpi:write"}, "Erfassung"),
        ({"kpi:approve"}, "Freigabe"),
        ({"kpi:write", "kpi:approve"}, "Erfassung und Freigabe"),
        ({"admin"}, "Administration"),
    ):
        assert role_of(Principal("oidc", "a", frozenset(scopes))) == words  # type: ignore[arg-type]


async def test_the_entrance_says_where_no_access_is_set_up(database_url: str) -> None:
    app = create_app(Settings())
    async with Database.open(database_url, schema="kpi", size=2) as database:
        attach_database(app, database)
        async with in_process(app) as http:
            closed = (await http.get("/erfassen/anmelden")).text
            await mint_key(database_url, "kpi:approve")
            opened = (await http.get("/erfassen/anmelden")).text
    said, asked = "noch kein Zugang eingerichtet", 'name="key"'
    assert (said in closed, asked in closed) == (True, False)
    assert (said in opened, asked in opened) == (False, True)
