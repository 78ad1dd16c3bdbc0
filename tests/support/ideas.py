# SPDX-License-Identifier: EUPL-1.2
"""A registry to ask: Halle's rules, a vault, and ideas to submit."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from measure_registry.app import create_app
from measure_registry.city.apply import apply_city
from measure_registry.sealing import Vault, new_key
from measure_registry.settings import Settings
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.asking import Ask
from support.http_app import in_process

HALLE = Path(__file__).parents[2] / "deploy/cities/halle"
WHY = {"reason": "im Team besprochen"}
ANY = {"if-match": "*"}
"""Of whichever version, where a change must name one."""
IDEA: dict[str, Any] = {
    "title": "Freie Parkplätze vor der Einfahrt anzeigen",
    "summary": "Schilder zeigen, wie viele Stellplätze frei sind, bevor man in die Straße fährt.",
    "handlungsfeld": "mobilitaet",
    "further_fields": ["verwaltung"],
    "goal": "Weniger Suchverkehr in der Innenstadt",
    "mehrwerte": ["erreichbarkeit", "clever"],
    "target_groups": ["alle"],
    "place": {"name": "Friedemann-Bach-Platz", "lat": 51.4872, "lon": 11.9673},
    "submitter_kind": "zivilgesellschaft",
}
PERSON = {
    "name": "Emilie Geheimrat",
    "email": "emilie.geheimrat@beispiel.example",
    "phone": "0345 4711-0815",
    "organisation": "Verein der Unbekannten",
}


def vault() -> Vault:
    return Vault((b64decode(new_key()),))


@asynccontextmanager
async def registry(
    database_url: str, *, city: Path | None = HALLE, **settings: Any
) -> AsyncIterator[tuple[httpx.AsyncClient, FastAPI]]:
    """Yield a client of a registry of a city, and the application; None leaves what was applied."""
    if city is not None:
        await asyncio.to_thread(apply_city, city, database_url)
    app = create_app(Settings(**{"intake_per_address": 10_000, **settings}), vault())
    async with Database.open(database_url, schema="registry", size=4) as database:
        attach_database(app, database)
        async with in_process(app) as client:
            yield client, app


async def submit(http: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """Submit an idea as anybody may; return the answer."""
    answer = await http.post("/v1/ideas", json={**IDEA, **changes})
    assert answer.status_code == 201, answer.text
    taken: dict[str, Any] = answer.json()
    return taken


async def move(ask: Ask, idea_id: str, to: str, scope: Any = "registry:admin") -> httpx.Response:
    """Move an idea."""
    path = f"/v1/ideas/{idea_id}/transitions"
    return await ask("POST", path, scope, json={"to": to, **WHY})


async def qualify(ask: Ask, idea_id: str) -> None:
    """Bring an idea to where a measure may take it up."""
    await move(ask, idea_id, "gesichtet")
    await rate_all(ask, idea_id)
    for state in ("bewertet", "geclustert", "im-workshop", "qualifiziert"):
        assert (await move(ask, idea_id, state)).status_code == 200


async def rate_all(ask: Ask, idea_id: str, **others: str) -> dict[str, Any]:
    """Rate an idea by every criterion: fulfilled, but for those that are named."""
    criteria = (await ask("GET", "/v1/criteria", "registry:rate")).json()["criteria"]
    for each in criteria:
        criterion_id = each["criterion_id"]
        rating = others.get(criterion_id.replace("-", "_"), "erfuellt")
        path = f"/v1/ideas/{idea_id}/ratings/{criterion_id}"
        answer = await ask("PUT", path, "registry:rate", json={"rating": rating})
        assert answer.status_code == 200, answer.text
    last: dict[str, Any] = answer.json()
    return last
