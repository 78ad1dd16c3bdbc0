# SPDX-License-Identifier: EUPL-1.2
"""Reports on a real database: made when due or on order, archived unchanged, true to their data."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psycopg
import pypdf
import pytest
import yaml
from prometheus_client import REGISTRY
from typer.testing import CliRunner

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_and_retire, apply_city
from kpi_aggregator.commands import app as commands
from kpi_aggregator.computing.run import compute
from kpi_aggregator.reporting import print as print_module
from kpi_aggregator.reporting.archive import archive_due
from kpi_aggregator.settings import Settings
from kpi_aggregator.watch import look
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from stadttakt_runtime.plugins import CityError
from support.asking import Ask, asker
from support.http_app import in_process
from support.indicators import LOTS, ZONE, fill_lot, indicator, libpq, write_city
from support.service import running, wait_for

BERLIN = ZoneInfo(ZONE)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEASURES = """
insert into registry.undertaking
       (kind, undertaking_id, position, version, created_at, changed_at, definition)
values ('measure', 'im', 1, 1, now(), now(),
        '{"title": {"de": "Integrierte Mobilität"}, "state": "in Umsetzung",
          "indicators": [{"indicator_id": "x", "effective_on": "2026-01-01"}]}')
"""


def report(report_id: str, every: str, **more: Any) -> dict[str, Any]:
    return {
        "report_id": report_id, "title": {"de": f"Bericht {report_id}", "en": report_id},
        "recipient": {"de": "Ausschuss", "en": "Committee"}, "every": every, "version": 1,
        "due_days": 5, **more,
    }  # fmt: skip


REPORTS = [report("open", "month", public=True), report("inner", "quarter")]
INDICATORS = [
    indicator("x", "lots", direction="down", baseline={"value": 90, "at": "2026-01-01"},
              target={"value": 40, "at": "2026-12-31"}),
    indicator("hidden", "lots", public=False),
    {**indicator("paper", "lots", source="manual", period="year"), "formula": None},
]  # fmt: skip


def write(folder: Path, reports: list[dict[str, Any]]) -> Path:
    city = write_city(folder, [LOTS], INDICATORS)
    (city / "city.yaml").write_text(f"name: Musterstadt\ntimezone: {ZONE}\n")
    (city / "kpi/reports.yaml").write_text(yaml.safe_dump({"reports": reports}))
    return city


def at(month: int, day: int, hour: int = 0) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=BERLIN)


@dataclass
class World:
    """A city with computed values from September on, as of the sixth of November."""

    database: Database
    http: httpx.AsyncClient
    ask: Ask
    url: str
    folder: Path

    def run(self, statement: str, *values: Any) -> None:
        with psycopg.connect(libpq(self.url), autocommit=True) as connection:
            connection.execute(statement, values)  # type: ignore[arg-type]

    async def get(self, path: str, scope: str | None = None, **headers: str) -> httpx.Response:
        if scope is None:
            return await self.http.get(path, headers=headers)
        return await self.ask("GET", path, scope, headers=headers)


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    fill_lot(database_url, "north", at(9, 1), at(10, 1), 10, 20, 20)
    fill_lot(database_url, "north", at(10, 1), at(11, 1), 12, 18, 20)
    await asyncio.to_thread(apply_city, write(tmp_path, REPORTS), database_url)
    with psycopg.connect(libpq(database_url), autocommit=True) as connection:
        connection.execute("update kpi.framework_version set applied_at = '2026-01-01Z'")
    app = create_app(Settings())
    async with Database.open(database_url, schema="kpi") as database:
        await compute(database, at(10, 5, 4))
        await compute(database, at(11, 6, 4))
        attach_database(app, database)
        async with in_process(app) as client:
            ask = asker(client, database_url)
            yield World(database, client, ask, database_url, tmp_path)


async def test_what_is_due_is_made_once_and_what_was_missed_later(world: World) -> None:
    early = await archive_due(world.database, at(10, 6, 5))
    assert [(each.definition.report_id, each.span.name) for each in early] == [
        ("open", "2026-09"), ("inner", "2026-Q3"),
    ]  # fmt: skip
    assert await archive_due(world.database, at(11, 5, 23)) == []
    later = await archive_due(world.database, at(11, 6))
    assert [(each.definition.report_id, each.span.name) for each in later] == [("open", "2026-10")]
    assert await archive_due(world.database, at(11, 6)) == []
    missed = await archive_due(world.database, at(1, 6) + timedelta(days=365))
    assert [each.span.name for each in missed] == ["2026-11", "2026-12", "2026-Q4"]
    assert {each.cause for each in missed} == {"schedule"}


async def test_a_report_that_cannot_be_drawn_stops_no_other_and_is_made_once_it_can(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing() -> float | None:
        return REGISTRY.get_sample_value("stadttakt_kpi_reports_failing")

    template = print_module._TEMPLATE
    refused = b'#if json(bytes(sys.inputs.document)).title == "Bericht open" { panic("refused") }\n'
    monkeypatch.setattr(print_module, "_TEMPLATE", refused + template)
    made = await archive_due(world.database, at(11, 6))
    assert ([each.definition.report_id for each in made], failing()) == (["inner"], 1)
    assert await archive_due(world.database, at(12, 6)) == []
    monkeypatch.undo()
    made = await archive_due(world.database, at(12, 6))
    assert ([each.span.name for each in made], failing()) == (["2026-11"], 0)


async def test_two_processes_make_a_report_once(world: World) -> None:
    made = await asyncio.gather(*(archive_due(world.database, at(11, 6)) for _ in range(3)))
    assert sorted(each.definition.report_id for found in made for each in found) == [
        "inner",
        "open",
    ]


async def test_a_report_tells_values_changes_and_what_nobody_linked_yet(world: World) -> None:
    await archive_due(world.database, at(10, 6, 5))
    await archive_due(world.database, at(11, 6, 5))
    answer = await world.get("/v1/reports/open?period=2026-10", accept="application/json")
    told = answer.json()
    assert (told["city_name"], told["period"], told["last_day"]) == (
        "Musterstadt", "2026-10", "2026-10-31",
    )  # fmt: skip
    assert (told["compared"]["period"], told["compared"]["number"]) == ("2026-09", 1)
    (chapter,) = told["chapters"]
    lines = {line["indicator_id"]: line for line in chapter["lines"]}
    assert set(lines) == {"x", "paper"}, "what is not public is in no public report"
    x = lines["x"]
    assert x["value"]["value"] == pytest.approx(100 * 12 / 18)
    assert x["value"]["completeness"] == pytest.approx(0.9)
    assert (x["since"]["step"], x["since"]["value"]) == ("moved", pytest.approx(50))
    assert x["since"]["light"] == "green"
    assert [point["period"] for point in x["points"]] == ["2026-09", "2026-10"]
    assert x["measures"] == []
    assert lines["paper"]["value"] is None
    page = (await world.get("/v1/reports/open?period=2026-10")).text
    assert "noch keine Maßnahmen verknüpft" in page


async def test_measures_of_the_registry_stand_behind_their_indicators(world: World) -> None:
    world.run(MEASURES)
    await archive_due(world.database, at(11, 6, 5))
    assert "Integrierte Mobilität (in Umsetzung)" in (await world.get("/v1/reports/open")).text


async def test_late_data_are_told_as_a_correction_with_its_cause(world: World) -> None:
    await archive_due(world.database, at(11, 6, 5))
    fill_lot(world.url, "north", at(10, 5), at(10, 6), 18, 18, 20)
    await compute(world.database, at(11, 7, 4))
    made = await world.ask("POST", "/v1/reports/open/editions", "kpi:write",
                           json={"period": "2026-10"})  # fmt: skip
    assert (made.status_code, made.json()["edition"], made.json()["cause"]) == (201, 2, "order")
    assert "OPEN 2026-10/2" in (await world.get("/v1/reports/open?period=2026-10")).text
    old = (await world.get("/v1/reports/open?edition=1&format=json")).json()
    new = (await world.get("/v1/reports/open?format=json")).json()
    before, after = (each["chapters"][0]["lines"][0] for each in (old, new))
    assert after["value"]["value"] > before["value"]["value"]
    assert [each["text"] for each in after["reasons"]] == [
        "Zeitraum ist zu Ende", "verspätete oder berichtigte Daten",
    ]  # fmt: skip
    assert len(before["reasons"]) == 1, "the first edition says what it said"


async def test_all_forms_come_by_accept_with_digests_and_304(world: World) -> None:
    await archive_due(world.database, at(11, 6, 5))
    listed = (await world.get("/v1/reports/open/editions")).json()["items"]
    assert [(each["period"], each["edition"]) for each in listed] == [("2026-10", 1)]
    starts = {
        "html": ("text/html", b"<!doctype html>"), "pdf": ("application/pdf", b"%PDF-"),
        "csv": ("text/csv", b"mehrwert,"), "xlsx": (XLSX, b"PK"),
        "json": ("application/json", b"{"),
    }  # fmt: skip
    for name, (kind, start) in starts.items():
        answer = await world.get("/v1/reports/open?period=2026-10", accept=kind)
        assert answer.status_code == 200, name
        assert answer.headers["content-type"].startswith(kind)
        assert answer.content.startswith(start)
        assert sha256(answer.content).hexdigest() == listed[0]["sha256"][name]
        assert f"open-2026-10-1.{name}" in answer.headers["content-disposition"]
        assert "accept" in answer.headers["vary"]
        linked = await world.get(f"/v1/reports/open?format={name}", accept="image/png")
        assert linked.content == answer.content
        etag = {"if-none-match": answer.headers["etag"]}
        again = await world.get("/v1/reports/open?period=2026-10", accept=kind, **etag)
        assert (again.status_code, again.content) == (304, b"")
    refused = await world.get("/v1/reports/open", accept="image/png")
    assert (refused.status_code, refused.json()["code"]) == (406, "not_acceptable")
    pdf = (await world.get("/v1/reports/open", accept="application/pdf")).content
    assert "Musterstadt" in pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()


async def test_archived_reports_stay_and_the_same_data_give_the_same_bytes(world: World) -> None:
    await archive_due(world.database, at(10, 6, 5))
    await archive_due(world.database, at(11, 6, 5))
    before = (await world.get("/v1/reports/open?period=2026-10&format=pdf")).content

    def verify(period: str) -> Any:
        arguments = ["verify-report", "open", period, "--database-url", world.url]
        return CliRunner().invoke(commands, arguments, catch_exceptions=False)

    fill_lot(world.url, "north", at(9, 1), at(11, 1), 20, 20, 20)
    await compute(world.database, utc_now())
    renamed = [report("open", "month", public=True, version=2, title={"de": "Neu", "en": "New"})]
    await asyncio.to_thread(apply_and_retire, write(world.folder, renamed), world.url)
    assert (await world.get("/v1/reports/open?period=2026-10&format=pdf")).content == before
    said = await asyncio.to_thread(verify, "2026-10")
    assert said.exit_code == 0, said.output
    assert "same document" in " ".join(said.stdout.split())
    assert "otherwise" not in said.stdout
    for statement in (
        "update kpi.report_file set body = 'x'",
        "delete from kpi.report_file",
        "update kpi.report_edition set known_at = now()",
        "delete from kpi.report_edition",
    ):
        with pytest.raises(psycopg.errors.RaiseException, match="kept as they were made"):
            world.run(statement)
    world.run("update kpi.computed_value set value = 1 where period_start = '2026-10-01'")
    told = await asyncio.to_thread(verify, "2026-10")
    assert told.exit_code == 1, "data of then that were changed are found"
    assert "ANOTHER DOCUMENT" in " ".join(told.stdout.split())
    assert (await asyncio.to_thread(verify, "2025-10")).exit_code == 1


async def test_who_may_not_see_a_report_does_not_know_of_it(world: World) -> None:
    await archive_due(world.database, at(11, 6, 5))
    public = (await world.get("/v1/reports")).json()["items"]
    assert [(each["report_id"], each["newest"]) for each in public] == [("open", "2026-10")]
    assert (await world.get("/v1/reports/inner")).status_code == 404
    assert (await world.get("/v1/reports/inner/editions")).status_code == 404
    staff = (await world.get("/v1/reports", "kpi:write")).json()["items"]
    assert {each["report_id"] for each in staff} == {"open", "inner"}
    inner = await world.get("/v1/reports/inner?format=json", "kpi:write")
    ids = {line["indicator_id"] for line in inner.json()["chapters"][0]["lines"]}
    assert ids == {"x", "hidden", "paper"}


async def test_a_report_that_is_hidden_later_is_hidden_with_its_past(world: World) -> None:
    await archive_due(world.database, at(11, 6, 5))
    hidden = [report("open", "month"), report("inner", "quarter", public=True)]
    await asyncio.to_thread(apply_city, write(world.folder, hidden), world.url)
    assert (await world.get("/v1/reports/open")).status_code == 404
    # what was made for few is not for all because its successors are
    assert (await world.get("/v1/reports/inner")).status_code == 404
    assert (await world.get("/v1/reports/inner/editions")).json()["items"] == []


async def test_staff_look_at_what_is_not_archived_and_it_says_so(world: World) -> None:
    path = "/v1/reports/open?period=2026-09"
    assert (await world.get(path)).status_code == 404
    preview = await world.get(path, "kpi:write")
    assert "Vorabfassung" in preview.text
    assert preview.headers["x-report-edition"] == "preview"
    assert preview.headers["cache-control"] == "no-store"
    assert (await world.get("/v1/reports/open?period=2099-01", "kpi:write")).status_code == 404


async def test_orders_that_cannot_be_are_refused(world: World) -> None:
    async def order(period: Any, report_id: str = "open") -> httpx.Response:
        path = f"/v1/reports/{report_id}/editions"
        return await world.ask("POST", path, "kpi:write", json={"period": period})

    for period, status, code in (
        ("2026-Q1", 422, "validation_failed"),
        (5, 422, "validation_failed"),
        ("2099-01", 409, "period_not_over"),
    ):
        answer = await order(period)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await order("2026-10", "nothing")).status_code == 404
    body = {"json": {"period": "2026-10"}}
    assert (await world.http.post("/v1/reports/open/editions", **body)).status_code == 401
    assert (await world.get("/v1/reports/open?period=2026-Q1")).status_code == 422
    assert (await world.get("/v1/reports/open?format=docx")).status_code == 422


async def test_an_order_that_is_repeated_makes_one_report(world: World) -> None:
    headers = {"idempotency-key": "one"}
    made = [
        await world.ask("POST", "/v1/reports/open/editions", "kpi:write",
                        json={"period": "2026-10"}, headers=headers)
        for _ in range(2)
    ]  # fmt: skip
    assert made[0].json() == made[1].json()
    assert len((await world.get("/v1/reports/open/editions")).json()["items"]) == 1


async def test_editions_come_in_pages(world: World) -> None:
    await archive_due(world.database, at(10, 6, 5))
    await archive_due(world.database, at(11, 6, 5))
    first = (await world.get("/v1/reports/open/editions?limit=1")).json()
    second = (await world.get(f"/v1/reports/open/editions?cursor={first['next_cursor']}")).json()
    assert [each["period"] for page in (first, second) for each in page["items"]] == [
        "2026-10", "2026-09",
    ]  # fmt: skip
    assert second["next_cursor"] is None


async def test_the_command_writes_what_is_archived_else_a_preview(
    world: World, tmp_path: Path
) -> None:
    def run(period: str, name: str) -> Any:
        arguments = ["report", "open", period, str(tmp_path / name), "--database-url", world.url]
        return CliRunner().invoke(commands, arguments, catch_exceptions=False)

    await archive_due(world.database, at(11, 6, 5))
    archived = await asyncio.to_thread(run, "2026-10", "a.pdf")
    assert "edition 1" in archived.stdout
    kept = (await world.get("/v1/reports/open?period=2026-10&format=pdf")).content
    assert await asyncio.to_thread((tmp_path / "a.pdf").read_bytes) == kept
    preview = await asyncio.to_thread(run, "2026-09", "b.html")
    assert "preview" in preview.stdout
    for period, name in (("2026-09", "b.docx"), ("2026", "b.pdf"), ("2026-09", "no/where.pdf")):
        refused = await asyncio.to_thread(run, period, name)
        assert refused.exit_code == 1
        assert "Traceback" not in refused.output


def test_the_service_makes_due_reports_by_itself(
    database_url: str, mqtt_url: str, tmp_path: Path
) -> None:
    apply_city(write(tmp_path, REPORTS), database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute("update kpi.framework_version set applied_at = '2026-01-01Z'")
    settings = {"STADTTAKT_DATABASE_URL": database_url, "STADTTAKT_MQTT_URL": mqtt_url}
    with running("kpi_aggregator", **settings) as client:
        wait_for(client, "/v1/reports/open", 200)
        deadline = time.monotonic() + 20
        while b"stadttakt_kpi_reports_total 2.0" not in client.get("/metrics").content:
            assert time.monotonic() < deadline
            time.sleep(0.1)


async def test_metrics_tell_of_old_values_refused_frameworks_and_overdue_reports(
    world: World,
) -> None:
    def told() -> dict[str, float]:
        names = ("computation_begun_seconds", "computation_done_seconds", "framework_refused",
                 "reports_overdue")  # fmt: skip
        return {n: REGISTRY.get_sample_value(f"stadttakt_kpi_{n}") or 0.0 for n in names}

    await look(world.database)
    assert told()["framework_refused"] == told()["reports_overdue"] == 0
    assert told()["computation_done_seconds"] == 0
    world.run(
        "insert into kpi.computation (begun_at, done_at) values ('2026-11-06Z', '2026-11-05Z')"
    )
    (world.folder / "kpi/framework.yaml").write_text("indicators: [{indicator_id: x}]")
    with pytest.raises(CityError):
        await asyncio.to_thread(apply_city, world.folder, world.url)
    long_ago = utc_now() - timedelta(days=200)
    await archive_due(world.database, long_ago)
    await look(world.database)
    assert told()["computation_begun_seconds"] - told()["computation_done_seconds"] == 86_400
    assert (told()["framework_refused"], told()["reports_overdue"]) == (1, 2)
    await asyncio.to_thread(apply_city, write(world.folder, REPORTS), world.url)
    await archive_due(world.database, utc_now())
    await look(world.database)
    assert (told()["framework_refused"], told()["reports_overdue"]) == (0, 0)
