# SPDX-License-Identifier: EUPL-1.2
"""Legal pages, and reports of barriers from the form to who reads them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from open_data_publisher.api.pages.legal import LONGEST, PER_HOUR
from open_data_publisher.app import create_app
from open_data_publisher.settings import Settings
from open_data_publisher.storage import feedback
from stadttakt_runtime.auth.api_key import mint
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.auth.storage import insert_key
from stadttakt_runtime.cli import build
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.http_app import in_process
from support.open_data import PUBLICATION
from support.portal import a_city
from support.service import start

FORM = "/barrierefreiheit"
TEXT = "Der Schalter für die Karte ist zu klein, und <b>die Schrift</b> auch."
LEGAL = ("/impressum", "/datenschutz", FORM)
REAL = "daten.halle.de"
CITY = "city_id: musterstadt\nname: Musterstadt\n"
PUBLISHED = "country: de\nnational_identifier: DE-Muster\nbase_url: https://daten.example\n"
WHOLE = """
responsible: {name: A, represented_by: B, address: C, phone: D, email: E, editor: F, supervision: G}
privacy: {officer: A, authority: B, legal_basis: C, server_log_days: 7}
accessibility: {conformance: full, prepared_on: 2026-11-26, method: self, email: E, phone: P,
                enforcement: X}
"""


@asynccontextmanager
async def legal(database_url: str) -> AsyncIterator[tuple[httpx.AsyncClient, Database]]:
    app = create_app(Settings(database_url=SecretStr(database_url)), PUBLICATION, a_city())
    async with Database.open(database_url, schema="opendata", size=2) as database:
        attach_database(app, database)
        async with in_process(app) as client:
            yield client, database


async def key(database_url: str, *scopes: Scope) -> dict[str, str]:
    made = mint()
    now = datetime.now(tz=UTC)
    async with Database.open(database_url, schema="platform", size=1) as platform:
        await platform.persist(
            lambda connection: insert_key(
                connection, made, scopes=scopes, label="test", created_at=now, expires_at=None
            )
        )
    return {"authorization": f"Bearer {made}"}


async def kept(database: Database) -> list[feedback.Feedback]:
    async with database.connection() as connection:
        return await feedback.before(connection, 2**63 - 1, 1000)


@pytest.mark.parametrize("path", LEGAL)
async def test_every_legal_page_marks_what_the_city_has_to_fill_in(path: str) -> None:
    async with in_process(create_app(Settings(), PUBLICATION, a_city())) as client:
        german = (await client.get(path)).text
        english = (await client.get(path, params={"lang": "en"})).text
    assert german.count('<mark class="todo">[von der Stadt auszufüllen: ') >= 3
    assert english.count('<mark class="todo">[to be filled in by the city: ') >= 3
    assert "noch nicht vollständig" in german


async def test_a_report_is_kept_once_without_a_name_and_read_by_administrators_only(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    administrator = await key(database_url, "admin")
    somebody = await key(database_url, "deliveries:read")
    async with legal(database_url) as (client, database):
        for _ in range(2):
            sent = await client.post(f"{FORM}?lang=en", data={"message": TEXT, "page": "/"})
            assert sent.status_code == 303
            assert sent.headers["location"] == f"{FORM}?gesendet=1&lang=en#report"
        assert "Danke" in (await client.get(f"{FORM}?gesendet=1")).text
        (report,) = await kept(database)
        assert (report.message, report.page) == (TEXT, "/")
        assert (await client.get("/v1/feedback")).status_code == 401
        assert (await client.get("/v1/feedback", headers=somebody)).status_code == 403
        listed = (await client.get("/v1/feedback", headers=administrator)).json()
    assert [item["message"] for item in listed["items"]] == [TEXT]
    assert set(listed["items"][0]) == {"feedback_id", "received_at", "page", "message"}
    assert "Schalter" not in caplog.text


@pytest.mark.parametrize(
    ("form", "headers", "status"),
    [
        ({"message": "zu kurz"}, {}, 422),
        ({"message": "lang genug", "page": "x" * 301}, {}, 422),
        ({"message": "x" * (LONGEST + 1)}, {}, 422),
        ({"message": TEXT, "website": "https://spam.example"}, {}, 422),
        ({"message": TEXT}, {"sec-fetch-site": "cross-site"}, 422),
        ({"message": TEXT}, {"content-type": "text/plain"}, 422),
        ({}, {}, 422),
        ({"message": TEXT, **{f"field{n}": "x" for n in range(20)}}, {}, 422),
    ],
)
async def test_what_is_no_report_is_answered_with_a_word_and_kept_nowhere(
    database_url: str, form: dict[str, str], headers: dict[str, str], status: int
) -> None:
    async with legal(database_url) as (client, database):
        answer = await client.post(FORM, data=form, headers=headers)
        assert answer.status_code == status
        assert 'role="alert"' in answer.text
        assert await kept(database) == []


async def test_a_report_that_cannot_be_taken_is_not_lost_to_its_writer(database_url: str) -> None:
    async with legal(database_url) as (client, _):
        answer = await client.post(FORM, data={"message": TEXT, "page": "x" * 301})
        assert "<b>die Schrift</b>" not in answer.text
        assert "&lt;b&gt;die Schrift&lt;/b&gt; auch.</textarea>" in answer.text
    app = create_app(Settings(), PUBLICATION, a_city())
    app.state.database = Away()
    async with in_process(app) as client:
        answer = await client.post(FORM, data={"message": TEXT})
    assert answer.status_code == 503
    assert "auch.</textarea>" in answer.text
    assert "schreiben Sie eine E-Mail" in answer.text


class Away:
    """A database that does not answer."""

    is_away = True

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        if self.is_away:
            raise ConnectionRefusedError
        yield None


async def test_reports_are_forgotten_and_limited(database_url: str) -> None:
    now = datetime.now(tz=UTC)
    async with legal(database_url) as (client, database):
        for number in range(PER_HOUR):
            async with database.transaction() as connection:
                assert await feedback.keep(
                    connection, "", f"Barriere {number}", now, per_hour=PER_HOUR
                )
        assert (await client.post(FORM, data={"message": TEXT})).status_code == 429
        assert (await client.post(FORM, data={"message": "Barriere 1"})).status_code == 303
        async with database.transaction() as connection:
            await feedback.forget(connection, now + timedelta(seconds=1))
        assert (await client.post(FORM, data={"message": TEXT})).status_code == 303
        assert len(await kept(database)) == 1


async def test_reports_are_read_page_by_page(database_url: str) -> None:
    administrator = await key(database_url, "admin")
    async with legal(database_url) as (client, _):
        for number in range(5):
            await client.post(FORM, data={"message": f"Barriere Nummer {number}"})
        seen: list[str] = []
        query: dict[str, Any] = {"limit": 2}
        while True:
            page = (await client.get("/v1/feedback", params=query, headers=administrator)).json()
            seen += [item["message"][-1] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
    assert seen == ["4", "3", "2", "1", "0"]


def folder(tmp_path: Path, portal: str) -> Path:
    (tmp_path / "opendata").mkdir()
    (tmp_path / "city.yaml").write_text(CITY)
    (tmp_path / "sources.yaml").write_text("sources: []\n")
    (tmp_path / "devices.csv").write_text("dev_eui,name,codec_id,asset_kind,asset_id\n")
    (tmp_path / "opendata/publication.yaml").write_text(PUBLISHED)
    (tmp_path / "opendata/portal.yaml").write_text(portal)
    return tmp_path


def test_production_does_not_start_with_blanks(tmp_path: Path, database_url: str) -> None:
    city = folder(tmp_path, WHOLE.replace("officer: A, ", ""))
    process = start(
        "open_data_publisher",
        STADTTAKT_DATABASE_URL=database_url,
        STADTTAKT_CITY=str(city),
        STADTTAKT_OPENDATA_PRODUCTION="1",
    )
    _, log = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "portal.yaml" in log
    assert "the city has yet to fill in privacy.officer" in log


def test_production_does_not_start_with_an_examples_address(
    tmp_path: Path, database_url: str
) -> None:
    city = folder(tmp_path, WHOLE)
    process = start(
        "open_data_publisher",
        STADTTAKT_DATABASE_URL=database_url,
        STADTTAKT_CITY=str(city),
        STADTTAKT_OPENDATA_PRODUCTION="1",
    )
    _, log = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "base_url https://daten.example is no https address that others reach" in log


def test_city_check_lists_blanks_for_production(tmp_path: Path) -> None:
    runner = CliRunner(env={"COLUMNS": "200"})
    city = folder(tmp_path, WHOLE.replace("officer: A, ", ""))
    told = runner.invoke(build(), ["city", "check", str(city)])
    assert told.exit_code == 0, told.output
    assert "1 blanks on legal pages" in told.output
    refused = runner.invoke(build(), ["city", "check", "--production", str(city)])
    assert refused.exit_code == 1
    assert "the city has yet to fill in privacy.officer" in refused.output
    assert "base_url https://daten.example is no https address" in refused.output
    (city / "opendata/portal.yaml").write_text(WHOLE)
    example = runner.invoke(build(), ["city", "check", "--production", str(city)])
    assert example.exit_code == 1
    assert "base_url https://daten.example is no https address that others reach" in example.output
    (city / "opendata/publication.yaml").write_text(PUBLISHED.replace("daten.example", REAL))
    assert runner.invoke(build(), ["city", "check", "--production", str(city)]).exit_code == 0
    (city / "opendata/portal.yaml").write_text("privacy: 1")
    assert runner.invoke(build(), ["city", "check", str(city)]).exit_code == 1
