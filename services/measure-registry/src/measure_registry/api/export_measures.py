# SPDX-License-Identifier: EUPL-1.2
"""`/v1/export/…`: measures and sub-projects as CSV and JSON, and what their columns mean."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Request, Response

from measure_registry.api.asked import Db
from measure_registry.api.columns import MEASURES, SUBPROJECTS, Column, metadata
from measure_registry.api.export import cell
from measure_registry.api.undertaking_views import measure_view, subproject_view
from measure_registry.api.versions import HELD, answered
from measure_registry.domain.undertaking import Kind, Undertaking, as_public
from measure_registry.profiles.undertaking import PATHS
from measure_registry.site.frame import Site
from measure_registry.storage import undertakings

router = APIRouter(prefix="/v1/export", tags=["files"])
What = Annotated[
    Literal["measures", "subprojects"], Path(description="integrated measures, or sub-projects")
]
KINDS = {"measures": Kind.MEASURE, "subprojects": Kind.SUBPROJECT}
COLUMNS: dict[str, Sequence[Column]] = {"measures": MEASURES, "subprojects": SUBPROJECTS}
_CSV: dict[int | str, dict[str, Any]] = {
    **HELD,
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
}


@router.get("/{what}.csv-metadata.json", response_class=Response)
async def describe_columns(request: Request, what: What) -> Response:
    """Tell what the columns of the CSV file mean (CSV on the Web), in German and English."""
    site: Site = request.app.state.site
    columns = COLUMNS[what]
    title = "Maßnahmen" if what == "measures" else "Teilprojekte"
    told = metadata(site.absolute(f"/v1/export/{what}.csv"), title, columns[0].name, columns)
    return Response(orjson.dumps(told), media_type="application/csvm+json")


@router.get("/{what}.csv", responses=_CSV, response_class=Response)
async def export_csv(request: Request, database: Db, what: What) -> Response:
    """Answer with measures or sub-projects as CSV; what each column means stands beside it.

    Several values stand with `|` between; details of milestones, risks, objectives and pilots are in
    the JSON file. A text that a spreadsheet would run begins with an apostrophe.
    """
    found, parts = await _read(database, what)
    site: Site = request.app.state.site
    names = [each.name for each in COLUMNS[what]]
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(names)
    for each in found:
        row = _row(each, parts, site)
        writer.writerow([cell(row[name]) for name in names])
    headers = {
        "content-disposition": f'attachment; filename="{what}.csv"',
        "link": f'<{site.prefix}/v1/export/{what}.csv-metadata.json>; rel="describedby"; type="application/csvm+json"',
    }
    body = written.getvalue().encode()
    return answered(request, body, "text/csv; charset=utf-8", headers)


@router.get("/{what}.json", responses=HELD, response_class=Response)
async def export_json(request: Request, database: Db, what: What) -> Response:
    """Answer with measures or sub-projects as one JSON list, in the form that the API has."""
    found, parts = await _read(database, what)
    told = [
        measure_view(each, _of(each, parts)) if each.kind is Kind.MEASURE else subproject_view(each)
        for each in found
    ]
    body = orjson.dumps([each.model_dump(mode="json") for each in told])
    headers = {"content-disposition": f'attachment; filename="{what}.json"'}
    return answered(request, body, "application/json", headers)


async def _read(database: Db, what: str) -> tuple[list[Undertaking], list[Undertaking]]:
    async with database.connection() as connection:
        parts = await undertakings.every(connection, Kind.SUBPROJECT)
        found = await undertakings.every(connection, KINDS[what])
    return [as_public(each) for each in found], parts


def _of(measure: Undertaking, parts: Sequence[Undertaking]) -> list[Undertaking]:
    return [each for each in parts if measure.undertaking_id in each.definition["measures"]]


def _row(found: Undertaking, parts: Sequence[Undertaking], site: Site) -> dict[str, Any]:
    said = found.definition
    place, budget = said.get("place") or {}, said.get("budget") or {}
    lists = ("handlungsfelder", "mehrwerte", "leitsaetze", "isek", "target_groups", "measures")
    plain = ("measure_id", "subproject_id", "priority", "reifegrad", "state", "starts_on",
             "ends_on", "source")  # fmt: skip
    return {
        **{name: tuple(said.get(name) or ()) for name in lists},
        **{name: said.get(name) for name in plain},
        "title": said["title"]["de"],
        "title_en": said["title"]["en"],
        "summary": said["summary"]["de"],
        "summary_en": said["summary"]["en"],
        "modellhaft": (said.get("modellhaft") or {}).get("de"),
        "place_name": place.get("name"),
        "lat": place.get("lat"),
        "lon": place.get("lon"),
        "budget_frame_eur": budget.get("frame_eur"),
        "funding": budget.get("funding"),
        "partners": tuple(each["name"] for each in said.get("partners") or ()),
        "godparents": tuple(each["body"] for each in said.get("godparents") or ()),
        **_milestones(said.get("milestones") or ()),
        "key_results": sum(len(each["key_results"]) for each in said.get("objectives") or ()),
        "risks": len(said["risks"]),
        "pilots": tuple(each["pilot_id"] for each in said.get("pilots") or ()),
        "indicators": tuple(each["indicator_id"] for each in said.get("indicators") or ()),
        "subprojects": tuple(each.undertaking_id for each in _of(found, parts)),
        "version": found.version,
        "changed_at": found.changed_at,
        "url": site.absolute(PATHS[found.kind] + found.undertaking_id),
    }


def _milestones(found: Sequence[Any]) -> dict[str, Any]:
    open_ones = [each for each in found if each["status"] in {"offen", "verspaetet"}]
    first = min(open_ones, key=lambda each: each.get("due_on") or "9999", default=None)
    return {
        "milestones": len(found),
        "milestones_reached": sum(each["status"] == "erreicht" for each in found),
        "next_milestone": None if first is None else first["title"]["de"],
        "next_milestone_on": None if first is None else first.get("due_on"),
    }
