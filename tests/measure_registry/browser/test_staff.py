# SPDX-License-Identifier: EUPL-1.2
"""The staff pages in a real browser: no barrier, no text that runs, and all of it by keyboard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import pytest
from playwright.async_api import Page, expect

from support.accessibility import sideways, violations
from support.asking import asker
from support.browser import chromium
from support.http_app import served
from support.ideas import PERSON, WHY, registry, submit
from support.identity_provider import identity_provider
from support.undertakings import hostile

# axe looks at a dozen pages, twice each: half a minute, and more where others work too
pytestmark = pytest.mark.timeout(400)
ATTACK = (
    "<script>window.hacked=1</script><img src=x onerror='window.hacked=1'>\"' onmouseover=x{{7*7}}"
)
WIDTHS = (360, 1440)
MINE = f"Meins: {ATTACK[:80]}"


@asynccontextmanager
async def staff_browser(database_url: str) -> AsyncIterator[tuple[Page, str, str, list[str]]]:
    """Yield a browser's page, the address, an idea full of hostile text, and what went wrong."""
    async with (
        identity_provider(anna=["coordinator"], rita=["rater"]) as provider,
        registry(database_url, **provider.settings()) as (_, app),
        served(app) as http,
        chromium() as browser,
    ):
        http.timeout = 60
        ask = asker(http, database_url)
        idea_id = await _hostile(http, ask)
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(60_000)
        page = await context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield page, str(http.base_url).rstrip("/"), idea_id, faults
        assert faults == []
        await context.close()


async def _hostile(http: Any, ask: Any) -> str:
    """Submit an idea whose every text, rating and reason would run if it could."""
    person = {"name": ATTACK, "organisation": ATTACK, "phone": ATTACK, "email": PERSON["email"]}
    taken = await submit(http, title=ATTACK[:150], summary=ATTACK, goal=ATTACK, partners=ATTACK,
                         budget=ATTACK, place={"name": ATTACK, "lat": 51.48, "lon": 11.97}, contact=person)  # fmt: skip
    await submit(http, title="Freie Stellplätze anzeigen")
    made = await ask("POST", "/v1/measures", "registry:write", json={"measure": hostile(ATTACK), "reason": ATTACK})  # fmt: skip
    assert made.status_code == 201, made.text
    path = f"/v1/ideas/{taken['idea_id']}"
    for scope, rating in (("registry:rate", "erfuellt"), ("registry:admin", "nicht_erfuellt")):
        body = {"rating": rating, "comment": ATTACK}
        rated = await ask("PUT", f"{path}/ratings/mehrwert", scope, json=body)
        assert rated.status_code == 200, rated.text
    edit = {"benefit": ATTACK, "reason": ATTACK}
    edited = await ask("PATCH", path, "registry:write", json=edit, headers={"if-match": "*"})
    assert edited.status_code == 200, edited.text
    moved = await ask("POST", f"{path}/transitions", "registry:admin", json={"to": "gesichtet", **WHY, "reason": ATTACK})  # fmt: skip
    assert moved.status_code == 200, moved.text
    return str(taken["idea_id"])


async def log_in(page: Page, address: str, who: str) -> None:
    """Come in from the public pages through the provider, by keyboard alone."""
    await page.goto(f"{address}/liste")
    await page.get_by_role("link", name="Für Mitarbeitende der Stadt").press("Enter")
    await page.get_by_role("link", name="Mit dem Konto der Stadt anmelden").press("Enter")
    await page.get_by_role("link", name=who).press("Enter")
    await expect(page.locator("h1")).to_have_text("Übersicht der Ideen")


async def check(page: Page, where: str) -> None:
    """Find no barrier at both widths, no overflow, nothing that ran."""
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        assert await violations(page) == [], f"{where} at {width}"
        assert not await sideways(page, width), where
    assert await page.evaluate("window.hacked === undefined"), where


async def test_no_staff_page_has_a_barrier_or_runs_what_somebody_wrote(database_url: str) -> None:
    async with staff_browser(database_url) as (page, address, idea_id, _):
        await page.goto(f"{address}/intern/anmelden")
        await check(page, "login")
        await page.goto(f"{address}/intern/anmelden?grund=abgelehnt&lang=en")
        await check(page, "login refused")
        await log_in(page, address, "anna")
        idea = f"/intern/idee/{idea_id}"
        for path in (
            "/intern", "/intern?q=Stellplätze", "/intern/bewertung?auswahl=strittig&lang=en",
            "/intern/neu", f"{idea}?lang=en", f"{idea}/aendern", f"{idea}/teilen", f"{idea}/kontakt",
            "/intern/massnahmen/neu/teilprojekt", "/intern/formate", "/intern/formate/neu?lang=en", "/intern/einlesen",
            f"{idea}/personenbezogenes", "/intern/massnahmen", "/intern/massnahme/voll", "/intern/massnahme/voll?lang=en",
        ):  # fmt: skip
            await page.goto(address + path)
            await check(page, path)
        await page.goto(f"{address}/intern/einlesen")
        wrong = {
            "name": "x.csv",
            "mimeType": "text/csv",
            "buffer": f"title,summary\n{ATTACK},x\n".encode(),
        }
        await page.get_by_label("CSV-Datei").set_input_files(wrong)
        await page.get_by_role("button", name="Probelauf").press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("Nichts wurde eingelesen")
        await check(page, "import refused")
        await page.goto(f"{address}/intern/formate/neu")
        await page.get_by_role("button", name="Speichern").press("Enter")
        await expect(page.get_by_role("alert")).to_be_visible()
        await check(page, "format refused")
        await page.goto(f"{address}{idea}")
        assert await page.locator("main").inner_text()
        await expect(page.get_by_text("Hier widersprechen sich Bewertungen")).to_be_visible()
        await page.goto(f"{address}{idea}/kontakt")
        await page.get_by_label("Begründung").fill(ATTACK)
        await page.get_by_role("button", name="Kontaktdaten öffnen").press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("<script>window.hacked=1</script>")
        await check(page, "contact data")
        await page.goto(f"{address}/intern/idee/{quote(ATTACK, safe='')}")
        await expect(page.locator("h1")).to_have_text("Diese Seite gibt es nicht")
        await check(page, "no such page")


async def test_a_file_that_is_kept_and_texts_that_name_somebody_are_told_without_running(
    database_url: str,
) -> None:
    async with staff_browser(database_url) as (page, address, idea_id, _):
        await log_in(page, address, "anna")
        await page.goto(f"{address}/intern/einlesen")
        line = f"{ATTACK},Mehr Bänke am Ufer.,mobilitaet"
        tried = {
            "name": f"{ATTACK}.csv",
            "mimeType": "text/csv",
            "buffer": f"title,summary,handlungsfeld\n{line}\n".encode(),
        }
        await page.get_by_label("CSV-Datei").set_input_files(tried)
        await page.get_by_role("button", name="Probelauf").press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("Probelauf")
        await expect(page.get_by_role("status")).to_contain_text("<script>window.hacked=1</script>")
        await check(page, "file kept")
        await page.goto(f"{address}/intern/idee/{idea_id}")
        await page.locator("#reason-place").fill(ATTACK)
        await page.get_by_role("button", name="veröffentlichen").press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text(
            "Der Text nennt vielleicht Personen"
        )
        await expect(page.get_by_role("alert")).to_contain_text("<script>window.hacked=1</script>")
        await check(page, "names somebody")


async def test_what_was_refused_is_shown_without_a_barrier_and_with_what_was_typed(
    database_url: str,
) -> None:
    async with staff_browser(database_url) as (page, address, idea_id, _):
        await log_in(page, address, "anna")
        idea = f"{address}/intern/idee/{idea_id}"
        other = await page.context.new_page()
        await page.goto(f"{idea}/aendern")
        await other.goto(f"{idea}/aendern")
        for tab, title in ((other, "Bänke am Fluss"), (page, MINE)):
            await tab.get_by_label("Titel").fill(title)
            await tab.get_by_label("Begründung").fill("genauer gesagt")
            await tab.get_by_role("button", name="Änderung speichern").press("Enter")
        await expect(other.get_by_role("status")).to_contain_text("gespeichert")
        await expect(page.get_by_role("alert")).to_contain_text("wurde inzwischen geändert")
        await expect(page.get_by_label("Titel")).to_have_value(MINE)
        await expect(page.locator("#title-theirs")).to_contain_text("Bänke am Fluss")
        await check(page, "overtaken")
        await page.goto(f"{idea}/teilen")
        await page.get_by_role("button", name="Teilen").press("Enter")
        await expect(page.get_by_role("alert")).to_be_visible()
        await check(page, "split refused")
        await page.goto(f"{address}/intern/neu")
        await page.get_by_label("Titel").fill(ATTACK[:2])
        await page.get_by_role("button", name="Idee erfassen").press("Enter")
        await expect(page.get_by_label("Titel")).to_have_value(ATTACK[:2])
        await check(page, "entry refused")
        await page.context.clear_cookies()
        await page.get_by_role("button", name="Idee erfassen").press("Enter")
        await expect(page.locator("h1")).to_have_text("Sie sind nicht mehr angemeldet")
        await check(page, "login over")


async def test_a_measure_is_changed_by_keyboard_and_what_is_refused_keeps_what_was_typed(
    database_url: str,
) -> None:
    async with staff_browser(database_url) as (page, address, _, __):
        await log_in(page, address, "anna")
        await page.get_by_role("link", name="Maßnahmen bearbeiten").press("Enter")
        await page.get_by_role("link", name="Karrierebus", exact=True).press("Enter")
        await page.get_by_label("Titel (bitte ausfüllen)").fill("")
        await page.get_by_label("Kurzfassung (bitte ausfüllen)").fill(ATTACK)
        await page.get_by_label("Begründung").fill(ATTACK)
        await page.get_by_role("button", name="Änderung speichern").press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("Titel: fehlt")
        await expect(page.get_by_label("Kurzfassung (bitte ausfüllen)")).to_have_value(ATTACK)
        await check(page, "measure refused")
        await page.get_by_role("link", name="Titel: fehlt").press("Enter")
        await expect(page.get_by_label("Titel (bitte ausfüllen)")).to_be_focused()
        await page.keyboard.type("Karrierebus")
        new = page.get_by_role("group", name="Partner 8 (neu)")
        await new.get_by_label("Name").fill(ATTACK)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("gespeichert")
        await check(page, "measure changed")
        await page.goto(f"{address}/teilprojekt/karrierebus")
        await expect(page.locator("main")).to_contain_text("<script>window.hacked=1</script>")
        assert await page.evaluate("window.hacked === undefined")


FOCUSED = """() => {
    const element = document.activeElement, style = getComputedStyle(element);
    const named = element.getAttribute("aria-label") ?? element.labels?.[0]?.innerText ?? element.innerText;
    const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    return [`${element.tagName.toLowerCase()} ${named.trim()}`, seen];
}"""


async def test_the_board_is_walked_by_keyboard_with_the_focus_in_sight(database_url: str) -> None:
    async with staff_browser(database_url) as (page, address, _, __):
        await log_in(page, address, "anna")
        await page.goto(f"{address}/intern")
        walked: list[str] = []
        for _step in range(80):
            await page.keyboard.press("Tab")
            named, is_seen = await page.evaluate(FOCUSED)
            if named.startswith("body"):
                break
            assert is_seen, named
            walked.append(named)
        told = "\n".join(walked)
        assert walked[0] == "a Zum Inhalt"
        for wanted in (
            "a Öffnen: idea-0002",
            "input idea-0002",
            "select Mit den ausgewählten",
            "input Begründung",
        ):
            assert wanted in told, (wanted, walked)
        # nothing is reached twice, and nothing holds the focus
        assert len(walked) < 80
        await page.goto(f"{address}/intern")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).to_be_focused()
        await page.get_by_role("link", name="Öffnen: idea-0002").press("Enter")
        await expect(page.locator("h1")).to_have_text("Freie Stellplätze anzeigen")


async def test_a_rater_and_a_coordinator_work_by_keyboard_and_leave(database_url: str) -> None:
    async with staff_browser(database_url) as (page, address, _, __):
        await log_in(page, address, "rita")
        await expect(page.get_by_role("link", name="Idee erfassen")).to_have_count(0)
        await page.goto(f"{address}/intern/neu")
        await expect(page.locator("h1")).to_have_text("Diese Seite ist für eine andere Rolle")
        await check(page, "role lacking")
        await page.goto(f"{address}/intern/idee/idea-0002")
        radio = page.get_by_label("erfüllt", exact=True).first
        await radio.focus()
        await page.keyboard.press("Space")
        await page.get_by_role("button", name="Bewertung speichern").press("Enter")
        await expect(page.get_by_role("status")).to_have_text("Erledigt.")
        await page.get_by_role("button", name="Abmelden").press("Enter")
        await expect(page.locator("h1")).to_have_text("Sie sind abgemeldet")
        await check(page, "left")
        await page.get_by_role("link", name="Auch dort abmelden").press("Enter")
        await expect(page.locator("h1")).to_have_text("Sie sind abgemeldet")
        await log_in(page, address, "anna")
        await page.get_by_role("checkbox", name="idea-0002").focus()
        await page.keyboard.press("Space")
        await page.get_by_role("combobox", name="Mit den ausgewählten").select_option(
            "move:gesichtet"
        )
        await page.get_by_label("Begründung").fill("gelesen")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_have_text("Erledigt (1): idea-0002")
        await check(page, "several done")
