# SPDX-License-Identifier: EUPL-1.2
"""What people may ask of the registry: all that is kept of them, and to be forgotten, by request or by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import orjson
import pytest
from fastapi import FastAPI
from typer.testing import CliRunner, Result

from measure_registry.commands import app as commands
from measure_registry.desk import erasure, files
from measure_registry.sealing import Vault
from measure_registry.storage import city
from stadttakt_runtime.database import Database
from support.asking import Ask, asker
from support.files import document, picture
from support.ideas import PERSON, WHY, move, registry, submit
from support.rows import dump

PDF = {"content-type": "application/pdf"}


def stadttakt(database_url: str, key_file: Path, *arguments: str, told: str = "") -> Result:
    environment = {
        "STADTTAKT_DATABASE_URL": database_url,
        "STADTTAKT_REGISTRY_CONTACT_KEY_FILE": str(key_file),
    }
    return CliRunner().invoke(commands, list(arguments), env=environment, input=told)


@pytest.fixture
async def told(
    database_url: str, tmp_path: Path
) -> AsyncIterator[tuple[httpx.AsyncClient, FastAPI, Path]]:
    key_file = tmp_path / "keys"
    made = await asyncio.to_thread(stadttakt, database_url, key_file, "new-key", str(key_file))
    assert (made.exit_code, key_file.stat().st_mode & 0o777) == (0, 0o600), made.stderr
    async with registry(database_url) as (client, app):
        app.state.vault = Vault.of_file(key_file)
        yield client, app, key_file


async def save_form(http: httpx.AsyncClient, app: FastAPI, **fields: str) -> None:
    """Save an unfinished form with a file."""
    begun = app.state.stamp.at(datetime.now(tz=UTC) - timedelta(minutes=1))
    data = {"begun": begun, "action": "save", **fields}
    parts = [("files", ("plan.pdf", document(), "application/pdf"))]
    assert (await http.post("/", data=data, files=parts)).status_code == 200


async def attach(ask: Ask, idea_id: str, kind: str) -> httpx.Response:
    path = f"/v1/ideas/{idea_id}/attachments?kind={kind}"
    return await ask("POST", path, "registry:write", content=document(), headers=PDF)


async def test_access_tells_all_that_is_kept_and_hands_out_copies(
    told: tuple[httpx.AsyncClient, FastAPI, Path], database_url: str, tmp_path: Path
) -> None:
    http, app, key_file = told
    ask = asker(http, database_url)
    first = (await submit(http, contact=PERSON))["idea_id"]
    for kind in ("file", "scan"):
        assert (await attach(ask, first, kind)).status_code == 201
    body = {"rating": "erfuellt", "comment": "überzeugt"}
    await ask("PUT", f"/v1/ideas/{first}/ratings/mehrwert", "registry:rate", json=body)
    assert (await move(ask, first, "gesichtet")).is_success
    await save_form(http, app, title="Noch nicht fertig", email=PERSON["email"].upper())
    await save_form(http, app, title="Von jemand anderem", email="jemand@anders.example")
    copies = tmp_path / "copies"
    email = f" {PERSON['email'].upper()}\n"
    access = await asyncio.to_thread(
        stadttakt, database_url, key_file, "access", "--files", str(copies), told=email
    )
    found = orjson.loads(access.stdout[access.stdout.index("{") :])
    (held,), (form,) = found["ideas"], found["forms"]
    assert (held["idea_id"], held["contact"]) == (first, PERSON)
    assert held["legal_basis"].startswith("Art. 6 Abs. 1 lit. e DSGVO")
    assert [(each["kind"], each["file"]) for each in held["files"]] == [
        ("file", f"{first}-anhang-1.pdf"),
        ("scan", f"{first}-anhang-2.pdf"),
    ]
    assert [each["kind"] for each in held["mails"]] == ["received", "moved"]
    assert held["ratings"][0]["comment"] == "überzeugt"
    moved = next(each for each in held["history"] if each["action"] == "moved")
    assert (moved["reason"], moved["author_role"]) == (WHY["reason"], "coordinator")
    assert "api_key" not in access.stdout
    assert (form["texts"]["title"], form["files"][0]["file"]) == ("Noch nicht fertig", "entwurf-1-anhang-1.pdf")  # fmt: skip
    names = sorted(each.name for each in copies.iterdir())
    assert names == ["entwurf-1-anhang-1.pdf", f"{first}-anhang-1.pdf", f"{first}-anhang-2.pdf"]
    assert all(each.read_bytes().startswith(b"%PDF") for each in copies.iterdir())
    history = await ask("GET", f"/v1/ideas/{first}/changes", "registry:read")
    assert history.json()["items"][-1]["action"] == "contact_read"


async def test_access_by_an_idea_needs_no_address(
    told: tuple[httpx.AsyncClient, FastAPI, Path], database_url: str
) -> None:
    http, _, key_file = told
    reached = {"name": PERSON["name"], "phone": PERSON["phone"]}
    first = (await submit(http, contact=reached))["idea_id"]
    unknown = (await submit(http))["idea_id"]
    asked = ("access", "--idea", first, "--idea", unknown)
    access = await asyncio.to_thread(stadttakt, database_url, key_file, *asked)
    ideas = orjson.loads(access.stdout)["ideas"]
    assert [each["idea_id"] for each in ideas] == [first, unknown]
    assert ideas[0]["contact"]["phone"] == PERSON["phone"]
    assert ideas[1]["contact"] is None


async def test_erasure_takes_saved_forms_files_and_mails_along_and_leaves_the_idea(
    told: tuple[httpx.AsyncClient, FastAPI, Path], database_url: str
) -> None:
    http, app, key_file = told
    ask: Ask = asker(http, database_url)
    first = (await submit(http, contact=PERSON))["idea_id"]
    other = (await submit(http, contact={"email": "jemand@anders.example"}))["idea_id"]
    assert (await attach(ask, first, "scan")).status_code == 201
    await save_form(http, app, title="Noch nicht fertig", email=PERSON["email"])
    await save_form(http, app, title="Von jemand anderem", email="jemand@anders.example")
    email = f" {PERSON['email'].upper()}\n"
    erased = await asyncio.to_thread(stadttakt, database_url, key_file, "erase", told=email)
    assert erased.stdout.strip().splitlines()[-3:] == [
        f"erased: {first}",
        "attachments deleted: 1",
        "saved forms deleted: 1",
    ]
    contact = await ask("GET", f"/v1/ideas/{first}/contact", "registry:write")
    assert contact.status_code == 404
    assert (await ask("GET", f"/v1/ideas/{first}", "registry:read")).json()["pseudonym"]
    kept = await ask("GET", f"/v1/ideas/{other}/contact", "registry:write")
    assert kept.json()["email"] == "jemand@anders.example"
    tables = await dump(database_url)
    assert tables["registry.attachment"] == ""
    assert first not in tables["registry.mail"]
    assert len(tables["registry.draft"].strip().splitlines()) == 1
    again = await asyncio.to_thread(stadttakt, database_url, key_file, "erase", told=email)
    assert again.exit_code == 1
    by_idea = await asyncio.to_thread(stadttakt, database_url, key_file, "erase", "--idea", other)
    assert by_idea.exit_code == 0


async def due(database_url: str, days: float) -> list[str]:
    """Delete what is due in so many days; return of which ideas."""
    now = datetime.now(tz=UTC) + timedelta(days=days)
    async with (
        Database.open(database_url, schema="registry", size=1) as database,
        database.transaction() as connection,
    ):
        known = await city.read(connection)
        assert known is not None
        return sorted(await erasure.erase_due(connection, known, now))


async def test_contact_data_go_by_themselves_when_their_period_is_over(database_url: str) -> None:
    async with registry(database_url) as (http, _):
        ask = asker(http, database_url)
        ended = (await submit(http, contact=PERSON))["idea_id"]
        running_on = (await submit(http, contact=PERSON))["idea_id"]
        assert (await move(ask, ended, "abgelehnt")).is_success
        assert await due(database_url, 179) == []
        assert await due(database_url, 181) == [ended]
        assert await due(database_url, 1459) == []
        assert await due(database_url, 1461) == [running_on]
        history = await ask("GET", f"/v1/ideas/{ended}/changes", "registry:read")
        assert history.json()["items"][-1]["action"] == "contact_erased"


async def long_ago(app: FastAPI, *idea_ids: str) -> None:
    """Let ideas have been in their state for a year."""
    async with app.state.database.transaction() as connection:
        await connection.execute(
            "update idea set state_since = now() - interval '1 year' where idea_id = any ($1::text[])",
            list(idea_ids),
        )


async def test_a_merged_idea_is_over_when_what_it_went_into_is(database_url: str) -> None:
    async with registry(database_url) as (http, app):
        ask = asker(http, database_url)
        first, second, target, ended = [
            (await submit(http, contact=PERSON if who else None))["idea_id"] for who in (1, 1, 0, 0)
        ]
        assert (await attach(ask, first, "scan")).status_code == 201
        assert (await move(ask, ended, "abgelehnt")).is_success
        await long_ago(app, first, second, target, ended)
        for source, into in ((first, target), (second, ended)):
            body = {"into": into, **WHY}
            path = f"/v1/ideas/{source}:merge"
            match = {"if-match": "*"}
            assert (await ask("POST", path, "registry:write", json=body, headers=match)).is_success
        # the one that it went into is worked on; the other had ended before, and counts from the merging
        assert await due(database_url, 1) == []
        assert await due(database_url, 181) == [second]
        assert await due(database_url, 400) == []
        assert (await move(ask, target, "abgelehnt")).is_success
        assert await due(database_url, 179) == []
        assert await due(database_url, 181) == [first]
        assert (await dump(database_url))["registry.attachment"] == ""


async def test_a_split_idea_is_over_when_all_its_parts_are(database_url: str) -> None:
    async with registry(database_url) as (http, app):
        ask = asker(http, database_url)
        whole = (await submit(http, contact=PERSON))["idea_id"]
        parts = [
            {"title": f"Teil {n}", "summary": "Ein Teil der Idee.", "handlungsfeld": "mobilitaet"}
            for n in (1, 2)
        ]
        path, body = f"/v1/ideas/{whole}:split", {"parts": parts, **WHY}
        split = await ask("POST", path, "registry:write", json=body, headers={"if-match": "*"})
        one, two = [each["idea_id"] for each in split.json()["items"]]
        assert (await move(ask, one, "abgelehnt")).is_success
        await long_ago(app, one)
        assert await due(database_url, 400) == []
        # a part may go on in an idea of somebody else
        into = (await submit(http))["idea_id"]
        body = {"into": into, **WHY}
        path = f"/v1/ideas/{two}:merge"
        assert (await ask("POST", path, "registry:write", json=body, headers={"if-match": "*"})).is_success  # fmt: skip
        assert await due(database_url, 400) == []
        assert (await move(ask, into, "abgelehnt")).is_success
        assert await due(database_url, 179) == []
        assert await due(database_url, 181) == [whole]


async def test_a_scan_is_sealed_and_opened_by_editors_only_who_leave_a_trace(
    database_url: str,
) -> None:
    async with registry(database_url) as (http, app):
        ask = asker(http, database_url)
        idea_id = (await submit(http))["idea_id"]
        assert (await attach(ask, idea_id, "scan")).json()["kind"] == "scan"
        assert (await attach(ask, idea_id, "file")).json()["kind"] == "file"
        kept = (await dump(database_url))["registry.attachment"]
        assert b"%PDF".hex() not in kept
        path = f"/v1/ideas/{idea_id}"
        listed = (await ask("GET", f"{path}/attachments", "registry:read")).json()["items"]
        assert [each["kind"] for each in listed] == ["scan", "file"]
        for scope in ("registry:read", "registry:rate"):
            refused = await ask("GET", f"{path}/attachments/1", scope)
            assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
        plain = await ask("GET", f"{path}/attachments/2", "registry:read")
        assert plain.content.startswith(b"%PDF")
        assert len(plain.content) == listed[1]["bytes"]
        for _ in range(2):
            opened = await ask("GET", f"{path}/attachments/1", "registry:write")
            assert opened.content.startswith(b"%PDF")
        history = (await ask("GET", f"{path}/changes", "registry:read")).json()["items"]
        looks = [each for each in history if each["action"] == "scan_read"]
        assert [(each["author_role"], each["details"]) for each in looks] == [("editor", {"number": 1})] * 2  # fmt: skip
        app.state.vault = None
        assert (await attach(ask, idea_id, "scan")).status_code == 503
        assert (await ask("GET", f"{path}/attachments/1", "registry:write")).status_code == 503


async def test_a_file_that_was_kept_in_clear_is_sealed_once_there_is_a_key(
    database_url: str,
) -> None:
    async with registry(database_url) as (http, app):
        ask, vault = asker(http, database_url), app.state.vault
        idea_id = (await submit(http))["idea_id"]
        app.state.vault = None
        path = f"/v1/ideas/{idea_id}/attachments"
        jpeg = {"content-type": "image/jpeg"}
        added = await ask("POST", path, "registry:write", content=picture(), headers=jpeg)
        assert added.status_code == 201
        assert b"\xff\xd8\xff".hex() in (await dump(database_url))["registry.attachment"]
        before = (await ask("GET", f"{path}/1", "registry:read")).content
        async with app.state.database.transaction() as connection:
            assert await files.seal_some(connection, vault) == 1
            assert await files.seal_some(connection, vault) == 0
        app.state.vault = vault
        assert b"\xff\xd8\xff".hex() not in (await dump(database_url))["registry.attachment"]
        assert (await ask("GET", f"{path}/1", "registry:read")).content == before
