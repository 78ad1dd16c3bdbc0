# SPDX-License-Identifier: EUPL-1.2
"""`/leitstelle`: a service day's peaks for who is logged in, and recording what was done about them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import NotFound
from stadttakt_runtime.login.rooms import FormForged, Visit, form_of, sent_to, visit_of
from vehicle_occupancy.api.control.day import Day, Shown, day_page
from vehicle_occupancy.api.control.frame import HOME, answer_of
from vehicle_occupancy.api.control.lines import lines_comfort
from vehicle_occupancy.api.control.rooms import ROOMS, records
from vehicle_occupancy.api.peak_actions import AlreadyMeasured, UnknownTrip, record, take_back
from vehicle_occupancy.api.peak_documents import ActionBody, PeakView
from vehicle_occupancy.api.peaks import advice_of, told_of_day
from vehicle_occupancy.domain.timetable_end import told_of_end
from vehicle_occupancy.storage import forecast_settings, timetable_versions

router = APIRouter(include_in_schema=False)
MOST_ADVISED = 500
REACH = timedelta(days=400)
REFUSALS = {
    "weg": (
        "Nicht festgehalten: Diese Spitze oder dieser Eintrag steht nicht mehr in der Liste.",
        "Not recorded: this peak or entry is not in the list any more.",
    ),
    "fahrt": (
        "Nicht festgehalten: Diese Fahrt fährt an dem Tag nicht.",
        "Not recorded: this trip does not run on that day.",
    ),
    "gemessen": (
        "Die Spitze ist schon ausgewertet: daran ändert sich nichts mehr.",
        "The peak was measured already: nothing changes any more.",
    ),
    "unlesbar": (
        "Nicht festgehalten: Bitte wählen Sie, was veranlasst wurde.",
        "Not recorded: please choose what was done.",
    ),
}
NO_DAY = (
    "Diesen Tag gibt es hier nicht: Gezeigt wird heute.",
    "There is no such day here: this is today.",
)


@router.get(HOME)
async def desk(request: Request, tag: str = "", hinweis: str = "") -> Response:
    """Show a day to who is logged in, the entrance to everybody else."""
    visit = await visit_of(request)
    if visit is None:
        return sent_to(request, ROOMS.entrance)
    now = utc_now()
    database: Database = request.app.state.database
    async with database.connection() as connection:
        settings = await forecast_settings.read(connection)
        today = forecast_settings.local_day(settings, now)
        asked = _day_asked(tag, today) if tag else today
        wanted = asked or today
        views, untold = await told_of_day(connection, wanted, now)
        runs = await timetable_versions.runs_on(connection, wanted)
        spans = await timetable_versions.spans(connection)
        ending = told_of_end(spans, wanted, today, runs=runs)
        comfort = await lines_comfort(request.app, connection, today)
    day = Day(
        wanted, today, now, ZoneInfo(settings.timezone),
        shown=await _shown(database, wanted, today, now, views),
        untold=untold,
        ending=ending,
        comfort=comfort,
    )  # fmt: skip
    said = REFUSALS.get(hinweis) or (NO_DAY if asked is None else None)
    return answer_of(day_page(request, day, visit, said))


def _day_asked(tag: str, today: date) -> date | None:
    """Return the day that an address names; none that is no day, or far away."""
    try:
        asked = date.fromisoformat(tag)
    except ValueError:
        return None
    return asked if abs(asked - today) <= REACH else None


async def _shown(
    database: Database, wanted: date, today: date, now: datetime, views: list[PeakView]
) -> list[Shown]:
    """Return peaks with what can still be done about each."""
    options = {}
    if wanted >= today:
        advised = await advice_of(database, wanted, now, MOST_ADVISED)
        options = {each.peak_id: each.options for each in advised.items}
    return [
        Shown(
            _mark(each.peak_id),
            each,
            options.get(each.peak_id, []),
            is_over=not each.is_to_come,
        )
        for each in views
    ]


def _mark(peak_id: str) -> str:
    """Return a name for a place on the page: ids of trips may hold anything."""
    return f"p{blake2b(peak_id.encode(), digest_size=8).hexdigest()}"


@router.post(f"{HOME}/festhalten")
async def keep(request: Request) -> Response:
    """Record what was done about a peak, as `POST /v1/peaks/{id}/actions` does."""
    visit, form = await _writing(request)
    if visit is None:
        return sent_to(request, ROOMS.entrance)
    kind, _, trip_id = form.get("chosen", "").partition(" ")
    back = {"tag": _day_in(form)}
    try:
        body = ActionBody.model_validate(
            {"kind": kind, "trip_id": trip_id or None, "note": form.get("note", "")}
        )
    except ValidationError:
        return sent_to(request, HOME, **back, hinweis="unlesbar")
    database: Database = request.app.state.database
    peak_id = form.get("peak_id", "")
    try:
        async with database.transaction() as connection:
            await record(connection, peak_id, body, visit.principal)
    except NotFound:
        return sent_to(request, HOME, **back, hinweis="weg")
    except UnknownTrip:
        return sent_to(request, HOME, **back, hinweis="fahrt")
    return _at_peak(request, peak_id, back)


@router.post(f"{HOME}/zuruecknehmen")
async def undo(request: Request) -> Response:
    """Take back what was recorded, as `DELETE /v1/peaks/{id}/actions/{action_id}` does."""
    visit, form = await _writing(request)
    if visit is None:
        return sent_to(request, ROOMS.entrance)
    peak_id, number = form.get("peak_id", ""), form.get("action_id", "")
    back = {"tag": _day_in(form)}
    if not (number.isascii() and number.isdigit() and len(number) < len("9223372036854775807")):
        return sent_to(request, HOME, **back, hinweis="weg")
    database: Database = request.app.state.database
    try:
        async with database.transaction() as connection:
            await take_back(connection, peak_id, int(number), visit.principal)
    except NotFound:
        return sent_to(request, HOME, **back, hinweis="weg")
    except AlreadyMeasured:
        return sent_to(request, HOME, **back, hinweis="gemessen")
    return _at_peak(request, peak_id, back)


async def _writing(request: Request) -> tuple[Visit | None, dict[str, str]]:
    """Return who sent which form; raises FormForged for one that is not of a page of theirs."""
    form = {name: text.replace("\0", "") for name, text in (await form_of(request)).items()}
    visit = await visit_of(request)
    if visit is not None and not (records(visit) and visit.session.owns(form.get("form_token"))):
        raise FormForged
    return visit, form


def _day_in(form: dict[str, str]) -> str:
    """Return the day to come back to; none that is not a day."""
    try:
        return date.fromisoformat(form.get("tag", "")).isoformat()
    except ValueError:
        return ""


def _at_peak(request: Request, peak_id: str, back: dict[str, str]) -> Response:
    answer = sent_to(request, HOME, **back)
    answer.headers["location"] += f"#{_mark(peak_id)}"
    return answer
