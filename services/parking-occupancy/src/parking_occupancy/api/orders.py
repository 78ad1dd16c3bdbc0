# SPDX-License-Identifier: EUPL-1.2
"""What operators order: control, override and opening, bays out of service; audit trail and undo."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from parking_occupancy import wire
from parking_occupancy.api.present import PresentBoard
from parking_occupancy.api.texts import Showable
from parking_occupancy.board import Board
from parking_occupancy.domain.balance import Anchor, Cause
from parking_occupancy.domain.bay import BayReport
from parking_occupancy.domain.orders import Control
from parking_occupancy.entity import Entity
from parking_occupancy.keeper import Keeper
from parking_occupancy.storage import orders as storage
from parking_occupancy.storage.orders import EntityKind, Given, Name, Order, Target
from stadttakt_messages.base import LotId, SignId, UtcTime
from stadttakt_messages.states import LotState, SignState, SiteStatus
from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.model import WriteModel
from stadttakt_runtime.http.paging import (
    HIGHEST_NUMBER,
    Cursor,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
)
from stadttakt_runtime.http.parameters import made_of
from stadttakt_runtime.http.problem import Conflict, NotFound, Unavailable, ValidationFailed

router = APIRouter(prefix="/v1", tags=["operators"])

LONGEST = timedelta(days=366)
MAX_FREE = 100_000


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("control characters cannot be kept")
    return text


Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=500),
    AfterValidator(_printable),
]
Operator = Annotated[Principal, require("parking:operate")]
SignIdPath = Annotated[str, Path(max_length=128)]


class Ordered(WriteModel):
    """Something ordered, and why."""

    reason: Reason


class ControlBody(Ordered):
    """A controller's mode; `offset` is added to the vacant places before they are shown."""

    control: Control
    offset: Annotated[int, Field(ge=-10_000, le=10_000)] = 0


class OverrideBody(Ordered):
    """What a sign says by hand, and until when (sign rule 8)."""

    state: SiteStatus
    text: Showable
    free: Annotated[int, Field(ge=0, le=MAX_FREE)] | None = None
    expires_at: UtcTime

    @model_validator(mode="after")
    def _number_only_with_a_count(self) -> Self:
        if self.free is not None and self.state in (SiteStatus.CLOSED, SiteStatus.UNKNOWN):
            raise ValueError(f"a sign that is {self.state} has no number")
        if self.free and self.state is SiteStatus.FULL:
            raise ValueError("a sign that is full has no vacant places")
        return self


class OpeningBody(Ordered):
    """A lot is open or closed whatever its opening hours say; `auto` takes that back."""

    opening: Literal["open", "closed", "auto"]
    expires_at: UtcTime | None = None


class UndoBody(Ordered):
    """Why an order is taken back."""


class OrderView(BaseModel):
    """One order: who (key or subject, no name), when, why, what, until when."""

    order_id: int
    entity: str
    name: Name
    value: dict[str, Any] | None = Field(description="null: taken back")
    expires_at: datetime | None
    reason: str
    author: str
    given_at: datetime
    undoes: int | None


class _Before(BaseModel):
    order_id: Annotated[int, Field(ge=0, le=HIGHEST_NUMBER)]


async def keeper_of(request: Request) -> Keeper:
    """Return the writer of states; raises Unavailable until the state is loaded."""
    keeper: Keeper | None = getattr(request.app.state, "keeper", None)
    if keeper is None:
        raise Unavailable("the state is not loaded yet")
    return keeper


class Desk:
    """Where orders are given: stored, then shown before the answer."""

    def __init__(
        self, request: Request, board: PresentBoard, keeper: Annotated[Keeper, Depends(keeper_of)]
    ) -> None:
        self._database: Database = request.app.state.database
        self._board: Board = board
        self._keeper = keeper

    async def place(
        self,
        target: Target,
        value: Mapping[str, Any] | None,
        *,
        reason: str,
        author: Principal,
        until: datetime | None = None,
    ) -> Response:
        """Store an order about something that exists and answer with what it shows now.

        Without a value it takes back what is ordered; asked for again, that changes nothing.
        """
        now = utc_now()
        report = self._board.report(Entity(target.kind, target.id))
        # Of a person's bay nothing is told, to operators neither: the answer would show its state.
        if report is None or (isinstance(report, BayReport) and report.bay.personal):
            raise NotFound(f"there is no {target.kind} {target.id}")
        if until is not None and not now < until <= now + LONGEST:
            raise _out_of_range("expires_at", "must lie in the future, at most a year ahead")
        given = Given(reason, str(author), now)
        async with self._database.transaction() as connection:
            if value is None:
                await storage.take_back(connection, target, given)
            else:
                await storage.place(connection, target, value, given, until=until)
        return await self.show(target)

    def refuse_more_than_fits(self, sign_id: str, free: int | None) -> None:
        """Raise a 422 problem where a sign's lot has not so many places."""
        sign = self._board.city.signs.get(SignId(sign_id))
        capacity = self._board.city.lots[sign.lot_id].capacity if sign else None
        if free is not None and capacity is not None and free > capacity:
            raise _out_of_range("free", f"the car park has {capacity} places")

    def refuse_longer_than_fits(self, sign_id: str, text: str) -> None:
        """Raise a 422 problem where a sign cannot show a text as a whole."""
        sign = self._board.city.signs.get(SignId(sign_id))
        most = sign.max_characters if sign else None
        if most is not None and len(text) > most:
            raise _out_of_range("text", f"the sign shows {most} characters, not {len(text)}")

    async def undo(self, order_id: int, *, reason: str, author: Principal) -> Order:
        """Restore what was in force before an order, if nothing was ordered since."""
        given = Given(reason, str(author), utc_now())
        async with self._database.transaction() as connection:
            order, before = await _newest(connection, order_id)
            if order.target.name != "count":
                undone = await storage.place(
                    connection,
                    order.target,
                    before.value if before else None,
                    given,
                    until=before.until if before else None,
                    undoes=order_id,
                )
        if order.target.name == "count":
            return await self._undo_reset(order, given)
        await self._keeper.reload_configuration()
        return undone

    async def _undo_reset(self, order: Order, given: Given) -> Order:
        """Count as if a reset had never been: the one before holds again by itself."""
        if order.value is None:
            raise Conflict("the undo of a reset cannot be undone; reset the count anew")
        inside, at = order.value["occupied"], datetime.fromisoformat(order.value["at"])
        anchor = Anchor(
            order.value["anchor_id"], LotId(order.target.id), at, Cause.OPERATOR, inside, inside
        )

        async def record(connection: Any) -> None:
            await storage.place_once(connection, order.target, None, given, undoes=order.order_id)

        await self._keeper.take_back(anchor, record)
        async with self._database.transaction() as connection:
            return (await storage.newest_two(connection, order.target))[0]

    async def show(self, target: Target) -> Response:
        """Answer with what the target shows now."""
        await self._keeper.reload_configuration()
        entity = Entity(target.kind, target.id)
        report = self._board.report(entity)
        if report is None:
            raise NotFound(f"there is no {target.kind} {target.id}")
        body = wire.body(report, self._board.mark(entity).version, self._board.signatures)
        return Response(body, media_type="application/json")


async def _newest(connection: Any, order_id: int) -> tuple[Order, Order | None]:
    """Return an order and the one before it, if nothing was ordered since."""
    order = await storage.get(connection, order_id)
    if order is None:
        raise NotFound(f"there is no order {order_id}")
    newest = await storage.newest_two(connection, order.target)
    if newest[0].order_id != order_id:
        raise Conflict(f"order {newest[0].order_id} has taken its place")
    return order, newest[1] if len(newest) > 1 else None


def _out_of_range(field: str, detail: str) -> ValidationFailed:
    return ValidationFailed(
        [{"in": "body", "field": field, "detail": detail, "code": "out_of_range"}]
    )


AtDesk = Annotated[Desk, made_of(Desk)]


@router.put("/signs/{sign_id}/control", response_model=SignState)
async def set_control(
    desk: AtDesk, operator: Operator, sign_id: SignIdPath, body: ControlBody
) -> Response:
    """Set the mode of a sign's controller; it holds until another one is set."""
    value = {"control": body.control.value, "offset": body.offset}
    target = Target("sign", sign_id, "control")
    return await desk.place(target, value, reason=body.reason, author=operator)


@router.put("/signs/{sign_id}/override", response_model=SignState)
async def set_override(
    desk: AtDesk, operator: Operator, sign_id: SignIdPath, body: OverrideBody
) -> Response:
    """Let a sign say something by hand until it expires; shown as `overridden`, without author."""
    desk.refuse_more_than_fits(sign_id, body.free)
    desk.refuse_longer_than_fits(sign_id, body.text)
    value = {"state": body.state.value, "text": body.text, "free": body.free}
    target = Target("sign", sign_id, "override")
    return await desk.place(
        target, value, reason=body.reason, author=operator, until=body.expires_at
    )


@router.delete("/signs/{sign_id}/override", response_model=SignState)
async def end_override(
    desk: AtDesk,
    operator: Operator,
    sign_id: SignIdPath,
    reason: Annotated[Reason, Query()] = "ended before its time",
) -> Response:
    """Let a sign follow its mode and count again; where nothing is said by hand nothing changes."""
    target = Target("sign", sign_id, "override")
    return await desk.place(target, None, reason=reason, author=operator)


@router.put("/lots/{lot_id}/opening", response_model=LotState)
async def set_opening(
    desk: AtDesk, operator: Operator, lot_id: SignIdPath, body: OpeningBody
) -> Response:
    """Close or open a lot by hand."""
    value = None if body.opening == "auto" else {"opening": body.opening}
    target = Target("lot", lot_id, "opening")
    return await desk.place(
        target, value, reason=body.reason, author=operator, until=body.expires_at
    )


@router.get("/orders", dependencies=[require("parking:operate")])
async def list_orders(
    request: Request,
    kind: EntityKind | None = None,
    entity_id: Annotated[str | None, Query(max_length=128, pattern=r"^[^\x00]*$")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[OrderView]:
    """List the orders of operators, the newest first: the audit trail."""
    position = decode_cursor(cursor, _Before)
    before = position.order_id if position else HIGHEST_NUMBER
    database: Database = request.app.state.database
    async with database.connection() as connection:
        found = await storage.list_orders(
            connection, kind=kind, entity_id=entity_id, before=before, limit=limit + 1
        )
    items = [view(order) for order in found[:limit]]
    more = len(found) > limit
    last = encode_cursor(_Before(order_id=items[-1].order_id)) if more else None
    return Page(items=items, next_cursor=last)


@router.post("/orders/{order_id}:undo")
async def undo_order(
    desk: AtDesk,
    operator: Operator,
    order_id: Annotated[int, Path(ge=1, le=HIGHEST_NUMBER)],
    body: UndoBody,
) -> OrderView:
    """Restore what was in force before an order; 409 where another one has taken its place."""
    return view(await desk.undo(order_id, reason=body.reason, author=operator))


def view(order: Order) -> OrderView:
    """Return an order as it is answered."""
    return OrderView(
        order_id=order.order_id,
        entity=f"{order.target.kind}/{order.target.id}",
        name=order.target.name,
        value=None if order.value is None else dict(order.value),
        expires_at=order.until,
        reason=order.reason,
        author=order.author,
        given_at=order.given_at,
        undoes=order.undoes,
    )
