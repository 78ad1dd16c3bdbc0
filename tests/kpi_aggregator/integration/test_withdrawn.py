# SPDX-License-Identifier: EUPL-1.2
"""Who entered a value takes it back while it waits; nobody else does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.settings import Settings
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.asking import Ask, asker
from support.http_app import in_process
from support.indicators import indicator, write_city

PAPER: dict[str, Any] = {**indicator("paper", "none", source="manual", period="year")}
del PAPER["formula"]
BODY: dict[str, Any] = {
    "period": "year", "period_start": "2025-01-01", "value": 14, "source": "Liste der Formate",
    "source_date": "2026-01-15", "author_role": "Sachbearbeitung",
}  # fmt: skip
VALUES = "/v1/indicators/paper/values"


@pytest.fixture
async def ask(database_url: str, tmp_path: Path) -> AsyncIterator[Ask]:
    await asyncio.to_thread(apply_city, write_city(tmp_path, [], [PAPER]), database_url)
    app = create_app(Settings())
    async with Database.open(database_url, schema="kpi", size=2) as database:
        attach_database(app, database)
        async with in_process(app) as client:
            yield asker(client, database_url)


async def withdraw(ask: Ask, value_id: int, scope: str) -> httpx.Response:
    note = {"note": "Zahlendreher"}
    return await ask("POST", f"/v1/values/{value_id}:withdraw", scope, json=note)


async def test_the_author_takes_a_value_back_that_waits_and_nobody_else_does(ask: Ask) -> None:
    value_id = (await ask("POST", VALUES, "kpi:write", json=BODY)).json()["value_id"]
    other = await withdraw(ask, value_id, "admin")
    assert (other.status_code, other.json()["why"]) == (409, "not_own")
    assert (await withdraw(ask, value_id, "kpi:approve")).status_code == 403
    mine = (await withdraw(ask, value_id, "kpi:write")).json()
    assert (mine["state"], mine["withdrawn"], mine["decision_note"], mine["decided_role"]) == (
        "rejected",
        True,
        "Zahlendreher",
        "Sachbearbeitung",
    )
    again = await withdraw(ask, value_id, "kpi:write")
    assert (again.status_code, again.json()["why"]) == (409, "decided_already")
    verdict = {"note": "geprüft", "role": "Leitung"}
    late = await ask("POST", f"/v1/values/{value_id}:approve", "kpi:approve", json=verdict)
    assert late.status_code == 409
    assert (await withdraw(ask, 999_999, "kpi:write")).status_code == 404


async def test_what_others_reject_is_not_told_as_withdrawn(ask: Ask) -> None:
    value_id = (await ask("POST", VALUES, "kpi:write", json=BODY)).json()["value_id"]
    verdict = {"note": "falsch", "role": "Leitung"}
    told = await ask("POST", f"/v1/values/{value_id}:reject", "kpi:approve", json=verdict)
    assert (told.json()["state"], told.json()["withdrawn"]) == ("rejected", False)
