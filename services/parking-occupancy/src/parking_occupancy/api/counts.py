# SPDX-License-Identifier: EUPL-1.2
"""Counts at gates: resets by operators, and how far counts had drifted."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from parking_occupancy.api.history import Time
from parking_occupancy.api.orders import (
    Operator,
    OrderView,
    Reason,
    SignIdPath,
    keeper_of,
    view,
)
from parking_occupancy.api.present import PresentBoard
from parking_occupancy.domain.balance import Anchor, Balancing, Cause
from parking_occupancy.domain.gate import GateKind
from parking_occupancy.domain.miscount import Share, fitted
from parking_occupancy.keeper import Keeper
from parking_occupancy.storage import drift
from parking_occupancy.storage import orders as storage
from parking_occupancy.storage.orders import Given, Target
from stadttakt_messages.base import LotId, UtcTime
from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.idempotency import Idempotent, Once
from stadttakt_runtime.http.model import WriteModel
from stadttakt_runtime.http.paging import Cursor, Limit, Page, decode_cursor, encode_cursor
from stadttakt_runtime.http.problem import Conflict, NotFound, ValidationFailed

router = APIRouter(prefix="/v1", tags=["counts"])

OLDEST_RESET = timedelta(days=31)
LONGEST_DRIFT = timedelta(days=400)
WEEK = timedelta(days=7)
MAX_INSIDE = 100_000

AtKeeper = Annotated[Keeper, Depends(keeper_of)]


class ResetBody(WriteModel):
    """How many vehicles were in the whole lot, on whatever bays, at a time (default: now)."""

    occupied: Annotated[int, Field(ge=0, le=MAX_INSIDE)]
    at: UtcTime | None = None
    reason: Reason


class CorrectionView(BaseModel):
    """The count was moved by `amount` vehicles; `ref` is the event or anchor that showed it."""

    at: datetime
    cause: Cause
    amount: int
    gate: str | None
    ref: str
    drift: bool = Field(
        description="whether gates were wrong: false where the count had gone on from an estimate"
    )


class DriftDay(BaseModel):
    """The corrections of one day of the city's calendar, in vehicles."""

    day: date
    net: int
    vehicles: int = Field(description="sum of the sizes of all corrections")
    drifted: int = Field(description="of these, what gates got wrong: what the alert counts")
    corrections: int
    by_cause: dict[str, int] = Field(description="net, by cause")


class ShareView(BaseModel):
    """Vehicles counted too many per vehicle, as learned from resets, and the standard deviation."""

    mean: float
    deviation: float


class GateView(BaseModel):
    """One gate and what is known of its errors."""

    gate: str
    kind: GateKind
    heard_at: datetime | None
    excess_in: ShareView
    excess_out: ShareView


class Drift(BaseModel):
    """How far the count of a lot had drifted, day by day, and what that taught of its gates."""

    lot_id: str
    timezone: str
    drift_limit: int
    anchored_at: datetime | None
    anchored_by: Cause | None
    deviation: float = Field(description="standard deviation of the present count, in vehicles")
    resets: int
    items: list[DriftDay]
    gates: list[GateView]


class _Place(BaseModel):
    at: UtcTime
    ref: str
    cause: Cause


class _RepeatedError(Exception):
    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


def _rules(board: PresentBoard, lot_id: str) -> Balancing:
    lot = board.city.lots.get(LotId(lot_id))
    if lot is None:
        raise NotFound(f"there is no lot {lot_id}")
    if lot.balancing is None:
        raise Conflict(f"lot {lot_id} is counted by the sensors of its bays alone")
    return lot.balancing


async def _stretch(
    start: Annotated[Time | None, Query(alias="from", description="inclusive")] = None,
    end: Annotated[Time | None, Query(alias="to", description="exclusive")] = None,
) -> tuple[datetime, datetime]:
    until = end or (start + WEEK if start else utc_now())
    since = start or until - WEEK
    if since >= until:
        raise _wrong("from", "must lie before `to`", where="query")
    if until - since > LONGEST_DRIFT:
        raise _wrong("from", f"at most {LONGEST_DRIFT.days} days at once", where="query")
    return since, until


Stretch = Annotated[tuple[datetime, datetime], Depends(_stretch)]
"""From one time to before another; without times the last seven days."""


@router.post("/lots/{lot_id}/count-reset", status_code=201, response_model=OrderView)
async def reset_count(
    board: PresentBoard,
    keeper: AtKeeper,
    operator: Operator,
    lot_id: SignIdPath,
    body: ResetBody,
    once: Idempotent,
) -> Response:
    """Say how many vehicles are in a lot; answers with the order, which can be undone."""
    rules, now = _rules(board, lot_id), utc_now()
    at = body.at or now
    if body.occupied > rules.most:
        raise _wrong("occupied", f"at most {rules.most} vehicles can be inside")
    if not now - OLDEST_RESET <= at <= now:
        raise _wrong("at", "must lie within the last 31 days")
    anchor_id = f"operator-{uuid.uuid4()}"
    value = {"occupied": body.occupied, "at": at.isoformat(), "anchor_id": anchor_id}
    target, given = Target("lot", lot_id, "count"), Given(body.reason, str(operator), now)
    answers: list[Response] = []

    async def record(connection: Any) -> None:
        answers.append(await _placed(connection, once, target, value, given))

    anchor = Anchor(anchor_id, LotId(lot_id), at, Cause.OPERATOR, body.occupied, body.occupied)
    try:
        await keeper.reset_count(anchor, record)
    except _RepeatedError as repeated:
        return repeated.answer
    return answers[-1]


async def _placed(
    connection: Any, once: Once, target: Target, value: Mapping[str, Any], given: Given
) -> Response:
    """Store the order once; a repetition of the request is answered as the first time."""
    order = await storage.place_once(connection, target, value, given)
    repeated = await once.recall(connection)
    if repeated is not None and order is not None:
        raise _RepeatedError(repeated)
    if order is None:
        # This transaction's own first try was committed, and its answer was lost.
        order = (await storage.newest_two(connection, target))[0]
    return await once.answer(connection, view(order), 201)


@router.get("/lots/{lot_id}/drift", dependencies=[require("parking:operate")])
async def lot_drift(
    request: Request,
    board: PresentBoard,
    lot_id: SignIdPath,
    stretch: Stretch,
) -> Drift:
    """Days without a correction are left out. Without times: the last seven days."""
    rules = _rules(board, lot_id)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        found = await drift.by_day(connection, lot_id, *stretch, rules.timezone)
    days: dict[date, list[drift.DayCause]] = {}
    for each in found:
        days.setdefault(each.day, []).append(each)
    balance = board.balances[LotId(lot_id)]
    known = fitted(balance.miscounts, list(rules.gates.values()))
    return Drift(
        lot_id=lot_id,
        timezone=rules.timezone,
        drift_limit=rules.drift_limit,
        anchored_at=balance.anchored_at,
        anchored_by=balance.anchored_by,
        deviation=round(balance.deviation(rules), 3),
        resets=known.resets,
        items=[_day(day, causes) for day, causes in days.items()],
        gates=[
            GateView(
                gate=name,
                kind=gate.kind,
                heard_at=balance.gates[name].heard_at if name in balance.gates else None,
                excess_in=_share(known.of_gate(name)[0]),
                excess_out=_share(known.of_gate(name)[1]),
            )
            for name, gate in sorted(rules.gates.items())
        ],
    )


@router.get("/lots/{lot_id}/corrections", dependencies=[require("parking:operate")])
async def lot_corrections(
    request: Request,
    board: PresentBoard,
    lot_id: SignIdPath,
    stretch: Stretch,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[CorrectionView]:
    """List each time that the count was moved, the oldest first."""
    _rules(board, lot_id)
    place = decode_cursor(cursor, _Place)
    after = (place.at, place.ref, place.cause.value) if place else None
    database: Database = request.app.state.database
    async with database.connection() as connection:
        found = await drift.rows(connection, lot_id, *stretch, after=after, limit=limit + 1)
    items = [CorrectionView(**each._asdict()) for each in found[:limit]]
    last = items[-1] if len(found) > limit else None
    following = encode_cursor(_Place(at=last.at, ref=last.ref, cause=last.cause)) if last else None
    return Page(items=items, next_cursor=following)


def _day(day: date, causes: list[drift.DayCause]) -> DriftDay:
    return DriftDay(
        day=day,
        net=sum(each.net for each in causes),
        vehicles=sum(each.vehicles for each in causes),
        drifted=sum(each.drifted for each in causes),
        corrections=sum(each.corrections for each in causes),
        by_cause={each.cause.value: each.net for each in causes},
    )


def _share(share: Share) -> ShareView:
    return ShareView(mean=round(share.mean, 5), deviation=round(share.deviation, 5))


def _wrong(field: str, detail: str, *, where: str = "body") -> ValidationFailed:
    return ValidationFailed(
        [{"in": where, "field": field, "detail": detail, "code": "out_of_range"}]
    )
