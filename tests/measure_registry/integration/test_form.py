# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from measure_registry.api.pages.reading import TRAP
from measure_registry.storage import drafts
from stadttakt_runtime.database import Database
from support.asking import Ask
from support.files import CAMERA, broken_pdf, document, phone_photo, picture, small_but_endless
from support.idea_form import FIELDS, send
from support.ideas import ANY, HALLE, PERSON, WHY, registry, submit
from support.rows import dump


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[tuple[httpx.AsyncClient, FastAPI]]:
    async with registry(database_url) as both:
        yield both


@pytest.fixture
def http(site: tuple[httpx.AsyncClient, FastAPI]) -> httpx.AsyncClient:
    return site[0]


async def test_a_sent_form_is_an_idea_with_a_status_page(
    site: tuple[httpx.AsyncClient, FastAPI], ask: Ask
) -> None:
    sent = await send(site, **PERSON)
    assert sent.status_code == 303, sent.text
    status = await site[0].get(sent.headers["location"])
    assert (status.status_code, status.headers["cache-control"]) == (200, "no-store")
    assert "Vielen Dank" in status.text
    assert "noch nicht" in status.text.lower()
    (idea,) = (await ask("GET", "/v1/ideas", "registry:read")).json()["items"]
    assert (idea["title"], idea["place"]["name"], idea["channel"]) == (
        "Bänke am Fluss",
        "Peißnitzinsel",
        "web",
    )
    assert idea["mehrwerte"] == ["stadtstolz", "erreichbarkeit"]
    contact = await ask("GET", f"/v1/ideas/{idea['idea_id']}/contact", "registry:write")
    assert contact.json() == PERSON
    assert (await site[0].get("/stand/" + "a" * 32)).status_code == 404


async def test_what_is_wrong_is_said_in_words_and_nothing_written_is_lost(
    site: tuple[httpx.AsyncClient, FastAPI],
) -> None:
    answer = await send(site, title="Oh", summary="kurz", handlungsfeld="", email="emilie",
                        goal="Mehr <b>Ruhe</b>", budget="x" * 300)  # fmt: skip
    assert answer.status_code == 422
    for said in ("Titel: 3 bis 150 Zeichen", "Thema: bitte wählen Sie eines",
                 "E-Mail: diese Adresse ist nicht vollständig", "Was kostet es ungefähr?: zu lang"):  # fmt: skip
        assert said in answer.text
    assert "Mehr &lt;b&gt;Ruhe&lt;/b&gt;" in answer.text
    assert 'value="stadtstolz" checked' in answer.text
    english = await send(site, language="?lang=en", title="")
    assert "Title: 3 to 150 characters" in english.text
    assert '<html lang="en">' in english.text


async def test_machines_are_turned_away(site: tuple[httpx.AsyncClient, FastAPI], ask: Ask) -> None:
    http, app = site
    trapped = await send(site, **{TRAP: "http://spam.example"})
    fast = await send(site, begun=app.state.stamp.at(datetime.now(tz=UTC)))
    forged = await send(site, begun="1764147600.00")
    nothing = (("files", ("", b"")),)
    cross = {"sec-fetch-site": "cross-site"}
    elsewhere = await http.post("/", data=FIELDS, files=nothing, headers=cross)
    assert [each.status_code for each in (trapped, fast, forged, elsewhere)] == [422] * 4
    # whoever did fill the trap in, as a password manager may, is told so over what they wrote
    assert ["Bänke am Fluss" in each.text for each in (trapped, fast, elsewhere)] == [True] * 3
    assert "spam.example" not in trapped.text
    said = ("leer bleiben muss", "kamen zu schnell", "von einer anderen Website")
    told = [[each in page.text for each in said] for page in (trapped, fast, elsewhere)]
    assert told == [[True, False, False], [False, True, False], [False, False, True]]
    again = re.search(r'name="begun" value="([^"]+)"', trapped.text)
    assert again
    assert (await send(site, begun=again[1])).status_code == 303
    assert len((await ask("GET", "/v1/ideas", "registry:read")).json()["items"]) == 1


async def test_an_address_that_sends_too_often_is_asked_to_wait(database_url: str) -> None:
    async with registry(database_url, intake_per_address=2) as site:
        answers = [(await send(site)).status_code for _ in range(3)]
    assert answers == [303, 303, 429]


async def test_a_form_is_saved_sealed_and_gone_on_with_by_its_link(
    site: tuple[httpx.AsyncClient, FastAPI], database_url: str
) -> None:
    http, _ = site
    saved = await send(site, action="save", title="", name=PERSON["name"])
    assert saved.status_code == 200
    link = re.search(r'href="(http://test/entwurf/([^"]+))"', saved.text)
    assert link

    def rows() -> list[str]:
        with psycopg.connect(
            database_url.replace("postgresql+psycopg", "postgresql")
        ) as connection:
            found = connection.execute("select d::text from registry.draft d").fetchall()
        return [str(each[0]) for each in found]

    (row,) = await asyncio.to_thread(rows)
    assert PERSON["name"].encode().hex() not in row
    assert link[2] not in row
    resumed = await http.get(link[1])
    assert FIELDS["summary"] in resumed.text
    assert PERSON["name"] in resumed.text
    again = await send(site, action="save", draft=link[2], summary="Noch mehr dazu geschrieben")
    assert link[2] in again.text
    assert len(await asyncio.to_thread(rows)) == 1
    assert (await send(site, draft=link[2])).status_code == 303
    assert await asyncio.to_thread(rows) == []
    assert (await http.get(link[1])).status_code == 404


async def test_attachments_are_kept_clean_and_handed_out_to_staff_only(
    site: tuple[httpx.AsyncClient, FastAPI], ask: Ask
) -> None:
    files = [
        ("files", ("urlaub.png", picture(), "image/png")),
        ("files", ("plan.pdf", document(), "application/pdf")),
    ]
    assert (await send(site, files=files)).status_code == 303
    (idea,) = (await ask("GET", "/v1/ideas", "registry:read")).json()["items"]
    path = f"/v1/ideas/{idea['idea_id']}/attachments"
    assert (await site[0].get(path)).status_code == 401
    listed = (await ask("GET", path, "registry:read")).json()["items"]
    assert [each["media_type"] for each in listed] == ["image/jpeg", "application/pdf"]
    handed = await ask("GET", f"{path}/1", "registry:read")
    assert handed.headers["content-disposition"] == 'attachment; filename="idea-0001-anhang-1.jpg"'
    assert handed.headers["x-content-type-options"] == "nosniff"
    assert CAMERA.encode() not in handed.content
    assert (await ask("DELETE", f"{path}/1", "registry:write")).status_code == 204
    assert (await ask("GET", f"{path}/1", "registry:read")).status_code == 404


async def test_attachments_of_a_saved_form_are_kept_sealed_removed_and_sent_with_it(
    site: tuple[httpx.AsyncClient, FastAPI], ask: Ask, database_url: str
) -> None:
    http, _ = site
    files = [
        ("files", ("urlaub.png", picture(), "image/png")),
        ("files", ("plan.pdf", document(), "application/pdf")),
    ]
    saved = await send(site, action="save", files=files)
    assert "Anhang 1 (JPEG, 1 KB) entfernen" in saved.text
    link = re.search(r"/entwurf/([\w-]+)", saved.text)
    assert link
    token = link[1]
    resumed = await http.get(f"/entwurf/{token}")
    assert "Anhang 2 (PDF" in resumed.text
    kept = (await dump(database_url))["registry.draft_attachment"]
    assert picture()[:8].hex() not in kept
    assert b"%PDF".hex() not in kept
    # one goes, one comes, and what is wrong with the form takes nothing away
    more = [("files", ("noch.jpg", picture(size=(50, 60)), "image/jpeg"))]
    changed = await send(site, action="save", draft=token, without="1", files=more)
    assert ("Anhang 1 (" in changed.text, "Anhang 3 (JPEG" in changed.text) == (False, True)
    four = await send(site, action="save", draft=token, files=[*files, *more])
    assert four.status_code == 422
    assert "mehr als drei Dateien" in four.text
    fast = await send(site, draft=token, begun=site[1].state.stamp.at(datetime.now(tz=UTC)))
    assert ("kamen zu schnell" in fast.text, "Anhang 2 (PDF" in fast.text) == (True, True)
    assert 'id="title-fault"' not in fast.text
    faulty = await send(site, draft=token, title="x", files=more)
    assert faulty.status_code == 422
    assert "Anhang 2 (PDF" in faulty.text
    assert "Bitte wählen Sie Ihre neuen Dateien noch einmal aus" in faulty.text
    assert (await send(site, draft=token)).status_code == 303
    (idea,) = (await ask("GET", "/v1/ideas", "registry:read")).json()["items"]
    listed = await ask("GET", f"/v1/ideas/{idea['idea_id']}/attachments", "registry:read")
    assert [each["media_type"] for each in listed.json()["items"]] == [
        "application/pdf",
        "image/jpeg",
    ]
    assert (await dump(database_url))["registry.draft_attachment"] == ""


async def test_attachments_of_a_form_expire_with_it(
    site: tuple[httpx.AsyncClient, FastAPI], database_url: str
) -> None:
    files = [("files", ("plan.pdf", document(), "application/pdf"))]
    saved = await send(site, action="save", files=files)
    assert "Anhang 1" in saved.text
    async with (
        Database.open(database_url, schema="registry", size=1) as database,
        database.transaction() as connection,
    ):
        await drafts.forget(connection, datetime.now(tz=UTC) - timedelta(days=30))
        assert len(await connection.fetch("select 1 from draft_attachment")) == 1
        await drafts.forget(connection, datetime.now(tz=UTC) + timedelta(seconds=1))
        assert await connection.fetch("select 1 from draft_attachment") == []


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([("bild.png", b"MZ\x90\x00nichts")], "bild.png: kein PDF, PNG oder JPEG"),
        ([("gross.pdf", b"%PDF-" + bytes(10 * 1024 * 1024))], "gross.pdf: größer als 10 MB"),
        ([(f"{n}.jpg", picture()) for n in range(4)], "mehr als drei Dateien"),
        ([("IMG_1.HEIC", b"\0\0\0\x18ftypheic" + bytes(99))], "Bitte speichern Sie es als JPEG"),
        ([("kaputt.pdf", b"%PDF-1.7\ntrailer<</Root 5>>")], "kaputt.pdf: kein PDF, PNG oder JPEG"),
        ([("zu.pdf", document(password="geheim"))], "zu.pdf: mit einem Kennwort geschützt"),
    ],
)
async def test_files_that_are_not_taken_are_named(
    site: tuple[httpx.AsyncClient, FastAPI], ask: Ask, files: list[tuple[str, bytes]], said: str
) -> None:
    parts = [("files", (name, content, "image/png")) for name, content in files]
    answer = await send(site, files=parts)
    assert answer.status_code == 422
    assert said in answer.text
    assert (await ask("GET", "/v1/ideas", "registry:read")).json()["items"] == []


async def test_others_are_answered_while_a_file_that_unpacks_to_much_is_made_anew(
    site: tuple[httpx.AsyncClient, FastAPI],
) -> None:
    much = ("files", ("klein.pdf", small_but_endless(60), "application/pdf"))
    async with asyncio.TaskGroup() as group:
        sent = group.create_task(send(site, action="save", files=[much]), name="sent")
        answered = 0
        while not sent.done():
            assert (await site[0].get("/live")).status_code == 200
            answered += 1
            await asyncio.sleep(0.002)
    assert sent.result().status_code == 200
    # held up in this process, it would be a handful
    assert answered > 10


async def test_staff_add_a_scan_and_a_disguised_one_is_refused(
    site: tuple[httpx.AsyncClient, FastAPI], ask: Ask
) -> None:
    path = f"/v1/ideas/{(await submit(site[0]))['idea_id']}/attachments"
    kind = {"content-type": "application/pdf"}
    added = await ask("POST", path, "registry:write", content=document(), headers=kind)
    assert (added.status_code, added.json()["number"]) == (201, 1)
    disguised = await ask("POST", path, "registry:write", content=b"MZ" * 50, headers=kind)
    assert disguised.status_code == 415
    large = await ask("POST", path, "registry:write", content=b"%PDF-" + bytes(10 * 1024 * 1024),
                      headers=kind)  # fmt: skip
    assert large.status_code == 413
    nobody = await site[0].post(path, content=document(), headers=kind)
    assert nobody.status_code == 401


async def test_a_photo_of_a_phone_is_taken_by_form_and_api_without_what_it_tells(
    site: tuple[httpx.AsyncClient, FastAPI], ask: Ask
) -> None:
    photo = ("files", ("IMG_2711.jpg", phone_photo(), "image/jpeg"))
    assert (await send(site, files=[photo])).status_code == 303
    path = "/v1/ideas/idea-0001/attachments"
    kind = {"content-type": "image/jpeg"}
    added = await ask("POST", path, "registry:write", content=phone_photo(), headers=kind)
    assert (added.status_code, added.json()["media_type"]) == (201, "image/jpeg")
    for number in (1, 2):
        handed = await ask("GET", f"{path}/{number}", "registry:read")
        assert handed.content.startswith(b"\xff\xd8\xff")
        assert CAMERA.encode() not in handed.content


async def test_a_pdf_from_which_a_note_was_deleted_is_taken(
    site: tuple[httpx.AsyncClient, FastAPI],
) -> None:
    part = ("files", ("plan.pdf", broken_pdf(b"[null 99 0 R]"), "application/pdf"))
    assert (await send(site, files=[part])).status_code == 303


async def test_published_ideas_have_list_page_feeds_and_a_place_on_the_map(
    site: tuple[httpx.AsyncClient, FastAPI], ask: Ask
) -> None:
    http, _ = site
    one = await submit(http)
    await submit(http, title="Noch geheim")
    await ask(
        "POST", f"/v1/ideas/{one['idea_id']}:publish", "registry:write", headers=ANY, json=WHY
    )
    for path in ("/liste", "/liste?feld=mobilitaet&stand=eingereicht", "/liste?q=parkplatz"):
        page = await http.get(path)
        assert one["title"] in page.text, path
        assert "Noch geheim" not in page.text
    assert f'href="/idee/{one["idea_id"]}"' in (await http.get("/karte")).text
    assert one["title"] not in (await http.get("/liste?feld=bildung")).text
    shown = await http.get(f"/idee/{one['idea_id']}")
    assert "Friedemann-Bach-Platz" in shown.text
    assert (await http.get("/idee/idea-0002")).status_code == 404
    feed = (await http.get("/feed.json")).json()
    told = [each["url"] for each in feed["items"] if "/idee/" in each["url"]]
    assert told == [f"http://test/idee/{one['idea_id']}"]
    atom = await http.get("/feed.atom")
    assert atom.headers["content-type"].startswith("application/atom+xml")
    assert atom.text.count("/idee/idea-0001</id>") == 1
    assert "idea-0002" not in atom.text
    etag = {"if-none-match": atom.headers["etag"]}
    assert (await http.get("/feed.atom", headers=etag)).status_code == 304


async def test_measures_have_pages_in_both_languages(http: httpx.AsyncClient) -> None:
    assert "Integrierte Mobilität" in (await http.get("/massnahmen")).text
    page = await http.get("/massnahme/integrierte-mobilitaet?lang=en")
    for said in ("Integrated mobility", "Pilot Friedemann-Bach-Platz", "Smart-City-Beirat",
                 "How full vehicles are", "01/07/2023"):  # fmt: skip
        assert said in page.text, said
    assert "Gehört zu" in (await http.get("/teilprojekt/karrierebus")).text
    assert (await http.get("/massnahme/nichts")).status_code == 404


async def test_pages_behind_a_proxy_link_below_their_prefix(database_url: str) -> None:
    async with registry(database_url, public_url="https://stadt.example/ideen") as (http, _):
        page = (await http.get("/")).text
        assert 'action="/ideen/"' in page
        assert 'href="/ideen/liste"' in page
        feed = (await http.get("/feed.json")).json()
        assert feed["feed_url"] == "https://stadt.example/ideen/feed.json"


async def test_the_form_tells_who_is_responsible_and_which_rights_people_have(
    database_url: str,
) -> None:
    async with registry(database_url, portal_url="https://stadt.example/") as (http, _):
        for path in ("/", "/datenschutz"):
            page = (await http.get(path)).text
            for said in ("Stadt Halle (Saale)", "Art. 6 Abs. 1 lit. e DSGVO", "Art. 15 DSGVO", "Art. 17 DSGVO",
                         "jederzeit widersprechen", "Art. 77 DSGVO", "bis 180 Tage", "höchstens 1460 Tage"):  # fmt: skip
                assert said in page, (path, said)
            # what the city has not said is seen to lack
            assert "<mark>[trägt die Stadt noch ein]</mark>" in page
            assert 'href="https://stadt.example/impressum"' in page
            assert 'href="https://stadt.example/barrierefreiheit"' in page
        english = (await http.get("/datenschutz?lang=en")).text
        assert "You may object to the processing at any time" in english
        assert "jederzeit" not in english


async def test_legal_pages_and_who_is_responsible_come_from_the_city_folder(
    database_url: str, tmp_path: Path
) -> None:
    city = tmp_path / "halle"
    shutil.copytree(HALLE, city)
    intake = city / "registry/intake.yaml"
    said = intake.read_text().replace("  needs_call: false", "  legal_pages: {imprint: /rathaus/impressum}\n  needs_call: false")  # fmt: skip
    intake.write_text(said)
    portal = city / "opendata/portal.yaml"
    filled = re.sub(
        r"officer: \{.*\}", "officer: Amt für Datenschutz, Marktplatz 1", portal.read_text()
    )
    portal.write_text(filled)
    async with registry(database_url, city=city) as (http, _):
        page = (await http.get("/")).text
        assert 'href="/rathaus/impressum"' in page
        assert "Amt für Datenschutz, Marktplatz 1" in page
        assert "Barrierefreiheit" not in page
