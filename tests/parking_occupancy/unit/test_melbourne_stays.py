# SPDX-License-Identifier: EUPL-1.2
"""Dwell times of a year of real bay sensors, told again as readings with losses."""

from __future__ import annotations

import csv
import gzip
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import pytest

from parking_occupancy.domain.dwell import Lasted, dwell
from parking_occupancy.domain.stays import Seen, Stretch, stretches
from parking_occupancy.domain.track import Reading

FILE = (
    Path(__file__).parents[4] / "shared/data/parking_bays_melbourne/events_2019_sample_15k.csv.gz"
)
LIMIT, BEAT = timedelta(minutes=90), timedelta(minutes=60)
LOST = 0.05

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the sample of Melbourne is not here")

Stay = tuple[datetime, datetime]


def truth() -> dict[str, list[Stay]]:
    """Return the stays of each bay that do not overlap, in order; none shorter than two minutes."""
    found: defaultdict[str, list[Stay]] = defaultdict(list)
    with gzip.open(FILE, "rt", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["Status"] == "Present":
                came, left = (
                    datetime.fromisoformat(row[name]).replace(tzinfo=UTC)
                    for name in ("ArrivalTime", "DepartureTime")
                )
                if left - came >= timedelta(minutes=2):
                    found[row["BayId"]].append((came, left))
    return {bay: list(_apart(sorted(stays))) for bay, stays in found.items()}


def _apart(stays: list[Stay]) -> Iterator[Stay]:
    last = datetime.min.replace(tzinfo=UTC)
    for came, left in stays:
        if came - last >= timedelta(minutes=2):
            yield came, left
            last = left


def told(stays: list[Stay]) -> list[Seen]:
    """Return what a sensor says of them: changes and heartbeats while a vehicle is near."""
    found: list[Seen] = []
    for number, (came, left) in enumerate(stays):
        before = came - timedelta(minutes=30)
        if number == 0 or stays[number - 1][1] < before:
            found.append(Seen(before, f"b{number}", Reading.FREE))
        found.append(Seen(came, f"c{number}", Reading.OCCUPIED))
        beat = came + BEAT
        while beat < left:
            found.append(Seen(beat, f"h{number}-{beat.isoformat()}", Reading.OCCUPIED))
            beat += BEAT
        found.append(Seen(left, f"l{number}", Reading.FREE))
    return found


def lasted(found: list[Stretch]) -> dict[str, list[Lasted]]:
    measures: dict[str, list[Lasted]] = {"min": [], "value": [], "max": []}
    for each in found:
        if each.occupied and each.begun_from is not None:
            end, ended = each.ended_to or each.ended_from, each.ended_to is not None
            for name, time in (
                ("min", each.ended_from - each.begun_to),
                ("value", end - each.begun_to),
                ("max", end - each.begun_from),
            ):
                minutes = max(round(time.total_seconds() / 60), 0)
                measures[name].append(Lasted(minutes, ended=ended, stays=1))
    return measures


@pytest.mark.parametrize("lost", [0, LOST])
def test_median_dwell_of_real_stays_lies_within_the_bounds(lost: float) -> None:
    dice = random.Random(3)
    real = truth()
    whole: dict[str, list[Lasted]] = {"min": [], "value": [], "max": []}
    for stays in real.values():
        kept = [each for each in told(stays) if dice.random() >= lost]
        dice.shuffle(kept)
        for name, found in lasted(stretches(kept, limit=LIMIT)).items():
            whole[name] += found
    minutes = [
        (left - came).total_seconds() / 60 for stays in real.values() for came, left in stays
    ]
    assert len(minutes) > 5000
    shortest, reported, longest = (dwell(whole[name]).median for name in ("min", "value", "max"))
    assert shortest is not None
    assert reported is not None
    assert longest is not None
    assert shortest <= median(minutes) <= longest
    # Lost messages move the median as reported by less than a tenth.
    assert reported == pytest.approx(median(minutes), rel=0.1 if lost else 0.02, abs=0.5)
