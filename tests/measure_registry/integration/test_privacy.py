# SPDX-License-Identifier: EUPL-1.2
"""What a submitter says of themselves is found nowhere but sealed in one table."""

from __future__ import annotations

import asyncio
import io
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiomqtt
import httpx
import orjson
import pikepdf
import pypdf
from pikepdf import StreamDecodeLevel
from sqlalchemy.engine import make_url

from measure_registry.city.apply import apply_city
from measure_registry.sealing import new_key
from support.asking import mint_key
from support.files import document, picture
from support.ideas import ANY, HALLE, IDEA, PERSON, WHY, registry
from support.postbox import Postbox, taking_mails
from support.rows import dump
from support.service import start, wait_for
from support.stack import free_ports
from support.staff_pages import hidden

PLANTED = [*PERSON.values(), "geheimrat", "4711-0815"]
NAMED = "Frau Sommerkorn"
"""Somebody whom texts and a file name: staff are told of her, and take her out; no log ever holds her."""
MAILS = 5
"""Received by API, form and twice from paper, and one move."""


def bare(file: bytes) -> str:
    """Return all that a file says, streams of a PDF unpacked."""
    if file.startswith(b"%PDF"):
        unpacked = io.BytesIO()
        with pikepdf.open(io.BytesIO(file)) as pdf:
            pdf.save(unpacked, compress_streams=False, stream_decode_level=StreamDecodeLevel.all)
        file = unpacked.getvalue()
        pages = pypdf.PdfReader(io.BytesIO(file)).pages
        return file.decode("latin-1") + "".join(page.extract_text() for page in pages)
    assert file.startswith(b"\xff\xd8")
    return file.decode("latin-1")


def leaks(text: str) -> list[str]:
    encoded = [each.encode().hex() for each in PLANTED]
    return [each for each in (*PLANTED, *encoded) if each.lower() in text.lower()]


@asynccontextmanager
async def listening(mqtt_url: str, root: str) -> AsyncIterator[list[bytes]]:
    """Yield the payloads of all events below a root."""
    url, heard = make_url(mqtt_url), list[bytes]()
    async with aiomqtt.Client(url.host or "", url.port or 0) as client:
        await client.subscribe(f"{root}/event/registry/#", qos=1)

        async def listen() -> None:
            async for message in client.messages:
                heard.append(bytes(message.payload))  # type: ignore[arg-type]

        task = asyncio.create_task(listen())
        yield heard
        task.cancel()


def attach_and_read(client: httpx.Client, staff: dict[str, str], path: str) -> list[str]:
    """Attach files to a published idea; return what they and its Steckbrief say."""
    for content, kind in ((picture(), "image/jpeg"), (document(), "application/pdf")):
        headers = {**staff, "content-type": kind}
        added = client.post(f"{path}/attachments", content=content, headers=headers)
        assert added.is_success
    public = path.replace("/v1/ideas", "/idee")
    files = (f"{path}/attachments/1", f"{path}/attachments/2", f"{public}.pdf")
    return [bare(client.get(each, headers=staff).content) for each in files]


def submit_in_all_ways(client: httpx.Client, staff: dict[str, str]) -> tuple[str, list[str]]:
    """Hand in planted data by API, form and paper, saved, faulty and in a file; return an idea's id and the answers."""
    body = {**IDEA, "contact": PERSON}
    taken = client.post("/v1/ideas", json=body, headers={"idempotency-key": "planted"})
    again = client.post("/v1/ideas", json=body, headers={"idempotency-key": "planted"})
    wrong = client.post("/v1/ideas", json={**body, "contact": {**PERSON, "email": "geheimrat"}})
    unknown = client.post("/v1/ideas", json={**body, "contact": {**PERSON, "age": "4711-0815"}})
    paper = client.post("/v1/ideas", json={**body, "channel": "paper"}, headers=staff)
    answers = [taken, again, wrong, unknown, paper]
    assert [each.status_code for each in answers] == [201, 201, 422, 422, 201]
    assert again.headers["idempotency-replayed"] == "true"
    # columns of people are no columns of the file: it is refused, and not a word of it told
    table = "title,summary,handlungsfeld,name,email\nBänke,Mehr Bänke am Ufer.,mobilitaet,{name},{email}\n"
    imported = client.post("/v1/ideas:import", content=table.format(**PERSON).encode(),
                           headers={**staff, "content-type": "text/csv"})  # fmt: skip
    assert imported.status_code == 422, imported.text
    told = [each.text for each in (*answers, imported)]
    return taken.json()["idea_id"], [*told, *fill_in_forms(client)]


def fill_in_forms(client: httpx.Client) -> list[str]:
    """Send the public form, and save it; return what is told when all is well: the status page."""
    form = {"title": "Bänke am Fluss", "summary": "Mehr Sitzplätze am Ufer.", "handlungsfeld": "mobilitaet"}  # fmt: skip
    files = {"files": ("geheimrat.pdf", document(), "application/pdf")}
    saved = client.post("/", data={**form, **PERSON, "action": "save"}, files=files)
    assert saved.status_code == 200
    # one that was sent at once is asked for again, with a time that suffices
    asked = client.post("/", data={**form, "action": "submit"}, files={"files": ("", b"")})
    begun = re.search(r'name="begun" value="([^"]+)"', asked.text)
    assert begun is not None
    data = {**form, **PERSON, "action": "submit", "begun": begun[1]}
    sent = client.post("/", data=data, files=files)
    assert sent.status_code == 303
    return [client.get(sent.headers["location"]).text]


def enter_from_paper(client: httpx.Client) -> str:
    """Enter a sheet with its scan at the page for staff; return the page that follows, and what it links to."""
    page = client.get("/intern/neu").text
    data: dict[str, Any] = {
        name: found[1]
        for name in ("form_token", "once")
        if (found := re.search(rf'name="{name}" value="([^"]+)"', page))
    }
    day = datetime.now(tz=UTC).date().isoformat()
    data |= {**PERSON, "title": "Vom Papier", "summary": "Auf Papier gekommen.", "handlungsfeld": "mobilitaet",
             "submitted_on": day, "language": "de"}  # fmt: skip
    files = {"files": ("Brief von Emilie Geheimrat.pdf", document(), "application/pdf")}
    entered = client.post("/intern/neu", data=data, files=files)
    assert entered.status_code == 303, entered.text
    path = entered.headers["location"].partition("?")[0]
    return client.get(path).text + bare(client.get(f"{path}/anhang/1").content)


def name_somebody(client: httpx.Client, staff: dict[str, str]) -> None:
    """Try to publish what names somebody, by API and page, try a file that does, then take her out everywhere."""
    body = {**IDEA, "title": "Noch eine Idee", "summary": f"{NAMED} wünscht sich Bänke am Ufer."}
    idea_id = client.post("/v1/ideas", json=body).json()["idea_id"]
    path = f"/v1/ideas/{idea_id}"
    refused = client.post(f"{path}:publish", json=WHY, headers={**staff, **ANY})
    assert (refused.status_code, refused.json()["passages"]) == (409, [NAMED])
    page = f"/intern/idee/{idea_id}"
    form = hidden(client.get(page)) | {**WHY, "action": "publish", "place_name": "", "lat": "", "lon": ""}  # fmt: skip
    assert (answer := client.post(page, data=form)).status_code == 409, answer.text
    table = f"title,summary,handlungsfeld\n{NAMED},Sie wünscht sich Bänke.,nirgends\n"
    files = {"files": (f"{NAMED}.csv", table.encode(), "text/csv")}
    form = hidden(client.get("/intern/einlesen")) | {"action": "try"}
    wrong = client.post("/intern/einlesen", data=form, files=files)
    files["files"] = (f"{NAMED}.csv", table.replace("nirgends", "mobilitaet").encode(), "text/csv")
    kept = client.post("/intern/einlesen", data=form, files=files)
    assert [each.status_code for each in (wrong, kept)] == [422, 200]
    assert 'name="kept"' in kept.text
    taken = client.post(f"{path}:redact", json={**WHY, "passages": [NAMED]}, headers={**staff, **ANY})  # fmt: skip
    assert taken.json() == {"ideas": [idea_id]}


def read_everything(client: httpx.Client, staff: dict[str, str], path: str) -> list[str]:
    """Return all that is told of an idea, and of all, to staff and to everybody."""
    asked = ("/v1/ideas", path, f"{path}/changes", "/v1/board", "/v1/alerts", "/v1/export.csv", "/v1/export.json",
             f"{path}/similar", f"{path}/attachments", "/v1/ideas?q=Einfahrt")  # fmt: skip
    answers = [client.get(each, headers=staff).text for each in asked]
    shown = path.replace("/v1/ideas", "/idee")
    public = ("/", "/datenschutz", "/liste", "/karte", "/massnahmen", shown, "/feed.atom", "/feed.json",
              "/v1/export.geojson", "/v1/export/measures.csv", "/v1/export/subprojects.json")  # fmt: skip
    pages = ("/intern", "/intern?q=Einfahrt", "/intern/bewertung?auswahl=alle", f"/intern{shown}",
             f"/intern{shown}/aendern", f"/intern{shown}/kontakt")  # fmt: skip
    for each in (*public, *pages):
        page = client.get(each)
        assert page.status_code == 200, each
        answers.append(page.text)
    return answers


def use(client: httpx.Client, key: str) -> tuple[str, list[str]]:
    """Submit, publish and move ideas, read all answers; return an idea's id and what was told."""
    staff = {"authorization": f"Bearer {key}"}
    idea_id, answers = submit_in_all_ways(client, staff)
    path = f"/v1/ideas/{idea_id}"
    assert client.post(f"{path}:publish", json=WHY, headers={**staff, **ANY}).is_success
    to = {"to": "gesichtet", **WHY}
    assert client.post(f"{path}/transitions", json=to, headers=staff).is_success
    client.post("/intern/anmelden", data={"key": key})
    answers.append(enter_from_paper(client))
    name_somebody(client, staff)
    answers += attach_and_read(client, staff, path)
    return idea_id, answers + read_everything(client, staff, path)


def use_and_leave(
    environment: dict[str, str], key: str, heard: list[bytes], box: Postbox
) -> tuple[str, str, str]:
    """Use a service until broker and mail server have heard all; return what was told, an idea's id and the log."""
    (port,) = free_ports(1)
    process = start("measure_registry", STADTTAKT_HTTP_PORT=str(port), **environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            wait_for(client, "/ready", 200, process)
            idea_id, answers = use(client, key)
            for _ in range(400):
                if any(b'"moved"' in each for each in heard) and len(box.mails) == MAILS:
                    break
                time.sleep(0.05)
            answers.append(client.get("/metrics").text)
        process.terminate()
        _, log = process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
    return "\n".join(answers), idea_id, log


async def test_planted_data_are_in_no_log_event_mail_export_page_or_metric_nor_in_clear_in_any_table(
    database_url: str, mqtt_url: str, topic_root: str, tmp_path: Path
) -> None:
    await asyncio.to_thread(apply_city, HALLE, database_url)
    key_file = tmp_path / "keys"
    key_file.write_text(new_key() + "\n")
    key = await mint_key(database_url, "registry:admin")
    with taking_mails() as (box, smtp_url):
        environment = {
            "STADTTAKT_DATABASE_URL": database_url,
            "STADTTAKT_MQTT_URL": mqtt_url,
            "STADTTAKT_TOPIC_ROOT": topic_root,
            "STADTTAKT_LOG_LEVEL": "debug",
            "STADTTAKT_REGISTRY_CONTACT_KEY_FILE": str(key_file),
            "STADTTAKT_REGISTRY_SMTP_URL": smtp_url,
            "STADTTAKT_REGISTRY_PUBLIC_URL": "http://127.0.0.1",
        }
        async with listening(mqtt_url, topic_root) as heard:
            use = asyncio.to_thread(use_and_leave, environment, key, heard, box)
            answers, idea_id, log = await use
    assert "stopped" in log
    assert 'outcome="sent"' in answers
    assert {"log": leaks(log), "answers": leaks(answers)} == {"log": [], "answers": []}
    assert leaks_of_mails(box) == []
    told = [orjson.loads(each)["data"] for each in heard]
    of_idea = [each for each in told if each["entity_id"] == idea_id]
    assert [each["action"] for each in of_idea][:3] == ["submitted", "published", "moved"]
    assert {each["entity"] for each in told} == {"idea", "measure", "subproject"}
    assert leaks("\n".join(each.decode() for each in heard)) == []
    tables = await dump(database_url)
    everywhere = (log, answers, *(each.decode() for each in heard), *tables.values())
    assert [each for each in everywhere if NAMED.partition(" ")[2] in each] == []
    assert idea_id in tables["registry.contact"]
    for full in ("registry.draft", "registry.draft_attachment", "platform.idempotency"):
        assert tables[full], full
    assert {name: leaks(text) for name, text in tables.items() if leaks(text)} == {}


def leaks_of_mails(box: Postbox) -> list[str]:
    """Return what mails tell of a person beside the address that each goes to."""
    assert box.recipients == [[PERSON["email"]]] * MAILS
    told = []
    for mail, raw in zip(box.mails, box.raw, strict=True):
        del mail["To"]
        del mail["X-RcptTo"]
        headers = "\n".join(f"{name}: {value}" for name, value in mail.items())
        whole = raw.decode("latin-1").replace(PERSON["email"], "")
        told += leaks(f"{headers}\n{mail.get_content()}\n{whole}")
    return told


async def test_without_a_key_contact_data_are_refused_and_ideas_are_not(database_url: str) -> None:
    async with registry(database_url) as (http, app):
        app.state.vault = None
        refused = await http.post("/v1/ideas", json={**IDEA, "contact": PERSON})
        assert refused.status_code == 503
        assert (await http.post("/v1/ideas", json=IDEA)).status_code == 201
