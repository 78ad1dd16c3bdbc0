# SPDX-License-Identifier: EUPL-1.2
"""Several sensors of one bay: agreement, silence, contradiction, and what does not say who spoke."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_occupancy.domain.bay import Bay, BayReport, Doubt, assess
from parking_occupancy.domain.flapping import FlappingRule
from parking_occupancy.domain.lot import count
from parking_occupancy.domain.sensors import MOST_SENSORS, BayTrack, fold
from parking_occupancy.domain.track import Observation
from stadttakt_messages.states import BayStatus

from .building import at, make_bay, make_lot, seen

FREE, OCCUPIED, UNKNOWN = BayStatus.FREE, BayStatus.OCCUPIED, BayStatus.UNKNOWN
LIMIT_S, GRACE_S = 3600, 60


def bay(number: int = 1, *, flapping: FlappingRule | None = None) -> Bay:
    built = make_bay(number, limit_s=LIMIT_S)
    return replace(built, grace=timedelta(seconds=GRACE_S), flapping=flapping)


def magnet(seconds: float, reading: str, bay: str = "platz-1") -> Observation:
    return seen(seconds, reading, sensor="magnet", event=f"m{seconds}", bay=bay)


def camera(seconds: float, reading: str, bay: str = "platz-1") -> Observation:
    return seen(seconds, reading, sensor="camera", event=f"c{seconds}", bay=bay)


def after(*heard: Observation, now_s: float) -> BayReport:
    return assess(bay(), fold(None, heard, heard), at(now_s))


FREE_BOTH = (magnet(0, "free"), camera(1, "free"))


@pytest.mark.parametrize(
    ("heard", "now_s", "state", "since_s"),
    [
        pytest.param([], 100, FREE, 0, id="agreed"),
        pytest.param([magnet(100, "occupied")], 101, OCCUPIED, 100, id="who changes last saw it"),
        pytest.param([magnet(100, "occupied")], 159.9, OCCUPIED, 100, id="to the end of the grace"),
        pytest.param([magnet(100, "occupied")], 160, UNKNOWN, 160, id="then they contradict"),
        pytest.param(
            [magnet(100, "occupied"), camera(120, "occupied")], 500, OCCUPIED, 100, id="confirmed"
        ),
        pytest.param(
            [magnet(100, "occupied"), camera(300, "occupied")], 500, OCCUPIED, 300, id="too late"
        ),
        pytest.param(
            [magnet(100, "occupied"), magnet(150, "free")], 155, FREE, 0, id="taken back in time"
        ),
        pytest.param(
            [magnet(100, "occupied"), camera(130, "free")], 165, UNKNOWN, 160, id="a heartbeat"
        ),
        pytest.param([camera(100, "suspect")], 101, FREE, 0, id="suspect gives way"),
        pytest.param(
            [magnet(100, "suspect"), camera(100, "suspect")], 101, UNKNOWN, 100, id="both suspect"
        ),
        pytest.param([magnet(3000, "occupied")], 3601, OCCUPIED, 3000, id="silent drops out"),
    ],
)
def test_what_two_sensors_say_together(
    heard: list[Observation], now_s: float, state: BayStatus, since_s: float
) -> None:
    report = after(*FREE_BOTH, *heard, now_s=now_s)
    since = at(since_s) if state is not FREE else report.since
    assert (report.state, report.since) == (state, since)
    assert report.since is not None
    assert (report.doubt is Doubt.CONTRADICTING) == (
        state is UNKNOWN and heard[0].reading != "suspect"
    )


def test_contradiction_ends_by_itself_when_one_falls_silent() -> None:
    heard = (*FREE_BOTH, magnet(100, "occupied"))
    report = after(*heard, now_s=3000)
    assert (report.state, report.doubt) == (UNKNOWN, Doubt.CONTRADICTING)
    assert report.valid_until == at(3601)
    alone = after(*heard, now_s=3601)
    assert (alone.state, alone.since, alone.valid_until) == (OCCUPIED, at(100), at(3700))
    assert after(*heard, now_s=3700).doubt is Doubt.SILENT


def test_within_the_grace_an_answer_holds_no_longer_than_the_grace() -> None:
    report = after(*FREE_BOTH, magnet(100, "occupied"), now_s=110)
    assert (report.valid_until, report.silent_at) == (at(160), at(160))


def test_two_that_agree_hold_until_the_last_of_them_is_silent() -> None:
    report = after(magnet(0, "free"), camera(500, "free"), now_s=600)
    assert report.valid_until == at(500 + LIMIT_S)
    assert after(magnet(0, "free"), camera(500, "free"), now_s=LIMIT_S + 1).state is FREE


def test_first_word_of_a_new_sensor_is_no_change() -> None:
    report = after(magnet(0, "free"), magnet(50, "occupied"), camera(1000, "free"), now_s=1001)
    assert (report.state, report.doubt, report.since) == (UNKNOWN, Doubt.CONTRADICTING, at(1000))
    joined = after(magnet(0, "free"), magnet(50, "occupied"), camera(1000, "occupied"), now_s=1001)
    assert (joined.state, joined.since) == (OCCUPIED, at(50))


def test_flapping_sensor_gives_way_until_it_is_calm() -> None:
    rule = FlappingRule(3, timedelta(seconds=120), timedelta(seconds=300))
    toggles = [camera(100 + n * 10, "occupied" if n % 2 else "free") for n in range(6)]
    track = fold(None, [magnet(0, "free"), *toggles], window=rule.remembered)
    report = assess(bay(flapping=rule), track, at(200))
    assert (report.state, report.valid_until) == (FREE, at(150 + 300))
    calm = assess(bay(flapping=rule), track, at(450))
    assert (calm.state, calm.doubt) == (UNKNOWN, Doubt.CONTRADICTING)


def test_what_does_not_say_who_spoke_takes_the_place_of_all_before_and_none_after() -> None:
    unnamed = seen(200, "occupied")
    assert after(*FREE_BOTH, unnamed, now_s=400).state is OCCUPIED
    assert after(unnamed, magnet(300, "free"), now_s=400).state is FREE
    both = after(unnamed, magnet(300, "free"), camera(310, "occupied"), now_s=400)
    assert both.doubt is Doubt.CONTRADICTING


def test_contradicting_bays_widen_the_interval_of_their_lot() -> None:
    contradicting = fold(None, [magnet(0, "free", "platz-2"), camera(0, "occupied", "platz-2")])
    bays = [assess(bay(1), fold(None, [magnet(0, "free")]), at(500))]
    bays.append(assess(bay(2), contradicting, at(500)))
    lot = count(make_lot(2, unknown_limit=1), bays, (), at(500))
    assert (lot.free_min, lot.free_max, lot.tally.unknown) == (1, 2, 1)


def test_a_bay_remembers_no_more_sensors_than_any_has() -> None:
    heard = [seen(n, "free", sensor=f"s{n:02}") for n in range(2 * MOST_SENSORS)]
    track: BayTrack | None = None
    for observation in heard:
        track = fold(track, [observation])
    assert track is not None
    assert list(track.sensors) == [f"s{n:02}" for n in range(MOST_SENSORS, 2 * MOST_SENSORS)]


streams = st.lists(
    st.builds(
        seen,
        st.integers(0, 400).map(float),
        st.sampled_from(["free", "occupied", "suspect"]),
        sensor=st.sampled_from(["magnet", "camera", "radar"]),
        event=st.sampled_from("abcdefghij"),
    ),
    max_size=12,
    unique_by=lambda each: each.key,
)


@given(heard=streams, data=st.data(), now_s=st.integers(0, 4200))
def test_sensors_heard_in_any_order_say_the_same(
    heard: list[Observation], data: st.DataObject, now_s: int
) -> None:
    doubled = heard + data.draw(st.lists(st.sampled_from(heard))) if heard else heard
    arriving = data.draw(st.permutations(doubled))
    track: BayTrack | None = None
    for number, observation in enumerate(arriving):
        track = fold(track, [observation], arriving[: number + 1])
    ordered = fold(None, heard, heard)
    assert track == ordered
    assert assess(bay(), track, at(now_s)) == assess(bay(), ordered, at(now_s))


@given(heard=streams, now_s=st.integers(400, 4200))
def test_answer_of_several_sensors_stays_true_as_long_as_it_says(
    heard: list[Observation], now_s: int
) -> None:
    track = fold(None, heard, heard)
    report = assess(bay(), track, at(now_s))
    later = at(now_s)
    while later < report.valid_until:
        assert assess(bay(), track, later).state is report.state
        later += timedelta(seconds=17)
