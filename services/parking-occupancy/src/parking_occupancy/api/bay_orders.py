# SPDX-License-Identifier: EUPL-1.2
"""What operators order of bays: out of service, reserved; now or planned, within a year."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query, Response
from pydantic import Field, model_validator

from parking_occupancy.api.orders import AtDesk, Operator, Ordered, Reason, SignIdPath
from parking_occupancy.storage.orders import Target
from stadttakt_messages.base import UtcTime
from stadttakt_messages.states import BayState

router = APIRouter(prefix="/v1/bays", tags=["operators"])


class ServiceBody(Ordered):
    """A bay is out of service (building site, event), at once or from a time, or back in it."""

    in_service: bool
    begin: Annotated[UtcTime | None, Field(alias="from")] = None
    expires_at: UtcTime | None = None

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.in_service and self.begin is not None:
            raise ValueError("back in service is at once: from has no place here")
        _check_order(self.begin, self.expires_at)
        return self


class ReservationBody(Ordered):
    """A bay is kept for somebody, at once or from a time, until a time."""

    begin: Annotated[UtcTime | None, Field(alias="from")] = None
    until: UtcTime

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        _check_order(self.begin, self.until)
        return self


def _check_order(begin: datetime | None, end: datetime | None) -> None:
    if begin is not None and end is not None and end <= begin:
        raise ValueError("must end after it begins")


def _planned(begin: datetime | None) -> dict[str, str]:
    return {} if begin is None else {"from": begin.isoformat()}


@router.put("/{bay_id}/service", response_model=BayState)
async def set_service(
    desk: AtDesk, operator: Operator, bay_id: SignIdPath, body: ServiceBody
) -> Response:
    """Take a bay out of service, now or in a planned window, or back into it."""
    value = None if body.in_service else {"in_service": False, **_planned(body.begin)}
    target = Target("bay", bay_id, "service")
    return await desk.place(
        target, value, reason=body.reason, author=operator, until=body.expires_at
    )


@router.put("/{bay_id}/reservation", response_model=BayState)
async def set_reservation(
    desk: AtDesk, operator: Operator, bay_id: SignIdPath, body: ReservationBody
) -> Response:
    """Reserve a bay: the public counts it as out of service; takes the place of one before."""
    target = Target("bay", bay_id, "reservation")
    return await desk.place(
        target, _planned(body.begin), reason=body.reason, author=operator, until=body.until
    )


@router.delete("/{bay_id}/reservation", response_model=BayState)
async def end_reservation(
    desk: AtDesk,
    operator: Operator,
    bay_id: SignIdPath,
    reason: Annotated[Reason, Query()] = "ended before its time",
) -> Response:
    """Give a reserved bay back to everybody."""
    target = Target("bay", bay_id, "reservation")
    return await desk.place(target, None, reason=reason, author=operator)
