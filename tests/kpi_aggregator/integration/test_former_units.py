# SPDX-License-Identifier: EUPL-1.2
"""Where values are entered and approved, what holds of a former version is told in its own unit."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from kpi_aggregator.storage import values
from support.asking import mint_key
from support.report_world import LOT, PAPER, ReportWorld, at, entry, report_world

FIRST = date(2026, 1, 1)
FORMER = entry(FIRST, 24.6, date(2026, 4, 1), parts={"rad": 3}, group_size=40)
TODAYS = entry(FIRST, 0.41, date(2026, 4, 1), parts={"rad": 4}, group_size=40, cause="in Stunden")
GROUPED = {**PAPER, "source": "survey", "groups": ["rad"], "least_group": 1, "unit": "Minuten",
           "version": 2}  # fmt: skip
HOURS = {**GROUPED, "unit": "Stunden", "version": 3, "method": "in Stunden"}
FILE = """Kennzahl;Zeitraum;Wert;Befragte;Quelle;Stand der Quelle;Grund
paper;2026-Q1;0,42;40;Liste;1.4.2026;in Stunden
"""


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[ReportWorld]:
    async with report_world(database_url, tmp_path) as world:
        await world.apply(LOT, GROUPED, since=at(1, 2))
        await world.enter(FORMER, at(4, 3), version=2)
        yield world


async def login(world: ReportWorld) -> dict[str, str]:
    """Return the cookie and the form's token of who is logged in to enter and approve values."""
    key = await mint_key(world.url, "kpi:write", "kpi:approve")
    came = await world.http.post("/erfassen/anmelden", data={"key": key})
    cookie = came.headers["set-cookie"].split(";")[0]
    page = await world.http.get("/erfassen", headers={"cookie": cookie})
    token = re.search(r'id="form_token" value="([0-9a-f]+)"', page.text)
    assert token
    return {"cookie": cookie, "token": token[1]}


async def test_a_file_tells_what_holds_in_the_unit_of_its_own_version(world: ReportWorld) -> None:
    await world.apply(LOT, HOURS, since=at(7, 20))
    visit = await login(world)
    headers, said = (
        {"cookie": visit["cookie"]},
        {"form_token": visit["token"], "author_role": "Erfassung"},
    )
    sent = {"file": ("werte.csv", FILE.encode(), "text/csv")}
    tried = await world.http.post("/erfassen/einlesen", data=said, files=sent, headers=headers)
    assert "0,42 Stunden" in tried.text
    assert "bisher: 24,6 Minuten" in tried.text
    digest = re.search(r'name="sha256" value="([0-9a-f]{64})"', tried.text)
    assert digest
    path = "/erfassen/einlesen/uebernehmen"
    taken = await world.http.post(path, data={**said, "sha256": digest[1]}, headers=headers)
    file = taken.headers["location"].rpartition("/")[2].partition("?")[0]
    page = await world.http.get(f"/erfassen/datei/{file}", headers=headers)
    assert "0,42 Stunden" in page.text
    assert "bisher: 24,6 Minuten" in page.text
    # The next version is of another unit again: what was handed in keeps its own.
    await world.apply(LOT, {**HOURS, "unit": "Tage", "version": 4, "method": "in Tagen"})
    page = await world.http.get(f"/erfassen/datei/{file}", headers=headers)
    assert ("0,42 Stunden" in page.text, "Tage" in page.text) == (True, False)


async def test_the_same_number_of_another_version_is_handed_in(world: ReportWorld) -> None:
    second = entry(date(2026, 4, 1), 24.6, date(2026, 7, 1), group_size=40)
    await world.enter(second, at(7, 3), version=2)
    visit = await login(world)
    said = {"form_token": visit["token"], "author_role": "Erfassung"}
    line = f"paper;2026-Q2;24,6;40;{second.source};1.7.2026;neu festgelegt\n"
    text = FILE.splitlines()[0] + "\n" + line
    for version, told in ((2, "1 unverändert"), (3, "1 berichtigen")):
        if version == 3:
            await world.apply(LOT, HOURS, since=at(7, 20))
        tried = await world.http.post(
            "/erfassen/einlesen",
            data=said,
            files={"file": ("werte.csv", text.encode(), "text/csv")},
            headers={"cookie": visit["cookie"]},
        )
        assert told in tried.text, version


async def test_what_waits_is_told_beside_what_holds_each_in_its_own_unit(
    world: ReportWorld,
) -> None:
    visit = await login(world)
    headers = {"cookie": visit["cookie"], "x-form-token": visit["token"]}
    for version in (2, 3):
        if version == 3:
            await world.apply(LOT, HOURS, since=at(7, 20))
        async with world.database.transaction() as connection:
            await values.propose(
                connection, TODAYS, version=version, author="api_key:1", now=at(7, 20 + version)
            )
    desk = (await world.http.get("/erfassen/daten", headers=headers)).json()
    told = [
        tuple(each[name] for name in ("unit", "holds", "holds_unit", "holds_parts"))
        for each in desk["pending"]
    ]
    # Groups of another unit are not held against those of today's.
    assert told == [
        ("Stunden", 24.6, "Minuten", None),
        ("Minuten", 24.6, "Minuten", {"rad": 3}),
    ]
    assert [(each["value"], each["unit"]) for each in desk["decided"]] == [(24.6, "Minuten")]
