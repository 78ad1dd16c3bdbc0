# SPDX-License-Identifier: EUPL-1.2
"""Loads on departure as stops were counted, for the history that forecasts are learned from."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple

_COUNTED = """
select v.trip_id, v.call_index, coalesce(v.load_reconciled, v.load), v.vehicle_id, v.simulated,
       c.seats, c.standing, v.departed_at
  from stop_visit v left join vehicle c using (vehicle_id)
 where v.start_date = $1
   and ($2::timestamptz is null
        or v.trip_id in (select trip_id from stop_visit
                          where start_date = $1 and computed_at >= $2))
 order by v.trip_id, v.call_index, v.vehicle_id
"""


class Counted(NamedTuple):
    """A stop of a trip as it was counted in one vehicle, made to add up once the trip is over.

    Places are of the vehicle, null once it is unknown.
    """

    trip_id: str
    call_index: int
    load: float | None
    vehicle_id: str
    simulated: bool
    seats: int | None
    standing: int | None
    departed_at: datetime


async def counted(connection: Any, day: date, *, since: datetime | None = None) -> list[Counted]:
    """Return the counted stops of a service day, trip by trip in order, vehicle by vehicle.

    With `since` only trips of which something was counted from then on, but all of their stops.
    """
    rows = await connection.fetch(_COUNTED, f"{day:%Y%m%d}", since)
    return [Counted(*row) for row in rows]
