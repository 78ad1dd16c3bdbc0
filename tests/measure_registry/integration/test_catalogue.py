# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from measure_registry.city.apply import apply_city
from stadttakt_runtime.plugins import CityError
from support.asking import asker
from support.ideas import ANY, HALLE, WHY, move, rate_all, registry, submit


@pytest.fixture
def halle(tmp_path: Path) -> Path:
    folder = tmp_path / "halle"
    shutil.copytree(HALLE / "registry", folder / "registry")
    shutil.copy(HALLE / "city.yaml", folder)
    return folder


def reword(folder: Path, version: int) -> None:
    file = folder / "registry/criteria.yaml"
    text = file.read_text(encoding="utf-8")
    text = text.replace("version: 1", f"version: {version}")
    file.write_text(text.replace("vielen Menschen", "sehr vielen Menschen"), encoding="utf-8")


async def test_a_reworded_question_must_be_rated_again_and_the_rest_holds(
    database_url: str, halle: Path
) -> None:
    async with registry(database_url, city=halle) as (http, _):
        ask = asker(http, database_url)
        idea_id = (await submit(http))["idea_id"]
        assert (await rate_all(ask, idea_id))["priority"] == "A"
        reword(halle, 2)
        lines = await asyncio.to_thread(apply_city, halle, database_url)
        assert "criteria: 12 (version 2; priority of 1 ideas changed)" in lines
        shown = (await ask("GET", f"/v1/ideas/{idea_id}", "registry:read")).json()
        verdicts = {each["criterion_id"]: each["verdict"] for each in shown["ratings"]}
        assert shown["priority"] is None
        assert [name for name, verdict in verdicts.items() if verdict == "offen"] == ["gemeinwohl"]
        catalogue = (await http.get("/v1/criteria")).json()
        assert (catalogue["version"], catalogue["versions"]) == (2, [2, 1])
        since = {each["criterion_id"]: each["since"] for each in catalogue["criteria"]}
        assert (since["gemeinwohl"], since["mehrwert"]) == (2, 1)
        earlier = (await http.get("/v1/criteria?version=1")).json()
        assert earlier["version"] == 1


async def test_what_ideas_whose_work_is_over_came_to_stays_under_a_new_catalogue(
    database_url: str, halle: Path
) -> None:
    async with registry(database_url, city=halle) as (http, _):
        ask = asker(http, database_url)
        still, over, merged = [(await submit(http))["idea_id"] for _ in range(3)]
        for each in (still, over, merged):
            assert (await rate_all(ask, each))["priority"] == "A"
        assert (await move(ask, over, "gesichtet")).is_success
        assert (await move(ask, over, "abgelehnt")).is_success
        body, path = {"into": still, **WHY}, f"/v1/ideas/{merged}:merge"
        assert (await ask("POST", path, "registry:write", headers=ANY, json=body)).is_success
        reword(halle, 2)
        lines = await asyncio.to_thread(apply_city, halle, database_url)
        assert "criteria: 12 (version 2; priority of 1 ideas changed)" in lines
        told = [(await ask("GET", f"/v1/ideas/{each}", "registry:read")).json()
                for each in (still, over, merged)]  # fmt: skip
        assert [each["priority"] for each in told] == [None, "A", "A"]
        changes = (await ask("GET", f"/v1/ideas/{over}/changes", "registry:read")).json()["items"]
        assert changes[-1]["action"] == "moved"


async def test_a_version_that_was_applied_cannot_say_something_else(
    database_url: str, halle: Path
) -> None:
    await asyncio.to_thread(apply_city, halle, database_url)
    assert "criteria: 12 (version 1, as before)" in await asyncio.to_thread(
        apply_city, halle, database_url
    )
    reword(halle, 1)
    with pytest.raises(CityError, match="take a higher one"):
        await asyncio.to_thread(apply_city, halle, database_url)
