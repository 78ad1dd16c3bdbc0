# SPDX-License-Identifier: EUPL-1.2
"""The service's answers and its forecaster, without its broker; time is the test's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from fastapi import FastAPI

from stadttakt_runtime.database import Database
from support.counted_town import LINE
from vehicle_occupancy.domain.forecast.past import TripLoad
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.forecasting.forecaster import Forecaster
from vehicle_occupancy.storage import forecast_history


@dataclass
class Desk:
    """The service's answers and its forecaster, without its broker; time is the test's."""

    client: httpx.AsyncClient
    database: Database
    forecaster: Forecaster
    today: ServiceDay
    reader: dict[str, str]
    publication_key: bytes
    app: FastAPI

    def at(self, minute: float, days: int = 0) -> datetime:
        return self.today.next(days).at(int(60 * minute))

    async def get(self, path: str, *, code: int = 200, key: bool = True, **query: Any) -> Any:
        headers = self.reader if key else {}
        answer = await self.client.get(path, params=query, headers=headers)
        assert answer.status_code == code, answer.text
        return answer.json()

    async def store(self, told: list[TripLoad]) -> None:
        await self.database.persist(lambda c: forecast_history.store(c, told))

    async def trip(self, begin: int, *, key: bool = True) -> dict[str, Any]:
        since = self.at(begin - 1).isoformat()
        found = await self.get(
            "/v1/forecast",
            key=key,
            line=LINE,
            **{"from": since, "to": self.at(begin + 30).isoformat()},
        )
        (trip,) = [each for each in found["items"] if each["trip_id"] == f"out-{begin}"]
        return dict(trip)

    async def peaks(self) -> list[dict[str, Any]]:
        period = {"from": self.at(0).isoformat(), "to": self.at(1500).isoformat()}
        return list((await self.get("/v1/peaks", **period))["items"])
