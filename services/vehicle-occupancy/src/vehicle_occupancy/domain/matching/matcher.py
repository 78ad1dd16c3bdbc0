# SPDX-License-Identifier: EUPL-1.2
"""Follows a vehicle through the timetable: several trips at once, as likely as they are; pure.

A forward filter (the best path only, as Viterbi's) over the trips of which the way passes near
each position. A trip is born with how late it would make the vehicle; from then on what counts is
whether the vehicle keeps to the trip's way and its pace, not the lateness again and again, so that
two trips of a line a few minutes apart stay as undecided as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp
from typing import NamedTuple

from vehicle_occupancy.domain.geometry import Foot, distance_m
from vehicle_occupancy.domain.matching.schedule import Schedule, delay_s
from vehicle_occupancy.domain.matching.state import Candidate, Fix, MatchState, TripKey
from vehicle_occupancy.domain.matching.ways import Ways
from vehicle_occupancy.domain.timetable import DayTimetable, Trip, TripId


@dataclass(frozen=True, slots=True)
class MatchRules:
    """How likely what is; scores are natural logarithms."""

    near_m: float = 120.0
    off_m: float = 25.0
    """The usual error of a position, across the way."""
    back_m: float = 80.0
    """So far back along the way is still an error of the position."""
    fastest_mps: float = 30.0
    late_s: float = 1500.0
    early_s: float = 900.0
    """A vehicle stands at its first stop at most so long before it leaves."""
    usual_late_s: float = 150.0
    usual_early_s: float = 30.0
    usual_change_s: float = 25.0
    """By so much the delay changes from one position to the next, and more with time."""
    birth: float = -4.0
    follows: float = -1.0
    follows_block: float = 0.5
    cut_short: float = -9.0
    wrong_way: float = -6.0
    nothing: float = -3.0
    """Of being on no trip, with each position: as good as keeping to a way badly."""
    to_nothing: float = -6.0
    least: float = -18.0
    tell_at: float = 0.85
    hold_at: float = 0.5
    forget: timedelta = timedelta(minutes=20)
    at_end_m: float = 120.0


class _Past(NamedTuple):
    """The candidates before; `anything` is the score of beginning a trip after none that ended."""

    candidates: Mapping[TripKey, Candidate]
    ended: Sequence[Candidate]
    anything: float


class Matcher:
    """The trips of the service days that a vehicle may be on."""

    def __init__(self, days: Sequence[DayTimetable], rules: MatchRules | None = None) -> None:
        self._rules = rules or MatchRules()
        self._days = {day.service_day.name: day for day in days}
        # Days of one version share their patterns, which are most of the work.
        ways = {day.version_id: Ways(day) for day in days}
        self._ways = {name: ways[day.version_id] for name, day in self._days.items()}
        self._schedules = {name: Schedule(day) for name, day in self._days.items()}

    def trip(self, key: TripKey) -> Trip:
        """Return a trip of one of the days."""
        return self._days[key.start_date].trips[TripId(key.trip_id)]

    def ends_at(self, key: TripKey) -> datetime:
        """Return when a trip is planned to end."""
        return self._days[key.start_date].at(self.trip(key).end_s)

    def began_at(self, found: Candidate) -> datetime:
        """Return when a vehicle left the first stop of its trip, as late as it is since."""
        planned = self._days[found.trip.start_date].at(self.trip(found.trip).begin_s)
        return planned + timedelta(seconds=found.delay_s)

    def stops_m(self, key: TripKey) -> Sequence[float]:
        """Return how far along its way a trip's stops lie."""
        return self._ways[key.start_date].stops_m[self.trip(key).pattern_id]

    def step(self, state: MatchState | None, fix: Fix) -> MatchState:
        """Return what is known after one more position; one not later than the last says nothing."""
        if state is not None and fix.at <= state.at:
            return state
        if state is not None and fix.at - state.at > self._rules.forget:
            state = replace(state, candidates=self._ended(state), told=None)
        before = state or MatchState(fix.at, fix.place)
        past = self._past(before)
        found: dict[TripKey, Candidate] = {}
        for key, trip, foot in self._near(fix):
            candidate = self._candidate(before, past, fix, key, trip, foot)
            known = found.get(key)
            if known is None or candidate.score > known.score:
                found[key] = candidate
        return self._normed(before, fix, list(found.values()))

    def _past(self, before: MatchState) -> _Past:
        """Sort candidates by what may come after them: each by itself was far too slow."""
        ended = self._ended(before)
        others = [each.score for each in before.candidates if each not in ended]
        return _Past(
            {each.trip: each for each in before.candidates},
            ended,
            max([before.nothing + self._rules.birth, *(s + self._rules.cut_short for s in others)]),
        )

    def _near(self, fix: Fix) -> Iterator[tuple[TripKey, Trip, Foot]]:
        rules = self._rules
        passing = {
            id(ways): list(ways.near(fix.place, rules.near_m)) for ways in self._ways.values()
        }
        for name, day in self._days.items():
            seconds = day.service_day.seconds(fix.at)
            for pattern_id, foot in passing[id(self._ways[name])]:
                for trip in self._schedules[name].possible(
                    pattern_id, seconds, early_s=rules.early_s, late_s=rules.late_s
                ):
                    yield TripKey(name, trip.trip_id), trip, foot

    def _candidate(
        self, before: MatchState, past: _Past, fix: Fix, key: TripKey, trip: Trip, foot: Foot
    ) -> Candidate:
        seconds = self._days[key.start_date].service_day.seconds(fix.at)
        late = delay_s(trip, self.stops_m(key), foot.along_m, seconds)
        born = past.anything
        for each in past.ended:
            if each.trip != key:
                born = max(born, each.score + self._following(each.trip, key))
        best = born + self._lateness(late)
        same = past.candidates.get(key)
        if same is not None:
            best = max(best, same.score + self._goes_on(before, fix, same, foot, late))
        return Candidate(key, best + self._here(fix, foot), foot.along_m, late)

    def _here(self, fix: Fix, foot: Foot) -> float:
        rules = self._rules
        score = -0.5 * (foot.off_m / rules.off_m) ** 2
        if fix.bearing_deg is not None:
            turned = abs((fix.bearing_deg - foot.bearing_deg + 180) % 360 - 180)
            score += rules.wrong_way if turned > 120 else 0.0
        return score

    def _lateness(self, late: float) -> float:
        rules = self._rules
        return -late / rules.usual_late_s if late >= 0 else late / rules.usual_early_s

    def _goes_on(
        self, before: MatchState, fix: Fix, same: Candidate, foot: Foot, late: float
    ) -> float:
        rules = self._rules
        passed_s = (fix.at - before.at).total_seconds()
        moved = foot.along_m - same.along_m
        if moved < -rules.back_m or moved > rules.fastest_mps * passed_s + 2 * rules.back_m:
            return rules.wrong_way + rules.cut_short
        allowed = rules.usual_change_s + 0.15 * passed_s
        # Half a position back is an error of the position, several are the other way.
        return -abs(late - same.delay_s) / allowed + min(0.0, moved / rules.back_m)

    def _following(self, ended: TripKey, key: TripKey) -> float:
        day = self._days[key.start_date]
        if ended.start_date != key.start_date:
            return self._rules.follows
        next_trip = day.next_of_block(self.trip(ended))
        if next_trip is None:
            return self._rules.follows
        is_next = next_trip.trip_id == key.trip_id
        return self._rules.follows_block if is_next else 3 * self._rules.follows

    def _ended(self, state: MatchState) -> tuple[Candidate, ...]:
        """Return candidates that were at their end: what follows them is still of use."""
        return tuple(
            each
            for each in state.candidates
            if each.along_m >= self.stops_m(each.trip)[-1] - self._rules.at_end_m
        )

    def _normed(self, before: MatchState, fix: Fix, found: list[Candidate]) -> MatchState:
        rules = self._rules
        scores = [each.score for each in before.candidates]
        idle = max([before.nothing, *(score + rules.to_nothing for score in scores)])
        idle += (
            rules.nothing
            if distance_m(before.place, fix.place) > rules.off_m
            else 0.2 * rules.nothing
        )
        best = max([idle, *(each.score for each in found)])
        kept = tuple(
            replace(each, score=each.score - best)
            for each in sorted(found, key=lambda each: (-each.score, each.trip))
            if each.score - best > rules.least
        )
        told, probability = self._told(before, kept, idle - best)
        return MatchState(fix.at, fix.place, kept, max(idle - best, rules.least), told, probability)

    def _told(
        self, before: MatchState, kept: Sequence[Candidate], idle: float
    ) -> tuple[TripKey | None, float]:
        """Tell the likeliest trip where it is clear; hold on to the one told before a little longer."""
        weights: Mapping[TripKey, float] = {each.trip: exp(each.score) for each in kept}
        total = sum(weights.values()) + exp(idle)
        if not weights:
            return None, 0.0
        first = max(weights, key=lambda key: weights[key])
        share = weights[first] / total
        if share >= self._rules.tell_at:
            return first, share
        held = before.told
        if held is not None and weights.get(held, 0.0) / total >= self._rules.hold_at:
            return held, weights[held] / total
        return None, share
