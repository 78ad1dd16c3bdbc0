"""What a submitter says of themselves is found nowhere but sealed in one table."""

from __future__ import annotations

import asyncio
import io
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

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
from support.ideas import HALLE, IDEA, PERSON, WHY, registry
from support.rows import dump
from support.service import start, wait_for
from support.stack import free_ports

PLANTED = [*PERSON.values(), "geheimrat", "4711-0815"]


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


def use_and_leave(
    environment: dict[str, str], key: str, heard: list[bytes]
) -> tuple[str, str, str]:
    """Submit, publish and move an idea, read all answers; return them, its id and the log."""
    (port,) = free_ports(1)
    process = start("measure_registry", STADTTAKT_HTTP_PORT=str(port), **environment)
    staff = {"authorization": f"Bearer {key}"}
    body = {**IDEA, "contact": PERSON}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            wait_for(client, "/ready", 200, process)
            taken = client.post("/v1/ideas", json=body, headers={"idempotency-key": "planted"})
            wrong = client.post(
                "/v1/ideas", json={**body, "contact": {**PERSON, "email": "geheimrat"}}
            )
            assert (taken.status_code, wrong.status_code) == (201, 422)
            path = f"/v1/ideas/{taken.json()['idea_id']}"
            assert client.post(f"{path}:publish", json=WHY, headers=staff).is_success
            to = {"to": "gesichtet", **WHY}
            assert client.post(f"{path}/transitions", json=to, headers=staff).is_success
            asked = ("/v1/ideas", path, f"{path}/changes", "/v1/board", "/metrics", "/v1/alerts",
                     "/v1/export.csv", "/v1/export.json", f"{path}/similar", "/v1/ideas?q=Einfahrt")  # fmt: skip
            answers = [client.get(each, headers=staff).text for each in asked]
            shown = path.replace("/v1/ideas", "/idee")
            seen = ("/liste", "/karte", "/v1/export.geojson", shown, "/feed.atom", "/feed.json", f"/stand/{taken.json()['status_token']}")  # fmt: skip
            answers += [client.get(each).text for each in seen]
            client.post("/intern/anmelden", data={"key": key})
            pages = ("/intern", "/intern?q=Einfahrt", "/intern/bewertung?auswahl=alle", f"/intern{shown}", f"/intern{shown}/aendern", f"/intern{shown}/kontakt")  # fmt: skip
            for each in pages:
                page = client.get(each)
                assert page.status_code == 200, each
                answers.append(page.text)
            answers += attach_and_read(client, staff, path)
            for _ in range(200):
                if any(b'"moved"' in each for each in heard):
                    break
                time.sleep(0.05)
        process.terminate()
        _, log = process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
    return "\n".join([taken.text, wrong.text, *answers]), taken.json()["idea_id"], log


async def test_planted_contact_data_are_in_no_log_event_export_or_other_table(
    database_url: str, mqtt_url: str, topic_root: str, tmp_path: Path
) -> None:
    await asyncio.to_thread(apply_city, HALLE, database_url)
    key_file = tmp_path / "keys"
    key_file.write_text(new_key() + "\n")
    key = await mint_key(database_url, "registry:admin")
    environment = {
        "PATH": os.environ["PATH"],
        "STADTTAKT_DATABASE_URL": database_url,
        "STADTTAKT_MQTT_URL": mqtt_url,
        "STADTTAKT_TOPIC_ROOT": topic_root,
        "STADTTAKT_LOG_LEVEL": "debug",
        "STADTTAKT_REGISTRY_CONTACT_KEY_FILE": str(key_file),
    }

    async with listening(mqtt_url, topic_root) as heard:
        answers, idea_id, log = await asyncio.to_thread(use_and_leave, environment, key, heard)
    assert "stopped" in log
    assert leaks(log) == []
    assert leaks(answers) == []
    told = [orjson.loads(each)["data"] for each in heard]
    of_idea = [each for each in told if each["entity_id"] == idea_id]
    assert [each["action"] for each in of_idea][:3] == ["submitted", "published", "moved"]
    assert {each["entity"] for each in told if each["entity_id"] != idea_id} == {
        "measure",
        "subproject",
    }
    assert leaks("\n".join(each.decode() for each in heard)) == []
    tables = await dump(database_url)
    assert idea_id in tables["registry.contact"]
    assert {name: leaks(text) for name, text in tables.items() if leaks(text)} == {}


async def test_without_a_key_contact_data_are_refused_and_ideas_are_not(database_url: str) -> None:
    async with registry(database_url) as (http, app):
        app.state.vault = None
        refused = await http.post("/v1/ideas", json={**IDEA, "contact": PERSON})
        assert refused.status_code == 503
        assert (await http.post("/v1/ideas", json=IDEA)).status_code == 201
