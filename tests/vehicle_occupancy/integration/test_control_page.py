# SPDX-License-Identifier: EUPL-1.2
"""The control centre's page in a real browser: logging in, advice, recording, taking back, what came of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.async_api import Page, expect

from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from stadttakt_runtime.login.rooms import ATTEMPTS_PER_HOUR
from support.accessibility import sideways, violations
from support.asking import mint_key
from support.browser import chromium
from support.counted_town import load, loads
from support.http_app import in_process, served
from support.identity_provider import identity_provider
from vehicle_occupancy.api.control.rooms import ROOMS
from vehicle_occupancy.app import create_app
from vehicle_occupancy.settings import Settings

from .desk import Desk
from .harness import World

PEAK = 450


def tomorrow(desk: Desk) -> str:
    return f"/leitstelle?tag={(desk.today.day + timedelta(days=1)).isoformat()}"


async def logged_in(page: Page, address: str, world: World, *scopes: Scope) -> None:
    await page.goto(f"{address}/leitstelle")
    await page.get_by_label("Zugangsschlüssel").fill(await mint_key(world.database_url, *scopes))
    await page.get_by_role("button", name="Anmelden").click()
    await expect(page.get_by_role("button", name="Abmelden")).to_be_visible()


@asynccontextmanager
async def visited(
    desk: Desk, world: World, *scopes: Scope, **options: Any
) -> AsyncIterator[tuple[Page, str]]:
    """Yield a page of somebody logged in, whose scripts must not fail and whose requests stay here."""
    async with served(desk.app) as client, chromium() as browser:
        address = str(client.base_url).rstrip("/")
        page = await (await browser.new_context(**options)).new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if "Policy" in said.text else None)
        page.on(
            "request",
            lambda asked: None if asked.url.startswith(address) else faults.append(asked.url),
        )
        await logged_in(page, address, world, *scopes)
        yield page, address
        assert faults == []


async def measured(desk: Desk) -> None:
    day = desk.today.day + timedelta(days=1)
    told = [each for each in loads(day, 1) if each.trip_id != f"out-{PEAK}"]
    await desk.store([*told, load(day, PEAK, [40.0, 60.0, 50.0])])
    await desk.forecaster.work(desk.at(240, days=2))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
async def test_pages_have_no_barrier_and_fit(
    issued: Desk, world: World, width: int, scheme: Literal["light", "dark"]
) -> None:
    size = {"width": width, "height": 900}
    async with visited(issued, world, "transit:write", viewport=size, color_scheme=scheme) as (
        page,
        address,
    ):
        found = []
        for path in (
            "/leitstelle", tomorrow(issued),
            "/leitstelle?hinweis=weg", "/leitstelle/anmelden?grund=falsch",
        ):  # fmt: skip
            await page.goto(address + path)
            found += [f"{path}: {fault}" for fault in await violations(page)]
            if await sideways(page, width):
                found.append(f"{path} scrolls sideways")
        assert not found, "\n".join(found)


async def test_what_is_advised_is_recorded_taken_back_and_measured(
    issued: Desk, world: World
) -> None:
    async with visited(issued, world, "transit:write") as (page, address):
        await page.goto(address + tomorrow(issued))
        peak = page.locator("article", has_text="07:34")
        await expect(peak.get_by_role("heading", level=2)).to_contain_text(
            "Linie 7 Richtung Dom, B → C"
        )
        option = peak.locator(".option", has_text="07:20 ab A, Linie 7 Richtung Dom")
        for said in ("müssten wechseln", "angenommen, dass", "über der Grenze zu", "€"):
            await expect(option).to_contain_text(said)
        await expect(peak).to_contain_text("Größeres Fahrzeug")
        await option.get_by_role("radio").check()
        await peak.get_by_label("Notiz").fill("Ansage <b>am</b> Markt")
        await peak.get_by_role("button", name="Als veranlasst festhalten").click()
        await expect(page.get_by_role("status")).to_contain_text("Festgehalten")
        for said in ("Ansage <b>am</b> Markt", "Personen weniger als", "wer, wann"):
            await expect(peak).to_contain_text(said)
        assert await peak.get_by_label("Notiz").input_value() == ""
        await expect(page.locator(".overview")).to_contain_text("1× veranlasst")
        await peak.get_by_role("button", name="Zurücknehmen").click()
        await expect(peak).not_to_contain_text("Ansage")
        await peak.get_by_role("radio", name="Anderes").check()
        await peak.get_by_role("button", name="Als veranlasst festhalten").click()
        await expect(peak.get_by_role("button", name="Zurücknehmen")).to_have_count(1)
        await measured(issued)
        await page.reload()
        await expect(peak).to_contain_text("✓ nicht zu voll")
        await expect(peak).to_contain_text("✓ gekappt")
        await expect(peak.get_by_role("button")).to_have_count(0)
        comfort = page.get_by_role("region", name="Komfort der Linien")
        await expect(comfort.get_by_role("row", name="7")).to_contain_text("%")


async def test_page_renews_itself_and_keeps_what_was_entered(issued: Desk, world: World) -> None:
    async with visited(issued, world, "transit:write") as (page, address):
        await page.clock.install()
        await page.goto(address + tomorrow(issued))
        peak = page.locator("article", has_text="07:34")
        await peak.locator(".option").get_by_role("radio").first.check()
        await peak.get_by_label("Notiz").fill("halb geschrieben")
        await page.keyboard.press("Home")
        path = f"/v1/peaks/{await peak_id(issued)}/actions"
        sent = {"kind": "other", "note": "von nebenan"}
        headers = await world.bearer("transit:write")
        assert (await issued.client.post(path, json=sent, headers=headers)).status_code == 201
        await page.clock.run_for(61_000)
        await expect(peak).to_contain_text("von nebenan")
        assert await peak.get_by_label("Notiz").input_value() == "halb geschrieben"
        await expect(peak.locator(".option").get_by_role("radio").first).to_be_checked()
        await page.keyboard.type("> ")
        assert await peak.get_by_label("Notiz").input_value() == "> halb geschrieben"
        await page.context.clear_cookies()
        await peak.get_by_role("button", name="Als veranlasst festhalten").click()
        await expect(page.get_by_role("status")).to_contain_text("abgelaufen")
        assert await peak.get_by_label("Notiz").input_value() == "> halb geschrieben"


async def peak_id(desk: Desk) -> str:
    day = (desk.today.day + timedelta(days=1)).isoformat()
    (peak,) = (await desk.get("/v1/peaks/advice", date=day))["items"]
    return str(peak["peak_id"])


async def test_page_prints_without_its_controls_and_works_without_scripts(
    issued: Desk, world: World
) -> None:
    async with visited(issued, world, "transit:write", java_script_enabled=False) as (
        page,
        address,
    ):
        await page.goto(address + tomorrow(issued))
        peak = page.locator("article", has_text="07:34")
        await peak.get_by_role("radio", name="Anderes").check()
        await peak.get_by_label("Notiz").fill("ohne Skript")
        await peak.get_by_role("button", name="Als veranlasst festhalten").click()
        await expect(peak).to_contain_text("ohne Skript")
        assert urlsplit(page.url).fragment, "the browser is back at the peak"
        await page.emulate_media(media="print")
        for gone in (page.get_by_role("navigation"), peak.get_by_role("button").first):
            await expect(gone).to_be_hidden()
        await expect(peak.locator(".option").first).to_be_visible()
        assert len(await page.pdf()) > 10_000


async def test_more_advice_is_folded_where_there_is_little_room(issued: Desk, world: World) -> None:
    async with visited(issued, world, "transit:write") as (page, address):
        await page.clock.install()
        await page.goto(address + tomorrow(issued))
        peak = page.locator("article", has_text="07:34")
        head, third = peak.locator("summary"), peak.locator("details .option").first
        await expect(peak.locator("fieldset > .option")).to_have_count(2)
        await expect(third).to_be_visible()
        await expect(head).to_be_hidden()
        await page.set_viewport_size({"width": 360, "height": 900})
        await expect(third).to_be_hidden()
        await page.emulate_media(media="print")
        await expect(third).to_be_visible()
        await page.emulate_media(media="screen")
        await head.click()
        await expect(third).to_be_visible()
        await page.locator("#stand").evaluate("element => element.dataset.old = true")
        await page.clock.run_for(61_000)
        await expect(page.locator("#stand[data-old]")).to_have_count(0)
        await expect(third).to_be_visible()


async def test_who_may_only_read_sees_advice_and_no_forms(issued: Desk, world: World) -> None:
    async with visited(issued, world, "transit:read") as (page, address):
        await page.goto(address + tomorrow(issued))
        peak = page.locator("article", has_text="07:34")
        await expect(peak).to_contain_text("müssten wechseln")
        await expect(peak.locator("form")).to_have_count(0)
        await page.get_by_role("button", name="Abmelden").click()
        await page.goto(f"{address}/leitstelle")
        await expect(page.get_by_label("Zugangsschlüssel")).to_be_visible()


async def log_in(client: httpx.AsyncClient, key: str) -> httpx.Response:
    return await client.post("/leitstelle/anmelden", data={"key": key})


async def test_only_who_has_a_role_enters_and_only_own_forms_count(
    issued: Desk, world: World
) -> None:
    client = issued.client
    assert (await client.get("/leitstelle")).headers["location"] == "./leitstelle/anmelden"
    stranger = await log_in(client, await mint_key(world.database_url, "kpi:write"))
    assert stranger.headers["location"] == "../leitstelle/anmelden?grund=rolle"
    wrong = await log_in(client, "wrong")
    assert wrong.headers["location"] == "../leitstelle/anmelden?grund=falsch"
    entered = await log_in(client, await mint_key(world.database_url, "transit:write"))
    assert "HttpOnly" in entered.headers["set-cookie"]
    assert "Path=/leitstelle" in entered.headers["set-cookie"]
    assert (await client.get("/leitstelle")).headers["cache-control"] == "no-store"
    peak = await peak_id(issued)
    forged = {"peak_id": peak, "chosen": "other", "form_token": "f" * 64}
    for path in ("festhalten", "zuruecknehmen", "abmelden"):
        answer = await client.post(f"/leitstelle/{path}", data=forged)
        told = "Dieses Formular gehört nicht zu Ihrer Anmeldung"
        assert (answer.status_code, told in answer.text) == (403, True)
    assert (await issued.get(f"/v1/peaks/{peak}"))["actions"] == []


async def test_attempts_of_one_address_are_limited(issued: Desk) -> None:
    answers = [await log_in(issued.client, "guess") for _ in range(ATTEMPTS_PER_HOUR + 1)]
    assert [each.headers["location"] for each in answers[-2:]] == [
        "../leitstelle/anmelden?grund=falsch", "../leitstelle/anmelden?grund=viele",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "form", "why"),
    [
        ("festhalten", {"chosen": "nonsense"}, "unlesbar"),
        ("festhalten", {}, "unlesbar"),
        ("festhalten", {"peak_id": "none", "chosen": "other"}, "weg"),
        ("festhalten", {"chosen": "shift nowhere"}, "fahrt"),
        ("zuruecknehmen", {"action_id": "1"}, "weg"),
        ("zuruecknehmen", {"action_id": "²"}, "weg"),
    ],
)
async def test_what_cannot_be_recorded_says_why(
    issued: Desk, world: World, path: str, form: dict[str, str], why: str
) -> None:
    client = issued.client
    await log_in(client, await mint_key(world.database_url, "transit:write"))
    token = (await client.get("/leitstelle")).text.split("name='form_token' value='")[1][:64]
    sent = {"peak_id": await peak_id(issued), "form_token": token, "tag": "2026-12-01", **form}
    answer = await client.post(f"/leitstelle/{path}", data=sent)
    assert answer.headers["location"] == f"../leitstelle?tag=2026-12-01&hinweis={why}"


async def test_an_action_is_taken_back_by_the_entitled_until_the_peak_is_measured(
    issued: Desk, world: World
) -> None:
    path = f"/v1/peaks/{await peak_id(issued)}/actions"
    writer = await world.bearer("transit:write")
    for _ in range(2):
        acted = await issued.client.post(path, json={"kind": "other"}, headers=writer)
    first, second = [f"{path}/{each['action_id']}" for each in acted.json()["actions"]]
    assert (await issued.client.delete(first, headers=issued.reader)).status_code == 403
    left = await issued.client.delete(first, headers=writer)
    assert [each["action_id"] for each in left.json()["actions"]] == [int(second.split("/")[-1])]
    assert (await issued.client.delete(first, headers=writer)).status_code == 404
    await measured(issued)
    late = await issued.client.delete(second, headers=writer)
    assert (late.status_code, late.json()["code"]) == (409, "already_measured")


@pytest.mark.parametrize(
    ("role", "entered"), [("leitstelle", True), ("leitstelle-lesend", True), ("bauhof", False)]
)
async def test_people_enter_through_the_city_s_provider_with_a_role(
    database_url: str, role: str, *, entered: bool
) -> None:
    async with (
        identity_provider(eva=[role]) as provider,
        Database.open(database_url, schema="transit", size=2) as database,
    ):
        app = create_app(Settings(public_url="https://stadt.example", **provider.settings()))
        attach_database(app, database)
        async with in_process(app) as client:
            left = await client.get("/leitstelle/anmelden/konto")
            asked = {k: v[0] for k, v in parse_qs(urlsplit(left.headers["location"]).query).items()}
            assert asked["redirect_uri"] == "https://stadt.example/leitstelle/anmelden/zurueck"
            query = {"state": asked["state"], "code": provider.code({**asked, "who": "eva"})}
            kept = {"cookie": left.headers["set-cookie"].split(";")[0]}
            came = await client.get("/leitstelle/anmelden/zurueck", params=query, headers=kept)
            assert came.headers["location"] == (
                "/leitstelle" if entered else "/leitstelle/anmelden?grund=rolle"
            )
            cookies = [
                each for each in came.headers.get_list("set-cookie") if ROOMS.cookie + "=" in each
            ]
            assert all("Secure" in each and "Path=/leitstelle" in each for each in cookies)
            assert len(cookies) == entered


async def test_the_entrance_says_where_no_access_is_set_up_and_that_somebody_has_left(
    database_url: str,
) -> None:
    async with Database.open(database_url, schema="transit", size=2) as database:
        app = create_app(Settings())
        attach_database(app, database)
        async with in_process(app) as client:
            closed = (await client.get("/leitstelle/anmelden")).text
            await mint_key(database_url, "transit:read")
            left = (await client.get("/leitstelle/abgemeldet")).text
    said, asked = "noch kein Zugang eingerichtet", "name='key'"
    assert (said in closed, asked in closed) == (True, False)
    assert (said in left, asked in left, "Sie sind abgemeldet." in left) == (False, True, True)
