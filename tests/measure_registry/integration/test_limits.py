# SPDX-License-Identifier: EUPL-1.2
"""How much one address may send, and be sent; what is refused says so and loses nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from measure_registry.__main__ import main
from measure_registry.settings import Settings
from measure_registry.storage import mails
from stadttakt_runtime.login.rooms import ATTEMPTS_PER_HOUR
from support.asking import asker
from support.ideas import IDEA, PERSON, registry, submit

FORM = {"title": "Bänke am Fluss", "summary": "Mehr Sitzplätze am Ufer.", "handlungsfeld": "mobilitaet"}  # fmt: skip


async def send(http: httpx.AsyncClient, app: FastAPI, **fields: str) -> httpx.Response:
    """Send the form as somebody does who took a minute."""
    begun = app.state.stamp.at(datetime.now(tz=UTC) - timedelta(minutes=1))
    data = {"begun": begun, "action": "submit", **FORM, **fields}
    return await http.post("/", data=data, files={"files": ("", b"")})


@pytest.mark.parametrize("limit", ["intake_per_address", "intake_per_hour"])
async def test_who_floods_the_api_keeps_nobody_from_the_form_nor_the_other_way_round(
    database_url: str, limit: str
) -> None:
    async with registry(database_url, **{limit: 2}) as (http, app):
        by_api = [await http.post("/v1/ideas", json=IDEA) for _ in range(3)]
        assert [each.status_code for each in by_api] == [201, 201, 429]
        assert by_api[2].json()["code"] == "too_many"
        assert by_api[2].headers["retry-after"] == "3600"
        by_form = [(await send(http, app, title=f"Bank Nummer {n}")).status_code for n in range(3)]
        assert by_form == [303, 303, 429]


async def test_an_address_that_others_write_into_forms_gets_five_mails_a_day_and_no_idea_is_lost(
    database_url: str,
) -> None:
    async with registry(database_url) as (http, app):
        for number in range(mails.MOST_A_DAY + 2):
            spelt = PERSON["email"].upper() if number % 2 else PERSON["email"]
            await submit(http, contact={"email": spelt})
        await submit(http, contact={"email": "jemand@anders.example"})
        async with app.state.database.connection() as connection:
            assert await mails.count_waiting(connection) == mails.MOST_A_DAY + 1
            later = datetime.now(tz=UTC) + timedelta(hours=25)
            await mails.queue_received(connection, "idea-0007", now=later)
            assert await mails.count_waiting(connection) == mails.MOST_A_DAY + 2
        ask = asker(http, database_url)
        listed = (await ask("GET", "/v1/ideas", "registry:read")).json()["items"]
        assert len(listed) == mails.MOST_A_DAY + 3


async def test_who_tries_keys_is_told_to_wait(database_url: str) -> None:
    async with registry(database_url) as (http, _):
        form = {"key": "x", "zurueck": "/intern/bewertung"}
        for _ in range(ATTEMPTS_PER_HOUR):
            wrong = await http.post("/intern/anmelden", data=form)
            assert wrong.headers["location"].endswith("?zurueck=%2Fintern%2Fbewertung&grund=falsch")
        late = await http.post("/intern/anmelden", data=form)
        assert late.headers["location"].endswith("&grund=viele")
        told = await http.get("/intern/anmelden?grund=viele")
        assert (told.status_code, "in einer Stunde wieder" in told.text) == (429, True)


async def chunks(count: int) -> AsyncIterator[bytes]:
    """Yield a form with a file of so many megabytes, whose length is not announced."""
    yield b'--x\r\ncontent-disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n'
    for _ in range(count):
        yield bytes(1_000_000)
    yield b"\r\n--x--\r\n"


async def test_a_form_that_is_too_large_is_told_as_a_page_and_to_a_program_as_a_document(
    database_url: str,
) -> None:
    kind = {"content-type": "multipart/form-data; boundary=x"}
    announced = {**kind, "content-length": "40000000"}
    async with registry(database_url) as (http, _):
        for answer in (
            await http.post("/", content=b"x", headers=announced),
            await http.post("/", content=chunks(33), headers=kind),
            await http.post("/intern/neu", content=b"x", headers=announced),
        ):
            assert answer.status_code == 413
            assert "Das ist zu viel auf einmal" in answer.text
            assert "je 10 MB, zusammen 30 MB" in answer.text
            assert answer.headers["connection"] == "close"
        english = await http.post("/?lang=en", content=b"x", headers=announced)
        assert "30 MB together" in english.text
        document = await http.post("/v1/ideas", content=b"x", headers=announced)
        assert document.json()["code"] == "content_too_large"
        assert document.json()["detail"] == "at most 1.05 MB are accepted"
        for page in ("/", "/?lang=en"):
            told = (await http.get(page)).text
            assert "40 Megapixel" in told or "40 megapixels" in told


async def test_saving_without_a_key_says_that_it_cannot_and_submits_nothing(
    database_url: str,
) -> None:
    async with registry(database_url) as (http, app):
        app.state.vault = None
        saved = await send(http, app, action="save")
        assert saved.status_code == 503
        assert "Speichern geht hier gerade nicht" in saved.text
        assert FORM["summary"] in saved.text
        ask = asker(http, database_url)
        assert (await ask("GET", "/v1/ideas", "registry:read")).json()["items"] == []


@pytest.mark.parametrize(
    "settings", [{"smtp_url": "smtp://mail.example"}, {"smtp_url": "smtp://m", "public_url": ""}]
)
def test_mails_without_an_address_of_the_pages_are_refused(settings: Any) -> None:
    with pytest.raises(ValueError, match="smtp_url needs public_url"):
        Settings(**settings)


def test_settings_that_do_not_fit_end_the_start_with_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STADTTAKT_REGISTRY_SMTP_URL", "smtp://mail.example")
    with pytest.raises(SystemExit, match=r"^settings: .*smtp_url needs public_url"):
        main()


def test_what_is_empty_is_not_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OIDC_ISSUER", "OIDC_AUDIENCE", "OIDC_JWKS_URL", "OIDC_CLIENT_ID"):
        monkeypatch.setenv(f"STADTTAKT_{name}", "")
    for name in ("REGISTRY_SMTP_URL", "OIDC_CLIENT_SECRET", "OIDC_ROLES"):
        (tmp_path / f"STADTTAKT_{name}").write_text("\n")
    monkeypatch.setenv("STADTTAKT_SECRET_FILES", str(tmp_path))
    settings = Settings()
    assert (settings.smtp_url, settings.oidc_issuer, settings.oidc_client_secret) == (None,) * 3
    assert settings.oidc_roles == {}
