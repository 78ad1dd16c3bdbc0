# SPDX-License-Identifier: EUPL-1.2
"""What a lot will be: forecasts with intervals, and how good they were."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from parking_occupancy.api.documents import UNCHANGED, UNKNOWN_ID
from parking_occupancy.api.present import PresentBoard
from parking_occupancy.board import Board
from parking_occupancy.domain.forecast.telling import (
    HOLDS,
    SKILL_OVER,
    WORDS,
    Reason,
    Skill,
    Source,
    Stored,
    Told,
    known_skills,
    tell,
)
from parking_occupancy.storage import forecast_scores, forecasts
from stadttakt_messages.base import LotId
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.problem import NotFound, ValidationFailed

router = APIRouter(prefix="/v1/lots", tags=["forecasts"])

SHORTEST_MIN, FURTHEST_MIN = 15, 240
LOOKED_BACK = timedelta(hours=1)
MOST_DAYS = 92
CACHE = {"cache-control": "public, max-age=30"}


class ForecastItem(BaseModel):
    """What is expected at one time; with 80 % probability it lies from `p10` to `p90`."""

    at: datetime
    horizon_min: int
    free: int
    p10: int
    p90: int


class Withheld(BaseModel):
    """Why there is no forecast: a code for programs, words for people."""

    code: Reason
    de: str
    en: str


class LeftOut(Withheld):
    """A horizon that is left out."""

    horizon_min: int


class HorizonSkill(BaseModel):
    """Mean absolute errors in places, of the forecast and of what it must beat."""

    horizon_min: int
    forecasts: int
    mae: float
    mae_persistence: float
    mae_seasonal_mean: float | None
    coverage: float = Field(description="how often the truth lay from p10 to p90; 0.8 is meant")
    source: Source = Field(
        default=Source.SCORED,
        description="`held_out`: not scored yet, but examined on weeks that were not learned from",
    )


class ForecastSkill(BaseModel):
    """How good the forecasts of the last days were, scored against what came; or the model is."""

    since: date
    horizons: list[HorizonSkill]


class Forecast(BaseModel):
    """A lot's forecast, of the general user group."""

    lot_id: str
    issued_at: datetime | None
    valid_until: datetime | None
    model: str | None
    items: list[ForecastItem]
    left_out: list[LeftOut] = Field(description="horizons that are not told, each with its reason")
    skill: ForecastSkill | None
    withheld: Withheld | None
    simulated: bool


class DayScore(HorizonSkill):
    """How good forecasts of one horizon were whose targets lay on one day of the city."""

    day: date
    width: float = Field(description="mean width of the interval in places")


class Scores(BaseModel):
    """Scores of a lot's forecasts, day by day."""

    lot_id: str
    items: list[DayScore]


@router.get(
    "/{lot_id}/forecast",
    summary="What a lot will be",
    response_model=Forecast,
    responses={**UNCHANGED, **UNKNOWN_ID},
)
async def lot_forecast(
    request: Request,
    board: PresentBoard,
    lot_id: str,
    horizon_min: Annotated[int, Query(ge=SHORTEST_MIN, le=FURTHEST_MIN)] = FURTHEST_MIN,
) -> Response:
    """Every quarter of an hour up to the horizon; withheld where it would mislead."""
    _known(board, lot_id)
    now = utc_now()
    since = (now - SKILL_OVER).date()
    database: Database = request.app.state.database
    async with database.connection() as connection:
        stored = await forecasts.newest(connection, lot_id, now - LOOKED_BACK)
        scored = await forecast_scores.skills(connection, lot_id, since)
        learned = await forecasts.newest_model(connection) is not None
    skills = known_skills(scored, request.app.state.forecast_checks.get(lot_id, ()))
    report = board.lots.get(LotId(lot_id))
    told = tell(
        stored,
        skills,
        learned=learned,
        openings=board.city.lots[LotId(lot_id)].openings,
        now=now,
        horizon_min=horizon_min,
    )
    simulated = report is not None and report.simulated
    body = _body(lot_id, stored, told, _skill(since, skills), simulated=simulated)
    return respond(
        request,
        body.model_dump_json().encode(),
        last_modified=stored.issued_at if stored else now,
        headers=CACHE,
    )


@router.get(
    "/{lot_id}/forecast/scores", summary="How good a lot's forecasts were", responses=UNKNOWN_ID
)
async def lot_forecast_scores(
    request: Request,
    board: PresentBoard,
    lot_id: str,
    start: Annotated[date | None, Query(alias="from", description="inclusive")] = None,
    end: Annotated[date | None, Query(alias="to", description="exclusive")] = None,
) -> Scores:
    """Days are the city's, of the targets. Without dates: the last four weeks."""
    _known(board, lot_id)
    until = end or utc_now().date() + timedelta(days=1)
    since = start or max(until, date(1, 2, 1)) - timedelta(days=28)
    if not timedelta() < until - since <= timedelta(days=MOST_DAYS):
        raise ValidationFailed(
            [
                {
                    "in": "query",
                    "field": "from",
                    "detail": f"must lie before `to`, by at most {MOST_DAYS} days",
                    "code": "out_of_range",
                }
            ]
        )
    database: Database = request.app.state.database
    async with database.connection() as connection:
        found = await forecast_scores.of_lot(connection, lot_id, since, until)
    return Scores(lot_id=lot_id, items=[DayScore(**each._asdict()) for each in found])


def _known(board: Board, lot_id: str) -> None:
    if LotId(lot_id) not in board.city.lots:
        raise NotFound(f"there is no lot {lot_id}")


def _body(
    lot_id: str, stored: Stored | None, told: Told, skill: ForecastSkill | None, *, simulated: bool
) -> Forecast:
    return Forecast(
        lot_id=lot_id,
        issued_at=stored.issued_at if stored else None,
        valid_until=stored.issued_at + HOLDS if stored and told.items else None,
        model=stored.model if stored else None,
        items=[
            ForecastItem(
                at=item.at, horizon_min=item.horizon_min, free=item.free, p10=item.p10, p90=item.p90
            )
            for item in told.items
        ],
        left_out=[
            LeftOut(horizon_min=minutes, **_words(reason))
            for minutes, reason in told.left_out_min.items()
        ],
        skill=skill,
        withheld=Withheld(**_words(told.withheld)) if told.withheld else None,
        simulated=simulated,
    )


def _words(reason: Reason) -> dict[Literal["code", "de", "en"], str]:
    german, english = WORDS[reason]
    return {"code": reason, "de": german, "en": english}


def _skill(since: date, skills: Sequence[Skill]) -> ForecastSkill | None:
    if not skills:
        return None
    horizons = [
        HorizonSkill(
            horizon_min=skill.horizon_min,
            forecasts=skill.forecasts,
            mae=skill.mae,
            mae_persistence=skill.mae_persistence,
            mae_seasonal_mean=skill.mae_seasonal_mean,
            coverage=skill.coverage,
            source=skill.source,
        )
        for skill in skills
    ]
    return ForecastSkill(since=since, horizons=horizons)
