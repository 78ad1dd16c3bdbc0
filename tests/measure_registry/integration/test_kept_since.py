# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from measure_registry.city.apply import apply_city
from support.ideas import HALLE

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = "select min(day), max(day), sum(kept)::integer from registry.v1_kept_day"


def _days(url: str) -> tuple[date, date, int]:
    with psycopg.connect(url) as connection:
        ((first, last, kept),) = connection.execute(DAYS).fetchall()
    return first, last, kept


def _declared(folder: Path, since: str) -> Path:
    shutil.copytree(HALLE / "registry", folder / "registry", dirs_exist_ok=True)
    shutil.copy(HALLE / "city.yaml", folder)
    if since:
        file = folder / "registry/intake.yaml"
        text = file.read_text(encoding="utf-8")
        line = f"intake:\n  kept_since: {since}\n"
        file.write_text(text.replace("intake:\n", line, 1), encoding="utf-8")
    return folder


async def test_the_registry_tells_since_when_it_is_kept(database_url: str, tmp_path: Path) -> None:
    await asyncio.to_thread(apply_city, _declared(tmp_path, ""), database_url)
    begun = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("update registry.keeping set first_at = %s", (begun,))
    first, last, days = _days(database_url)
    assert (first, days) == (date(2026, 3, 2), (last - first).days + 1)

    said = await asyncio.to_thread(apply_city, _declared(tmp_path, "2024-07-01"), database_url)
    assert "kept since: 2024-07-01" in said
    assert _days(database_url)[0] == date(2024, 7, 1)
    said = await asyncio.to_thread(apply_city, _declared(tmp_path, ""), database_url)
    assert "kept since: its first entry" in said
    assert _days(database_url)[0] == date(2026, 3, 2)


async def test_a_new_registry_is_kept_since_it_was_made(database_url: str) -> None:
    await asyncio.to_thread(apply_city, HALLE, database_url)
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("select first_at, now() from registry.keeping").fetchall()
    ((made, now),) = rows
    first, last, _ = _days(database_url)
    assert first == made.astimezone(BERLIN).date()
    assert last >= now.astimezone(BERLIN).date()
