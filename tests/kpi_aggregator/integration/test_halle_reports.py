# SPDX-License-Identifier: EUPL-1.2
"""All reports of Halle on schedule, in all forms, and made again after the city changed."""

from __future__ import annotations

import asyncio
import csv
import io
import shutil
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pypdf
import pytest
import pytest_asyncio
import yaml

from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.computing.run import compute
from kpi_aggregator.reporting.archive import archive_due, draw, made_again
from kpi_aggregator.reporting.words import INTERVALS
from kpi_aggregator.storage import reports
from kpi_aggregator.storage.reports import Edition
from stadttakt_runtime.database import Database
from support.indicators import ZONE, fill_lot, libpq

HALLE = Path(__file__).parents[3] / "deploy/cities/halle"
BERLIN = ZoneInfo(ZONE)
# recipient, interval, the newest stretch that is due on 20 January 2027
DUE = {
    "awwsd": ("Ausschuss für Wirtschaft, Wissenschaft", "monatlich", "2026-12"),
    "beigeordnetenkonferenz": ("Beigeordnetenkonferenz", "zweimonatlich", "2026-B6"),
    "mpsc": ("MPSC-Sprechstunde", "vierteljährlich", "2026-Q4"),
    "kts": ("KTS-Monitoring", "halbjährlich", "2026-H2"),
}
ENTERED = """
insert into kpi.indicator_value
    (indicator_id, period, period_start, value, parts, group_size, source, source_date, author_role,
     cause, indicator_version, author, proposed_at, state, decided_by, decided_at)
values ('zufriedenheit', 'year', '2026-01-01', 2.4, '{"note-1-2": 60, "note-3-4": 40}', 100, 'Umfrage',
        '2026-12-01', 'CSV import', 'CSV import', 2, 'a', '2026-12-02Z', 'approved', 'b', '2026-12-03Z'),
       ('digitale-instrumente', 'year', '2026-01-01', 7, null, null, 'Liste', '2026-12-01', 'Leitung',
        'first entry', 1, 'a', '2026-12-02Z', 'approved', 'b', '2026-12-03Z')
"""
ENGLISH = ("first entry", "CSV import", "note-1-2")
pytestmark = pytest.mark.asyncio(loop_scope="module")
Made = tuple[Database, dict[str, Edition], Path, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(shared_database_url: str, tmp_path_factory: Any) -> Any:
    url, folder = shared_database_url, tmp_path_factory.mktemp("halle")
    shutil.copytree(HALLE / "kpi", folder / "kpi")
    shutil.copy(HALLE / "city.yaml", folder)
    await asyncio.to_thread(apply_city, folder, url)
    begin, end = (datetime(2026, month, 1, tzinfo=BERLIN) for month in (7, 12))
    fill_lot(url, "friedemann-bach-platz", begin, end, 30, 46, 48)
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        connection.execute("update kpi.framework_version set applied_at = '2026-06-01Z'")
        connection.execute(ENTERED)
    async with Database.open(url, schema="kpi") as database:
        await compute(database, datetime(2027, 1, 20, 4, tzinfo=BERLIN))
        found = await archive_due(database, datetime(2027, 1, 20, 5, tzinfo=BERLIN))
        yield database, {each.definition.report_id: each for each in found}, folder, url


async def files_of(database: Database, edition: Edition) -> dict[str, bytes]:
    async with database.connection() as connection:
        found = {
            name: await reports.file(connection, edition.edition_id, name)
            for name in await reports.digests(connection, edition.edition_id)
        }
    return {name: file.body for name, file in found.items() if file is not None}


async def test_all_four_reports_of_halle_are_archived_on_schedule_in_every_form(made: Made) -> None:
    database, editions, _, _ = made
    assert {report_id: each.span.name for report_id, each in editions.items()} == {
        report_id: period for report_id, (_, _, period) in DUE.items()
    }
    assert {each.cause for each in editions.values()} == {"schedule"}
    for report_id, (recipient, interval, period) in DUE.items():
        bodies = await files_of(database, editions[report_id])
        assert set(bodies) == {"html", "pdf", "csv", "xlsx", "json"}
        page = bodies["html"].decode()
        paper = "".join(
            part.extract_text() for part in pypdf.PdfReader(io.BytesIO(bodies["pdf"])).pages
        )
        for text in (page, paper):
            flat = " ".join(text.split())
            assert recipient in flat, report_id
            assert f"({interval})" in flat
            assert f"{report_id.upper()} {period}/1" in flat
            assert "Note 1 oder 2" in flat
            assert "Ersterfassung" in flat
            assert [word for word in ENGLISH if word in flat] == []
        rows = list(csv.DictReader(io.StringIO(bodies["csv"].decode())))
        told = {row["indicator_id"]: row for row in rows}
        assert (told["zufriedenheit"]["value"], told["zufriedenheit"]["parts"]) == (
            "2.4", "note-1-2=60|note-3-4=40",
        )  # fmt: skip
        assert ("funkabdeckung" in told) is not editions[report_id].definition.public
        with zipfile.ZipFile(io.BytesIO(bodies["xlsx"])) as book:
            shared = book.read("xl/sharedStrings.xml").decode()
        assert "Note 1 oder 2: 60" in shared
        assert [word for word in ENGLISH if word in shared] == []
    assert {interval for _, interval, _ in DUE.values()} < set(INTERVALS.values())


async def test_reports_are_made_again_byte_for_byte_after_the_city_changed(made: Made) -> None:
    database, editions, folder, url = made
    before = {name: await files_of(database, each) for name, each in editions.items()}
    await asyncio.to_thread(change, folder, url)
    for report_id, edition in editions.items():
        async with database.connection() as connection:
            document = await made_again(connection, edition)
        again = {name: file.body for name, file in (await draw(document)).items()}
        assert {name for name in again if again[name] != before[report_id][name]} == set(), (
            report_id
        )
        assert document.city_name == "Halle (Saale)"
        assert document.timezone == ZONE


def change(folder: Path, url: str) -> None:
    """Rename the city, move it to another zone, and change indicators, reports and their policies."""
    city = yaml.safe_load((folder / "city.yaml").read_text())
    city |= {"name": "Anderswo", "timezone": "Pacific/Auckland"}
    (folder / "city.yaml").write_text(yaml.safe_dump(city))
    for name in ("framework.yaml", "supplement.yaml"):
        whole = yaml.safe_load((folder / "kpi" / name).read_text())
        for each in whole["indicators"]:
            each |= {
                "title": {"de": "Anders", "en": "Other"},
                "method": "anders",
                "version": each["version"] + 1,
                "publication": {
                    "fields": [],
                    "delay_days": 90,
                    "least_count": 1000,
                    "least_period": "month",
                    "decimals": 0,
                },
            }
        (folder / "kpi" / name).write_text(yaml.safe_dump(whole))
    declared = yaml.safe_load((folder / "kpi/reports.yaml").read_text())
    for each in declared["reports"]:
        each |= {"title": {"de": "Anders", "en": "Other"}, "office": "anderswo", "version": 2}
    (folder / "kpi/reports.yaml").write_text(yaml.safe_dump(declared))
    apply_city(folder, url)
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        # what is changed today is changed after these reports, which are of next year
        connection.execute(
            "update kpi.framework_version set applied_at = '2027-02-01Z'"
            " where number = (select max(number) from kpi.framework_version)"
        )
