# SPDX-License-Identifier: EUPL-1.2
"""The report of an acceptance test as JSON; what is stored and what pages are made of."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, computed_field

from vehicle_occupancy.domain.acceptance import Direction, Equivalence, Interval, Report, Verdict

METHOD = (
    "VDV 457 v2.1 (04/2018): equivalence test; Siebert and Ellenberger,"
    " Transportation 47 (2020) 3031-3045"
)


class IntervalView(BaseModel):
    """Relative to what was counted manually: 0.01 is 1 %."""

    bias: float
    deviation: float = Field(description="standard deviation of the door events' deviations")
    low: float
    high: float
    p_value: float = Field(description="of the two one-sided tests")
    p_difference: float = Field(
        description="of the t-test that VDV 457 no longer recommends; decides nothing here"
    )


class EquivalenceView(BaseModel):
    """One direction; `interval` is null where there is nothing to test."""

    events: int
    missing: int = Field(description="door events without an automatic count, left out")
    manual: int
    automatic: int
    exact_share: float | None
    interval: IntervalView | None
    verdict: Verdict
    needed: int | None = Field(
        description="door events that an unbiased system passes with a probability of 90 %"
    )


class ResultView(BaseModel):
    """Boardings and alightings; reports that were stored before `accepted` was told have it too."""

    boarding: EquivalenceView
    alighting: EquivalenceView

    @computed_field(description="both are equivalent")  # type: ignore[prop-decorator]
    @property
    def accepted(self) -> bool:
        """Return whether both are equivalent."""
        verdicts = {self.boarding.verdict, self.alighting.verdict}
        return verdicts == {Verdict.EQUIVALENT}


class VehicleView(ResultView):
    """One vehicle."""

    vehicle_id: str


class ReportView(BaseModel):
    """A test of one counting system: accepted where both directions of all vehicles together pass.

    Each vehicle has its own `accepted`; one alone seldom has the events for it.
    """

    method: str = METHOD
    margin: float
    confidence: float
    accepted: bool
    whole: ResultView
    vehicles: list[VehicleView]


class AcceptanceView(BaseModel):
    """A stored report."""

    acceptance_id: int
    label: str
    tested_at: datetime
    author: Annotated[str, Field(description="key or subject, no name")]
    report: ReportView


def report_view(report: Report) -> ReportView:
    """Return a report as it is stored and answered."""
    return ReportView(
        margin=report.terms.margin,
        confidence=report.terms.confidence,
        accepted=report.accepted,
        whole=ResultView(**_both(report.whole)),
        vehicles=[
            VehicleView(vehicle_id=vehicle, **_both(result))
            for vehicle, result in report.vehicles.items()
        ],
    )


def _both(result: dict[Direction, Equivalence]) -> dict[str, EquivalenceView]:
    return {way.value: _view(found) for way, found in result.items()}


def _view(found: Equivalence) -> EquivalenceView:
    return EquivalenceView(
        events=found.events,
        missing=found.missing,
        manual=found.manual,
        automatic=found.automatic,
        exact_share=found.exact_share,
        interval=None if found.interval is None else _interval(found.interval),
        verdict=found.verdict,
        needed=found.needed,
    )


def _interval(interval: Interval) -> IntervalView:
    return IntervalView(
        bias=interval.bias,
        deviation=interval.deviation,
        low=interval.low,
        high=interval.high,
        p_value=interval.p_value,
        p_difference=interval.p_difference,
    )
