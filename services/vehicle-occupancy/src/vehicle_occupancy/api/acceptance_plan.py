# SPDX-License-Identifier: EUPL-1.2
"""How many door events an acceptance test takes."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from stadttakt_runtime.auth.dependencies import require
from vehicle_occupancy.api.acceptance_parameters import Confidence, Margin
from vehicle_occupancy.domain.acceptance_power import events_needed

router = APIRouter(prefix="/v1", tags=["acceptance of counting systems"])


class PlanView(BaseModel):
    """How many door events it takes."""

    door_events: int | None = Field(description="null: no feasible number")


@router.get("/acceptance-plan", dependencies=[require("transit:read")])
async def plan(
    deviation_percent: Annotated[
        float, Query(ge=0, le=1000, description="standard deviation of door events' deviations")
    ],
    *,
    bias_percent: Annotated[float, Query(ge=-50, le=50, description="true bias")] = 0.0,
    power_percent: Annotated[float, Query(ge=1, le=99.9, description="to pass")] = 90.0,
    margin_percent: Margin = 1.0,
    confidence_percent: Confidence = 95.0,
) -> PlanView:
    """Tell how many door events a system passes with a probability."""
    needed = await asyncio.to_thread(
        events_needed,
        deviation_percent / 100,
        margin=margin_percent / 100,
        confidence=confidence_percent / 100,
        power=power_percent / 100,
        bias=bias_percent / 100,
    )
    return PlanView(door_events=needed)
