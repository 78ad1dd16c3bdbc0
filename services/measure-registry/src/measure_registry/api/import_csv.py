# SPDX-License-Identifier: EUPL-1.2
"""`POST /v1/ideas:import`: ideas of past calls from CSV, all lines or none."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, ValidationError

from measure_registry.api.asked import Db, city_of
from measure_registry.api.bodies import ProfileBody
from measure_registry.api.staff import Editor
from measure_registry.desk.author import Author
from measure_registry.desk.submission import Submission, take
from measure_registry.domain.import_profile import ImportProfile, Source, in_own_form
from measure_registry.domain.steckbrief import Place, Steckbrief, faults
from measure_registry.storage import city as stored
from measure_registry.storage import ideas
from measure_registry.storage.city import City
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.csv_import import Columns, FileRefusedError, LineError, read_lines
from stadttakt_runtime.http.csv_upload import CSV_BODY, csv_of, import_refused
from stadttakt_runtime.http.idempotency import Idempotent
from stadttakt_runtime.http.problem import ValidationFailed
from stadttakt_runtime.plain_words import in_plain_words

router = APIRouter(prefix="/v1", tags=["files"])
REQUIRED = ("title", "summary", "handlungsfeld")
LISTS = ("further_fields", "mehrwerte", "leitsaetze", "target_groups")
TEXTS = ("goal", "benefit", "partners", "timeframe", "budget", "transferable", "submitter_kind")
OWN = ("external_id", "call_id", "submitted_on", "place_name", "lat", "lon")
OPTIONAL = (*LISTS, *TEXTS, *OWN)
COLUMNS = Columns(REQUIRED, OPTIONAL, what="idea", most_lines=5_000, has_cp1252=True)
_URL = re.compile(r"https?://[^\s/]+(?:/\S{0,280})?")
FIRST_DAY = date(2000, 1, 1)
IMPORT_BYTES = 20_000_000


class ImportView(BaseModel):
    """What an import did, or would do."""

    dry_run: bool
    ideas: int
    known: int = Field(description="lines that were imported before, and are left alone")
    idea_ids: list[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file says, by the numbers of its lines, and which of it was imported before."""

    city: City
    lines: Mapping[int, Submission]
    known: AbstractSet[str]

    @property
    def new(self) -> dict[int, Submission]:
        """Return what was not imported before."""
        return {
            line: each for line, each in self.lines.items() if each.imported_as not in self.known
        }


@router.post("/ideas:import", openapi_extra=CSV_BODY, response_model=ImportView)
async def import_ideas(
    request: Request,
    once: Idempotent,
    database: Db,
    staff: Editor,
    *,
    dry_run: Annotated[bool, Query(description="tell what it would do, write nothing")] = False,
    profile: Annotated[
        str | None,
        Query(
            pattern=r"^[a-z0-9-]{1,80}$",
            description="the export of another platform, as the city's `imports.yaml` tells it",
        ),
    ] = None,
) -> Response:
    """Import ideas from CSV (comma or semicolon, UTF-8 or Windows-1252): `title,summary,handlungsfeld`.

    Optionally `external_id`, `call_id`, `submitted_on`, `place_name`, `lat`, `lon`,
    `further_fields`, `mehrwerte`, `leitsaetze`, `target_groups` (several with `|`), `goal`,
    `benefit`, `partners`, `timeframe`, `budget`, `transferable`, `submitter_kind`. A line that was
    imported before is left alone. With `profile` the file is another platform's export; what it says
    of people is not read. 422 `import_refused` names every wrong line.
    """
    content, now = await csv_of(request), utc_now()
    async with database.transaction() as connection:
        if not dry_run and (answer := await once.recall(connection)) is not None:
            return answer
        try:
            view = await import_all(
                connection, content, staff, now, profile=profile, dry_run=dry_run
            )
        except FileRefusedError as error:
            raise import_refused(error) from error
        if dry_run:
            return Response(view.model_dump_json(), media_type="application/json")
        return await once.answer(connection, view, 200)


async def import_all(
    connection: Any,
    content: bytes,
    staff: Author,
    now: datetime,
    *,
    profile: str | None,
    dry_run: bool,
) -> ImportView:
    """Take the ideas of a file that were not taken before, or tell how many there are.

    Raises FileRefusedError with every line that is wrong, ValidationFailed for an unknown profile.
    """
    plan = await planned(connection, content, now, profile=profile)
    made = [] if dry_run else await carried_out(connection, plan, staff, now)
    return ImportView(
        dry_run=dry_run, ideas=len(plan.new), known=len(plan.known), idea_ids=list(made)
    )


async def planned(connection: Any, content: bytes, now: datetime, *, profile: str | None) -> Plan:
    """Return what a file says, and what of it is new; raises what `import_all` raises."""
    city = await city_of(connection)
    found = read_ideas(content, city, now, await _profile(connection, profile))
    names = [each.imported_as or "" for each in found.values()]
    return Plan(city, found, await ideas.known_lines(connection, names))


async def carried_out(connection: Any, plan: Plan, staff: Author, now: datetime) -> list[str]:
    """Take the new ideas of a file; return their ids in its order."""
    made = []
    for each in plan.new.values():
        taken = await take(connection, each, plan.city, author=staff, vault=None, now=now)
        made.append(taken.idea.idea_id)
    return made


async def _profile(connection: Any, profile_id: str | None) -> ImportProfile | None:
    if profile_id is None:
        return None
    found = await stored.import_profile(connection, profile_id)
    if found is None:
        detail = "the city has no such profile in imports.yaml"
        error = {"in": "query", "field": "profile", "detail": detail, "code": "unknown_profile"}
        raise ValidationFailed([error])
    return found


def read_ideas(
    content: bytes, city: City, now: datetime, profile: ImportProfile | None = None
) -> dict[int, Submission]:
    """Return what each line says, by its number; raises FileRefusedError with every line that is wrong, by the file's own columns."""
    found: dict[int, Submission] = {}
    names: set[str] = set()

    def column_of(field: str) -> str:
        if profile is None:
            return field
        return next(
            (profile.columns[each] for each in field.split(".") if each in profile.columns), field
        )

    def take_line(line: int, row: Mapping[str, str]) -> list[LineError]:
        cells = {name: cell for name, cell in row.items() if cell}
        said: list[tuple[str, str]] = []
        if profile is not None:
            said = list(profile.strange_words(cells))
            cells = profile.translated(cells)
        else:
            cells = in_own_form(cells)
        strange = {field for field, _ in said}
        said += [each for each in _faults(cells, city, now, profile) if each[0] not in strange]
        wrong = [LineError(line, column_of(field), detail) for field, detail in said]
        name = _name(cells, profile)
        if name in names:
            twice = "this idea stands in the file twice"
            wrong.append(LineError(line, column_of("external_id"), twice, "twice"))
        names.add(name)
        if not wrong:
            found[line] = _submission(cells, profile)
        return wrong

    columns = COLUMNS
    if profile is not None:
        columns = replace(COLUMNS, required=profile.required, optional=profile.optional)
    read_lines(content, columns, take_line)
    return found


def _body(cells: Mapping[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {name: cells[name] for name in (*REQUIRED, *TEXTS) if name in cells}
    for name in LISTS:
        if name in cells:
            fields[name] = [each.strip() for each in cells[name].split("|") if each.strip()]
    place = {"name": cells.get("place_name"), "lat": cells.get("lat"), "lon": cells.get("lon")}
    return {**fields, "place": place}


def _faults(
    cells: Mapping[str, str], city: City, now: datetime, profile: ImportProfile | None
) -> Iterator[tuple[str, str]]:
    """Yield all that is wrong with a line, by field."""
    if profile is not None:
        yield from _foreign_faults(cells)
    yield from _brief_faults(cells, city)
    call = cells.get("call_id")
    if call is not None and call not in [each.call_id for each in city.intake.calls]:
        yield "call_id", "there is no such call"
    if len(cells.get("external_id", "")) > 200:
        yield "external_id", "must have at most 200 characters"
    if "submitted_on" in cells:
        yield from _day_faults(cells["submitted_on"], now.date())


def _brief_faults(cells: Mapping[str, str], city: City) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the Steckbrief: its form, and words that the city does not have."""
    written, told = _body(cells), set()
    try:
        ProfileBody(**written)
    except ValidationError as error:
        for each in error.errors():
            told.add(each["loc"][0])
            yield ".".join(str(part) for part in each["loc"]), in_plain_words(each)
    place = Place(**written.pop("place"))
    brief = Steckbrief(**{**dict.fromkeys(REQUIRED, ""), **written, "place": place})
    for fault in faults(brief, city.vocabulary):
        if fault.field not in told:
            yield fault.field, fault.detail


def _day_faults(written: str, today: date) -> Iterator[tuple[str, str]]:
    try:
        day = date.fromisoformat(written)
    except ValueError:
        yield "submitted_on", "must be a day, as 2026-11-26 or 26.11.2026"
    else:
        if not FIRST_DAY <= day <= today:
            yield "submitted_on", f"must lie between {FIRST_DAY} and today"


def _foreign_faults(cells: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what a line of another platform's export lacks."""
    if "external_id" not in cells:
        yield "external_id", "is missing"
    url = cells.get("url")
    if url is not None and not _URL.fullmatch(url):
        yield "url", "must begin with http:// or https:// and have at most 300 characters"


def _name(cells: Mapping[str, str], profile: ImportProfile | None) -> str:
    """Return what tells whether a line was imported before: by the file's own id, else by what it says."""
    said = cells.get("external_id") or "\x1f".join(f"{k}={v}" for k, v in sorted(cells.items()))
    whose = profile.profile_id if profile is not None else cells.get("call_id", "")
    return hashlib.sha256(f"{whose}\x1f{said}".encode()).hexdigest()


def _submission(cells: Mapping[str, str], profile: ImportProfile | None) -> Submission:
    body = ProfileBody(**_body(cells))
    call, day = cells.get("call_id"), cells.get("submitted_on")
    return Submission(
        body.steckbrief(),
        "import",
        call_id=call,
        submitted_at=None if day is None else datetime.fromisoformat(day).replace(tzinfo=UTC),
        imported_as=_name(cells, profile),
        source=None if profile is None else Source(profile.source, cells.get("url")),
    )
