# SPDX-License-Identifier: EUPL-1.2
"""Peaks, options and outcomes as they are answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from stadttakt_messages.base import UtcTime
from stadttakt_runtime.http.model import WriteModel
from stadttakt_runtime.http.paging import Page
from vehicle_occupancy.api.polled import WithoutNul
from vehicle_occupancy.api.untold import UntoldLine
from vehicle_occupancy.domain.names import DayNames
from vehicle_occupancy.domain.peaks.option import Option, OptionKind
from vehicle_occupancy.domain.peaks.outcome import Outcome, Verdict
from vehicle_occupancy.domain.peaks.peak import Outlook, Peak
from vehicle_occupancy.domain.peaks.promise import Promise, effect_of, holding
from vehicle_occupancy.storage.peaks import Action, StoredPeak


class Section(BaseModel):
    """From which stop to which a trip is too full."""

    from_stop: str
    to_stop: str
    from_name: str = Field(description="the stop's name in the day's timetable, else its id")
    to_name: str = Field(description="likewise")


class TripView(BaseModel):
    """A trip as people know it."""

    line: str
    headsign: str
    from_name: str = Field(description="name of its first stop")
    leaves_at: datetime = Field(description="its first stop, as planned")


class PromiseView(BaseModel):
    """What advice expected of an action when it was recorded."""

    moved: int = Field(description="persons who were to be elsewhere at the fullest stop")
    load: float = Field(description="expected there without the action, as of then")
    limit_after: int = Field(description="comfort limit with the action, of a longer vehicle")
    probability: float
    probability_after: float
    excess: float
    excess_after: float
    trip_id: str | None = Field(description="of the option")
    low: float | None = Field(description="lower end of the 80 % interval of `load`")
    high: float | None = Field(description="upper end")


class ActionView(BaseModel):
    """What somebody did about a peak."""

    action_id: int
    kind: OptionKind | Literal["other"]
    trip_id: str | None
    trip: TripView | None = Field(description="null where the day's timetable does not know it")
    note: str
    author: str
    author_name: str | None = Field(description="label of the author's API key, if it was one")
    taken_at: datetime
    promise: PromiseView | None = Field(
        description="null where advice named no such option with this trip, or the peak was over"
    )


class ActedView(BaseModel):
    """What came of all that was done about a peak, beside what was expected of it."""

    expected_moved: int | None = Field(
        description="persons, all actions together; of one kind and trip the newest counts"
    )
    expected_load: float | None = Field(description="at the fullest stop, with the actions")
    moved: float | None = Field(
        description="expected load without them less the counted one, at the stop expected fullest"
    )
    moved_min: float | None = Field(
        description="the same for the lower end of the forecast's 80 % interval"
    )
    moved_max: float | None = Field(
        description="for the upper end; where zero lies between, it may be chance"
    )
    limit: int = Field(description="comfort limit that held, of a longer vehicle if there was one")
    capped: bool | None = Field(description="no more persons than that limit were counted")
    as_expected: bool | None = Field(
        description="at least as many moved as were to; null where nobody was to"
    )


class OutcomeView(BaseModel):
    """What became of a peak, beside what was expected and what is usual."""

    verdict: Verdict
    load: float | None
    excess: float | None
    below_forecast: float | None = Field(
        description="expected load less the one counted at the same stop"
    )
    usual_load: float | None = Field(
        description="the section's fullest moment on comparable days without an action, mean"
    )
    usual_days: int
    below_usual: float | None
    beyond_chance: bool | None = Field(
        description="outside the forecast's 80 % interval; says nothing of the cause"
    )
    at_worst: float | None = Field(description="counted where the peak was expected fullest")
    limit: int | None = Field(
        description="comfort limit of the vehicle that ran, which it was judged by; null: which one "
        "ran is not known, and it was judged by the expected one's"
    )
    measured_at: datetime
    acted: ActedView | None = Field(description="null where nobody recorded an action")


class NowView(BaseModel):
    """What is expected of a section by now, after what was seen upstream."""

    expected_load: float
    p10: float
    p90: float
    probability: float
    excess: float
    issued_at: datetime
    valid_until: datetime


class PeakView(BaseModel):
    """A section of a trip that is expected to be above the comfort limit.

    Its own numbers are those of `issued_at` and stay; `now` has what is expected by now.
    """

    peak_id: str
    line: str
    direction: int
    section: Section
    trip_id: str
    trip: TripView | None = Field(description="null where the day's timetable does not know it")
    start_date: str
    at: datetime = Field(description="leaves the section's first stop, as planned")
    expected_at: datetime | None = Field(
        description="likewise, if it stays as late as it is; earlier than now: at any moment. Null "
        "where nobody has seen the trip yet, and once it has left"
    )
    is_to_come: bool = Field(
        description="it still leaves that stop: not seen to leave it, and not given up on"
    )
    expected_load: float
    p10: float
    p90: float
    comfort_limit: int
    capacity: int
    probability: float = Field(description="of more persons than the comfort limit")
    excess: float = Field(description="persons above the comfort limit to be expected")
    level: Literal["medium", "high"]
    issued_at: datetime
    horizon: Literal["day_ahead", "live"] = Field(description="which kind of forecast expected it")
    simulated: bool
    now: NowView | None = Field(
        description="null where nothing was seen yet that moves it, of a peak that is over, and "
        "where live forecasts are withheld or no longer hold"
    )
    actions: list[ActionView]
    outcome: OutcomeView | None = Field(description="once the service day is over")


class EffectView(BaseModel):
    """The peak's probability and excess without and with the measure."""

    probability_before: float
    probability_after: float
    excess_before: float
    excess_after: float
    other_probability: float | None = Field(
        description="that the other departure is too full because of it"
    )


class CostView(BaseModel):
    """An estimate from configured rates."""

    eur: float
    passenger_minutes: float


class OptionView(BaseModel):
    """What could be done."""

    kind: OptionKind
    trip_id: str | None = Field(description="the other departure or the giving trip, if any")
    trip: TripView | None = Field(description="null where the day's timetable does not know it")
    passengers: int = Field(description="how many would have to move, or ride in the other vehicle")
    assumed_movers: int | None = Field(
        description="how many are taken to move when told: an assumption of the configuration"
    )
    minutes: float | None = Field(description="by how much a departure moves; negative: earlier")
    vehicle_capacity: int | None = Field(description="what the longer vehicle must hold")
    expected_effect: EffectView
    cost: CostView


class AdviceView(PeakView):
    """A peak with what could be done, the most effective for its cost first."""

    options: list[OptionView]


class PeakList(Page[PeakView]):
    """A page of peaks, and of which lines none are told."""

    withheld: list[UntoldLine] = Field(description="of the service day that it is")
    timetable_until: date | None = Field(
        description="last service day up to which there is a timetable without a gap; where it is over, "
        "the list says nothing; null: there never was one"
    )


class AdviceList(Page[AdviceView]):
    """A page of a service day's peaks with advice, and of which lines there is none."""

    date: date
    withheld: list[UntoldLine]


class ActionBody(WriteModel):
    """What was done."""

    kind: OptionKind | Literal["other"]
    trip_id: Annotated[WithoutNul, StringConstraints(min_length=1, max_length=200)] | None = Field(
        default=None,
        description="of the option that was chosen; without it the option that names no trip",
    )
    note: Annotated[WithoutNul, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    taken_at: UtcTime | None = Field(
        default=None,
        description="now, where it is not named; neither later nor long before the peak",
    )


def now_view(outlook: Outlook, issued_at: datetime, valid_until: datetime) -> NowView:
    """Return what is expected by now."""
    return NowView(
        expected_load=round(outlook.expected_load, 1),
        p10=round(outlook.low, 1),
        p90=round(outlook.high, 1),
        probability=round(outlook.probability, 3),
        excess=round(outlook.excess, 1),
        issued_at=issued_at,
        valid_until=valid_until,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What is told beside a peak: whether it is to come, what is expected by now, what was done and by whom, names."""

    is_to_come: bool
    expected_at: datetime | None
    now: NowView | None
    done: Sequence[Action]
    names: DayNames
    labels: Mapping[str, str]
    """of authors who came with an API key"""


def peak_view(stored: StoredPeak, told: Told) -> PeakView:
    """Return a peak with what is expected by now, what was done about it, and what became of it."""
    peak, came = stored.peak, stored.outcome
    return PeakView(
        peak_id=peak.peak_id,
        line=peak.line,
        direction=peak.direction,
        section=_section(peak, told.names),
        trip_id=peak.trip_id,
        trip=named_trip(told.names, peak.trip_id),
        start_date=f"{peak.day:%Y%m%d}",
        at=stored.at,
        expected_at=told.expected_at,
        is_to_come=told.is_to_come,
        expected_load=round(peak.expected_load, 1),
        p10=round(peak.low, 1),
        p90=round(peak.high, 1),
        comfort_limit=peak.limit,
        capacity=peak.capacity,
        probability=round(peak.probability, 3),
        excess=round(peak.excess, 1),
        level="high" if peak.expected_load > peak.limit else "medium",
        issued_at=stored.issued_at,
        horizon=stored.horizon.value,
        simulated=peak.simulated,
        now=told.now,
        actions=[_action(each, told) for each in told.done],
        outcome=_outcome(came, stored, told.done) if came is not None else None,
    )


def _section(peak: Peak, names: DayNames) -> Section:
    return Section(
        from_stop=peak.from_stop,
        to_stop=peak.to_stop,
        from_name=names.stop(peak.from_stop),
        to_name=names.stop(peak.to_stop),
    )


def named_trip(names: DayNames, trip_id: str | None) -> TripView | None:
    """Return a trip as people know it."""
    found = names.trip(trip_id)
    return None if found is None else TripView(**asdict(found))


def _action(action: Action, told: Told) -> ActionView:
    return ActionView(
        **{
            **action._asdict(),
            "promise": _promise(action.promise),
            "trip": named_trip(told.names, action.trip_id),
            "author_name": told.labels.get(action.author),
        }
    )


def _promise(promise: Promise | None) -> PromiseView | None:
    if promise is None:
        return None
    fields = asdict(promise)
    return PromiseView(**{name: _rounded(value) for name, value in fields.items()})


def _outcome(came: Outcome, stored: StoredPeak, done: Sequence[Action]) -> OutcomeView:
    acted = None
    if done:
        promises = holding((each.kind, each.trip_id, each.promise) for each in done)
        fields = asdict(effect_of(stored.peak, came, promises))
        acted = ActedView(**{name: _rounded(value) for name, value in fields.items()})
    return OutcomeView(**asdict(came), measured_at=stored.measured_at, acted=acted)


def _rounded(value: float | None) -> float | None:
    return round(value, 3) if isinstance(value, float) else value


def option_view(option: Option, names: DayNames) -> OptionView:
    """Return what could be done."""
    effect, cost = option.effect, option.cost
    return OptionView(
        kind=option.kind,
        trip_id=option.trip_id,
        trip=named_trip(names, option.trip_id),
        passengers=option.passengers,
        assumed_movers=option.assumed_movers,
        minutes=option.minutes,
        vehicle_capacity=option.vehicle_capacity,
        expected_effect=EffectView(
            probability_before=round(effect.probability, 3),
            probability_after=round(effect.probability_after, 3),
            excess_before=round(effect.excess, 1),
            excess_after=round(effect.excess_after, 1),
            other_probability=(
                None if effect.other_probability is None else round(effect.other_probability, 3)
            ),
        ),
        cost=CostView(eur=round(cost.eur, 2), passenger_minutes=round(cost.passenger_minutes, 1)),
    )
