# SPDX-License-Identifier: EUPL-1.2
"""A city with a computed and an entered indicator, and reports on both, as of any day of 2026 or 2027."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psycopg
import yaml

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_and_retire
from kpi_aggregator.computing.run import compute
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.domain.values import Proposal
from kpi_aggregator.reporting.archive import archive_due
from kpi_aggregator.settings import Settings
from kpi_aggregator.storage import values
from kpi_aggregator.storage.values import Decision, StoredValue
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.asking import Ask, asker
from support.http_app import in_process
from support.indicators import LOTS, ZONE, fill_lot, indicator, libpq, write_city

BERLIN = ZoneInfo(ZONE)
LOT = indicator("lot", "lots", direction="down")
PAPER = {**indicator("paper", "", source="manual", period="quarter"), "formula": None}
REPORT: dict[str, Any] = {
    "report_id": "open", "title": {"de": "Bericht", "en": "Report"}, "version": 1, "due_days": 5,
    "recipient": {"de": "Ausschuss", "en": "Committee"}, "every": "month", "public": True,
}  # fmt: skip


def at(month: int, day: int, hour: int = 4, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=BERLIN)


def entry(start: date, value: float, source_date: date, **more: Any) -> Proposal:
    said = {"indicator_id": "paper", "period": Period.QUARTER, "source": "Liste", **more}
    return Proposal(period_start=start, value=value, source_date=source_date, author_role="Amt",
                    **{"cause": "first entry", **said})  # fmt: skip


@dataclass
class ReportWorld:
    """The city; times are given, so that no test depends on its own day."""

    database: Database
    http: httpx.AsyncClient
    ask: Ask
    url: str
    folder: Path

    def occupy(self, first: datetime, end: datetime, percent: float) -> None:
        fill_lot(self.url, "north", first, end, percent / 5, 20, 20)

    async def report(self, now: datetime) -> None:
        await compute(self.database, now)
        await archive_due(self.database, now + timedelta(hours=1))

    async def enter(self, proposal: Proposal, now: datetime, version: int = 1) -> StoredValue:
        async with self.database.transaction() as connection:
            proposed = await values.propose(
                connection, proposal, version=version, author="api_key:1", now=now
            )
            decision = Decision("approved", "api_key:2", now, "gesehen", "Leitung")
            return await values.decide(connection, proposed.value_id, decision)

    async def apply(self, *indicators: dict[str, Any], since: datetime | None = None) -> None:
        await asyncio.to_thread(apply_and_retire, written(self.folder, *indicators), self.url)
        if since is not None:
            await asyncio.to_thread(self._applied, since)

    def _applied(self, since: datetime) -> None:
        with psycopg.connect(libpq(self.url), autocommit=True) as connection:
            connection.execute(
                "update kpi.framework_version set applied_at = %s"
                " where number = (select max(number) from kpi.framework_version)",
                (since,),
            )

    async def told(self, period: str) -> dict[str, dict[str, Any]]:
        answer = await self.http.get(f"/v1/reports/open?period={period}&format=json")
        chapters = answer.json()["chapters"]
        return {line["indicator_id"]: line for each in chapters for line in each["lines"]}

    async def page(self, period: str) -> str:
        return (await self.http.get(f"/v1/reports/open?period={period}")).text


def written(folder: Path, *indicators: dict[str, Any], **report: Any) -> Path:
    city: Path = write_city(folder, [LOTS], indicators or (LOT, PAPER))
    (city / "kpi/reports.yaml").write_text(yaml.safe_dump({"reports": [{**REPORT, **report}]}))
    return city


@asynccontextmanager
async def report_world(url: str, folder: Path, **report: Any) -> AsyncIterator[ReportWorld]:
    await asyncio.to_thread(apply_and_retire, written(folder, **report), url)
    app = create_app(Settings())
    async with Database.open(url, schema="kpi", size=2) as database:
        attach_database(app, database)
        async with in_process(app) as client:
            world = ReportWorld(database, client, asker(client, url), url, folder)
            await asyncio.to_thread(world._applied, at(1, 1))
            yield world


def corrected(proposal: Proposal, value: float, cause: str) -> Proposal:
    return replace(proposal, value=value, cause=cause)
