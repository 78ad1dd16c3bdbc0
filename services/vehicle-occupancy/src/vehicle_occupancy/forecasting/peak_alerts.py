# SPDX-License-Identifier: EUPL-1.2
"""Which peaks the control centre is told of, and in which words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from stadttakt_messages.notices import AlertText
from stadttakt_runtime.alerts import Condition, Severity, plain_id
from vehicle_occupancy.domain.names import DayNames
from vehicle_occupancy.domain.peaks.peak import Peak
from vehicle_occupancy.domain.peaks.rules import PeakRules
from vehicle_occupancy.domain.running import TOLD_LATE_MIN, Running
from vehicle_occupancy.storage.peaks import StoredPeak

PEAK_EXPECTED = "peak-expected"


@dataclass(frozen=True, slots=True)
class Words:
    """What the city calls its stops and trips, and the zone of its clocks."""

    names: DayNames
    zone: ZoneInfo

    def of(self, stored: StoredPeak, excess: float, late_min: int) -> AlertText:
        """Return where, when, whereto and by how many persons a trip will be too full."""
        peak, names = stored.peak, self.names
        trip = names.trip(peak.trip_id)
        de = f" Richtung {trip.headsign}" if trip else ""
        en = f" towards {trip.headsign}" if trip else ""
        at = f"{stored.at.astimezone(self.zone):%H:%M}"
        first, last = names.stop(peak.from_stop), names.stop(peak.to_stop)
        persons = max(1, round(excess))
        de_late, en_late = _late(late_min)
        return AlertText(
            de=f"Linie {peak.line}{de}, {at} Uhr{de_late} ab {first} bis {last}: voraussichtlich zu voll, "
            f"im Mittel {persons} {'Person' if persons == 1 else 'Personen'} über der Komfortgrenze",
            en=f"Line {peak.line}{en}, {at}{en_late} from {first} to {last}: expected to be too full, "
            f"on average {persons} {'person' if persons == 1 else 'persons'} above the comfort limit",
        )


def conditions(
    known: Iterable[StoredPeak],
    present: Sequence[Peak],
    *,
    rules: PeakRules,
    running: Running,
    words: Words,
) -> Iterator[Condition]:
    """Yield those of the peaks to come that are probable enough now to tell the control centre of."""
    for stored in known:
        peak = stored.peak
        by_now = [each for each in present if same(each, peak)]
        likeliest = max(by_now, key=lambda each: each.probability, default=None)
        if likeliest is None or likeliest.probability < rules.alert_from:
            continue
        seen = running.get((peak.day, peak.trip_id))
        late_min = 0 if seen is None else round(seen.late.total_seconds() / 60)
        trip = words.names.trip(peak.trip_id)
        yield Condition(
            kind=PEAK_EXPECTED,
            alert_id=plain_id(peak.peak_id),
            severity=Severity.WARNING,
            text=words.of(stored, likeliest.excess, late_min),
            details={
                "peak_id": peak.peak_id,
                "line": peak.line,
                "trip_id": peak.trip_id,
                "headsign": trip.headsign if trip else None,
                "from_stop": peak.from_stop,
                "to_stop": peak.to_stop,
                "at": stored.at.isoformat(),
                "late_min": late_min,
            },
            simulated=peak.simulated,
        )


def same(one: Peak, other: Peak) -> bool:
    """Return whether two sections of one trip overlap: the same peak, forecast at other times."""
    overlap = one.first <= other.last and other.first <= one.last
    return (one.day, one.trip_id) == (other.day, other.trip_id) and overlap


def _late(minutes: int) -> tuple[str, str]:
    """Return in German and English how much later than planned a trip is, if that is worth a word."""
    if minutes < TOLD_LATE_MIN:
        return "", ""
    return f" (etwa {minutes} Minuten später)", f" (about {minutes} minutes later)"
