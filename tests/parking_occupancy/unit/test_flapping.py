# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_occupancy.domain.bay import Bay, Doubt, assess
from parking_occupancy.domain.flapping import FlappingRule
from parking_occupancy.domain.lot import count
from parking_occupancy.domain.orders import Planned
from parking_occupancy.domain.sensors import BayTrack, fold
from parking_occupancy.domain.track import Observation
from stadttakt_messages.states import BayStatus

from .building import at, make_bay, make_lot, seen

RULE = FlappingRule(4, timedelta(seconds=60), timedelta(seconds=120))
WINDOW = RULE.remembered


def bay(number: int = 1) -> Bay:
    return replace(make_bay(number), flapping=RULE)


def toggles(*seconds: float) -> list[Observation]:
    return [
        seen(second, "occupied" if index % 2 else "free") for index, second in enumerate(seconds)
    ]


@pytest.mark.parametrize(
    ("seconds", "now_s", "doubt"),
    [
        pytest.param((0, 10, 20, 30), 31, None, id="three changes are vehicles"),
        pytest.param((0, 10, 20, 30, 40), 41, Doubt.FLAPPING, id="four within a minute are none"),
        pytest.param((0, 10, 30, 50, 70), 71, None, id="four within 60 s and no more"),
        pytest.param((0, 10, 20, 30, 40), 159, Doubt.FLAPPING, id="not yet calm"),
        pytest.param((0, 10, 20, 30, 40), 160, None, id="calm for two minutes"),
        pytest.param((0, 10, 20, 30, 40, 140), 259, Doubt.FLAPPING, id="a change begins it anew"),
        pytest.param(
            (0, 10, 20, 30, 40, 170), 171, None, id="a change after the calm is a vehicle"
        ),
    ],
)
def test_a_bay_that_changes_too_often_is_unknown_until_it_is_calm(
    seconds: Sequence[float], now_s: float, doubt: Doubt | None
) -> None:
    report = assess(bay(), fold(None, toggles(*seconds), window=WINDOW), at(now_s))
    assert report.doubt is doubt
    assert (report.state is BayStatus.UNKNOWN) is (doubt is not None)


def test_flapping_is_looked_at_again_when_the_calm_is_over_and_told_since_its_beginning() -> None:
    track = fold(None, toggles(0, 10, 20, 30, 40), window=WINDOW)
    report = assess(bay(), track, at(50))
    assert (report.since, report.valid_until) == (at(40), at(160))
    assert assess(bay(), track, report.valid_until).state is BayStatus.FREE


def test_heartbeats_and_suspects_are_no_changes() -> None:
    heard = [seen(second, "free") for second in range(0, 60, 5)]
    heard += [seen(second + 1, "suspect") for second in range(0, 60, 5)]
    heard.append(seen(60, "free"))
    assert assess(bay(), fold(None, heard, window=WINDOW), at(61)).state is BayStatus.FREE


def test_without_a_rule_every_change_is_a_vehicle() -> None:
    track = fold(None, toggles(0, 1, 2, 3, 4, 5, 6))
    assert track is not None
    assert all(each.recent == () for each in track.sensors.values())
    assert assess(make_bay(), track, at(7)).state is BayStatus.FREE


def test_a_flapping_bay_widens_the_interval_of_its_lot() -> None:
    flapping = assess(bay(), fold(None, toggles(0, 10, 20, 30, 40), window=WINDOW), at(50))
    calm = [
        assess(bay(n), fold(None, [seen(0, "free", bay=f"platz-{n}")]), at(50)) for n in range(2, 7)
    ]
    lot = count(make_lot(6), [flapping, *calm], (), at(50))
    assert (lot.free_min, lot.free_max, lot.tally.unknown) == (5, 6, 1)


streams = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from(("free", "occupied", "suspect")), st.booleans()),
    max_size=90,
    unique_by=lambda each: each[0],
).map(lambda found: [seen(s, reading, simulated=simulated) for s, reading, simulated in found])


@given(heard=streams, data=st.data())
def test_any_order_of_arrival_ends_in_the_same_judgement(
    heard: list[Observation], data: st.DataObject
) -> None:
    shuffled = list(data.draw(st.permutations(heard)))
    size = data.draw(st.integers(1, 7))
    track: BayTrack | None = None
    for start in range(0, len(shuffled), size):
        stored = shuffled[: start + size]
        track = fold(track, shuffled[start : start + size], stored, window=WINDOW)
    assert track == fold(None, heard, heard, window=WINDOW)


@pytest.mark.parametrize(
    ("begin", "until", "now_s", "state", "ends"),
    [
        pytest.param(None, at(60), 10, "out_of_service", at(60), id="at once"),
        pytest.param(at(30), at(60), 10, "free", at(30), id="not yet, and no answer outlives it"),
        pytest.param(at(30), at(60), 30, "out_of_service", at(60), id="from its beginning"),
        pytest.param(at(30), at(60), 60, "free", at(3600), id="until its end"),
    ],
)
def test_a_reserved_bay_is_out_of_service_in_its_time(
    begin: datetime | None, until: datetime, now_s: float, state: str, ends: datetime
) -> None:
    reserved = replace(make_bay(), reserved=Planned(until, begin))
    report = assess(reserved, fold(None, [seen(0, "free")]), at(now_s))
    assert (report.state.value, report.valid_until) == (state, ends)
    assert report.doubt is (Doubt.RESERVED if state == "out_of_service" else None)
