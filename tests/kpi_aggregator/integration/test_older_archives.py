# SPDX-License-Identifier: EUPL-1.2
"""Archived reports that another version of the program wrote are verified, or said not to be."""

from __future__ import annotations

import asyncio
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import psycopg
import yaml
from typer.testing import CliRunner

from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.commands import app as commands
from kpi_aggregator.computing.run import compute
from kpi_aggregator.reporting.archive import archive_due
from kpi_aggregator.reporting.document import WRITING
from stadttakt_runtime.database import Database
from support.indicators import LOTS, ZONE, fill_lot, indicator, libpq, write_city

BERLIN = ZoneInfo(ZONE)
REPORT = {
    "report_id": "r", "title": {"de": "Bericht", "en": "Report"}, "every": "month", "version": 1,
    "recipient": {"de": "Ausschuss", "en": "Committee"},
}  # fmt: skip
UNLOCK = """
alter table kpi.report_edition disable trigger user;
alter table kpi.report_file disable trigger user
"""


def applied(url: str, folder: Path, **changes: Any) -> None:
    """Apply the framework, with other words of the formula and the indicator, as of the year's first day."""
    city = write_city(folder, [{**LOTS, **changes}], [{**indicator("x", "lots"), **changes}])
    (city / "kpi/reports.yaml").write_text(yaml.safe_dump({"reports": [REPORT]}))
    apply_city(city, url)
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        connection.execute("update kpi.framework_version set applied_at = '2026-01-01Z'")


def verified(url: str) -> tuple[int, str]:
    arguments = ["verify-report", "r", "2026-10", "--database-url", url]
    said = CliRunner().invoke(commands, arguments, catch_exceptions=False)
    return said.exit_code, " ".join(said.stdout.split())


def rewritten(url: str, **changes: Any) -> tuple[int, str]:
    """Return what verification says once the archive holds another document, as another program left it."""
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        row = connection.execute("select document from kpi.report_edition").fetchone()
        assert row is not None
        told = {**orjson.loads(row[0]), **changes}
        kept = orjson.dumps({name: each for name, each in told.items() if each is not None},
                            option=orjson.OPT_SORT_KEYS)  # fmt: skip
        connection.execute(UNLOCK)
        connection.execute("update kpi.report_edition set document = %s", (kept,))
        connection.execute(
            "update kpi.report_file set body = %s, sha256 = %s where format = 'json'",
            (kept, sha256(kept).hexdigest()),
        )
    return verified(url)


async def test_a_report_of_another_version_is_verified_by_its_data_or_said_not_to_be(
    database_url: str, tmp_path: Path
) -> None:
    begin, end = datetime(2026, 10, 1, tzinfo=BERLIN), datetime(2026, 11, 1, tzinfo=BERLIN)
    fill_lot(database_url, "north", begin, end, 10, 20, 20)
    await asyncio.to_thread(applied, database_url, tmp_path)
    async with Database.open(database_url, schema="kpi") as database:
        await compute(database, datetime(2026, 11, 6, 4, tzinfo=BERLIN))
        assert len(await archive_due(database, datetime(2026, 11, 6, 5, tzinfo=BERLIN))) == 1
    code, said = await asyncio.to_thread(verified, database_url)
    assert (code, "same document" in said) == (0, True)
    older = {"writing": None, "traffic_light": "wie die Regel früher hieß"}
    code, said = await asyncio.to_thread(rewritten, database_url, **older)
    assert (code, "same data, words of version 1 (now 6)" in said) == (0, True), said
    code, said = await asyncio.to_thread(rewritten, database_url, last_day="2026-10-30")
    other = "ANOTHER DOCUMENT: words of version 1 (now 6), which may be why"
    assert (code, other in said) == (1, True), said
    code, said = await asyncio.to_thread(rewritten, database_url, writing=WRITING)
    assert (code, "ANOTHER DOCUMENT" in said, "words of" in said) == (1, True, False), said
    code, said = await asyncio.to_thread(rewritten, database_url, writing=99, new_field=[1])
    assert (code, "NOT COMPARED: words of version 99" in said) == (1, True), said


async def test_a_report_that_told_reasons_in_another_unit_is_the_same_data(
    database_url: str, tmp_path: Path
) -> None:
    begin, end = datetime(2026, 10, 1, tzinfo=BERLIN), datetime(2026, 11, 1, tzinfo=BERLIN)
    fill_lot(database_url, "north", begin, end, 10, 20, 20)
    await asyncio.to_thread(applied, database_url, tmp_path)
    async with Database.open(database_url, schema="kpi") as database:
        await compute(database, datetime(2026, 11, 2, 4, tzinfo=BERLIN))
        await asyncio.to_thread(applied, database_url, tmp_path, unit="Teile", version=2)
        await compute(database, datetime(2026, 11, 6, 4, tzinfo=BERLIN))
        assert len(await archive_due(database, datetime(2026, 11, 6, 5, tzinfo=BERLIN))) == 1
        kept = await database.read(
            lambda connection: connection.fetchval("select document from report_edition")
        )
    chapters = orjson.loads(kept)["chapters"]
    reasons = chapters[0]["lines"][0]["reasons"]
    assert len(reasons) == 1, "those of values in percent are not told"
    # As a former version told them: with that of the value in percent.
    reasons.insert(0, {"at": "2026-11-02T03:00:00Z", "text": "zum ersten Mal berechnet"})
    said = await asyncio.to_thread(rewritten, database_url, writing=5, chapters=chapters)
    assert (said[0], "same data, words of version 5 (now 6)" in said[1]) == (0, True), said
    said = await asyncio.to_thread(rewritten, database_url, writing=WRITING)
    assert (said[0], "ANOTHER DOCUMENT" in said[1]) == (1, True), said
