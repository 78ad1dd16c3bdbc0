# SPDX-License-Identifier: EUPL-1.2
"""The drift correction on a real balance that never closes: in and out at a station of Zürich."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from parking_occupancy.domain.balance import (
    Anchor,
    Balancing,
    Cause,
    Entry,
    key_of,
    take,
    unknown_balance,
)
from parking_occupancy.domain.counted_lot import inside
from parking_occupancy.domain.gate import Gate, GateCount, GateKind, Passed
from parking_occupancy.domain.known_empty import KnownEmpty, known_times

from .building import LOT

SERIES = Path(__file__).parents[4] / (
    "shared/data/passenger_hardbruecke/dev/hardbruecke_2020-01_2020-02.csv.gz"
)
ZURICH = ZoneInfo("Europe/Zurich")
SLOT = timedelta(minutes=5)
BEGIN, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 2, 1, tzinfo=UTC)
NIGHT = KnownEmpty(time(3, 55), time(4, 0), ZURICH)
"""Between the last night train and the first one of the day hardly anybody is about."""

needs_series = pytest.mark.skipif(not SERIES.is_file(), reason="the series is not on this machine")


def passages() -> Iterator[GateCount]:
    """Yield what each line counted in five minutes, at their end."""
    with gzip.open(SERIES, "rt", encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            begin = datetime.fromisoformat(row["Timestamp"]).replace(tzinfo=ZURICH)
            at = (begin + SLOT).astimezone(UTC)
            if at > END:
                return
            yield GateCount(
                event_id=f"{row['Name']}/{row['Timestamp']}",
                lot_id=LOT,
                gate=row["Name"],
                observed_at=at,
                mode="delta",
                counted=Passed(int(row["In"]), int(row["Out"])),
            )


def rules_of(counts: list[GateCount]) -> Balancing:
    names = sorted({count.gate for count in counts})
    gates = {
        name: Gate(name, GateKind.LOOP, heartbeat_limit=timedelta(minutes=15)) for name in names
    }
    return Balancing(capacity=20_000, gates=gates, known_empty=(NIGHT,))


def nights(rules: Balancing) -> list[Anchor]:
    return [
        Anchor(f"night-{known.at}", LOT, known.at, Cause.KNOWN_EMPTY, 0, 0)
        for known in known_times(rules.known_empty, BEGIN, END)
        if known.at.astimezone(ZURICH).time() == NIGHT.end
    ]


class Night(NamedTuple):
    """What was believed just before a night's reset to zero."""

    plain: int
    corrected: int
    lowest: int
    highest: int


@needs_series
def test_learning_from_nights_takes_most_of_the_drift_away_beforehand() -> None:
    counts = list(passages())
    rules = rules_of(counts)
    # The plain sum of a month ends with over a hundred thousand people in the station.
    assert sum(each.counted.inwards - each.counted.outwards for each in counts) > 100_000
    balance, found = unknown_balance(rules, BEGIN), list[Night]()
    entries: list[Entry] = sorted([*counts, *nights(rules)], key=key_of)
    for entry in entries:
        if isinstance(entry, Anchor) and balance.anchored_at is not None:
            believed = inside(rules, balance)
            found.append(Night(balance.raw, balance.count, believed.lowest, believed.highest))
        balance = take(rules, balance, entry).balance
        assert 0 <= balance.count <= rules.capacity
    learned = found[10:]
    plain, corrected = (
        sum(abs(night[column]) for night in learned) / len(learned) for column in (0, 1)
    )
    assert plain > 4000
    assert corrected < 0.4 * plain
    # Nobody is there at night: the interval, meant for nine of ten, holds that.
    assert sum(night.lowest <= 0 for night in learned) >= 0.8 * len(learned)
