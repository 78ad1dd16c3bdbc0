# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_occupancy.domain.bay import assess
from parking_occupancy.domain.orders import Planned
from parking_occupancy.domain.sensors import BayTrack, fold, history_needed_from, track_of
from parking_occupancy.domain.track import Key, Observation, Reading, SensorId, Track
from stadttakt_messages.base import BayId
from stadttakt_messages.states import BayStatus

from .building import at, make_bay, seen

FREE, OCCUPIED, UNKNOWN = BayStatus.FREE, BayStatus.OCCUPIED, BayStatus.UNKNOWN


@pytest.mark.parametrize(
    ("heard", "state", "since_s"),
    [
        pytest.param([seen(0, "free")], FREE, 0, id="one"),
        pytest.param([seen(0, "free"), seen(60, "free")], FREE, 0, id="a heartbeat keeps since"),
        pytest.param([seen(0, "free"), seen(60, "occupied")], OCCUPIED, 60, id="arrival"),
        pytest.param([seen(60, "occupied"), seen(0, "free")], OCCUPIED, 60, id="late departure"),
        pytest.param([seen(60, "occupied"), seen(0, "occupied")], OCCUPIED, 0, id="late arrival"),
        pytest.param(
            [seen(0, "free"), seen(60, "free"), seen(120, "free"), seen(30, "occupied")],
            FREE,
            60,
            id="a late stay splits the run",
        ),
        pytest.param(
            [seen(5, "free", event="a"), seen(5, "occupied", event="b")], OCCUPIED, 5, id="tie"
        ),
        pytest.param([seen(0, "free"), seen(9, "suspect")], UNKNOWN, 9, id="suspect"),
        pytest.param([seen(9, "suspect"), seen(12, "free")], FREE, 12, id="trusted again"),
        pytest.param(
            [seen(0, "occupied"), seen(60, "free", simulated=True)], OCCUPIED, 0, id="real wins"
        ),
        pytest.param(
            [seen(60, "free", simulated=True), seen(0, "occupied")], OCCUPIED, 0, id="real later"
        ),
    ],
)
def test_newest_observation_decides(
    heard: list[Observation], state: BayStatus, since_s: float
) -> None:
    report = assess(make_bay(), _arrive_one_by_one(heard), at(130))
    assert (report.state, report.since) == (state, at(since_s))


def test_simulated_mark_is_carried_and_ends_with_the_first_real_observation() -> None:
    simulated = seen(0, "free", simulated=True)
    assert assess(make_bay(), fold(None, [simulated]), at(1)).simulated
    assert not assess(make_bay(), fold(None, [simulated, seen(5, "free")]), at(6)).simulated


def test_rule_5_a_bay_silent_beyond_its_limit_is_unknown_from_that_moment() -> None:
    track, bay = fold(None, [seen(0, "free")]), make_bay(limit_s=600)
    known, silent = assess(bay, track, at(599.999)), assess(bay, track, at(600))
    assert (known.state, known.valid_until, known.silent_at) == (FREE, at(600), at(600))
    assert (silent.state, silent.since, silent.silent_at) == (UNKNOWN, at(600), None)
    assert silent.measured_at == at(0)
    assert silent.valid_until == at(1200)


def test_bay_never_heard_of_is_unknown_since_nobody_knows_when() -> None:
    report = assess(make_bay(), None, at(0))
    assert (report.state, report.since, report.measured_at) == (UNKNOWN, None, None)


def test_out_of_service_outlasts_observations() -> None:
    report = assess(make_bay(out_of_service=True), fold(None, [seen(0, "free")]), at(1))
    assert report.state is BayStatus.OUT_OF_SERVICE
    assert report.silent_at is None


observations = st.builds(
    Observation,
    event_id=st.sampled_from("abcdefghij"),
    bay_id=st.just(BayId("platz-1")),
    observed_at=st.integers(0, 12).map(at),
    reading=st.sampled_from(Reading),
    simulated=st.booleans(),
    sensor=st.sampled_from([SensorId(each) for each in ("", "magnet", "camera")]),
)
event_streams = st.lists(observations, max_size=14, unique_by=lambda each: each.key)


@given(heard=event_streams, data=st.data())
def test_any_order_and_duplication_converge_to_the_same_track(
    heard: list[Observation], data: st.DataObject
) -> None:
    shuffled = data.draw(
        st.permutations(heard + data.draw(st.lists(st.sampled_from(heard))) if heard else heard)
    )
    batch_size = data.draw(st.integers(1, 5))
    assert _arrive_in_batches(list(shuffled), batch_size) == _specified(heard)


def _arrive_one_by_one(heard: list[Observation]) -> BayTrack | None:
    return _arrive_in_batches(heard, 1)


def _arrive_in_batches(heard: list[Observation], size: int) -> BayTrack | None:
    """Do as the consumer does: look into stored events only where the domain asks for it."""
    track, stored = None, list[Observation]()
    for start in range(0, len(heard), size):
        batch = heard[start : start + size]
        stored += batch
        needed_from = history_needed_from(track, batch)
        history = [e for e in stored if needed_from and e.observed_at >= needed_from]
        track = fold(track, batch, history)
    return track


def _specified(heard: list[Observation]) -> BayTrack | None:
    """Say what a track is, naively, from all observations at once."""
    counted = [e for e in heard if not e.simulated] or heard
    sensors = {e.sensor for e in counted}
    tracks = {name: _of_sensor([e for e in counted if e.sensor == name]) for name in sensors}
    return BayTrack(tracks) if tracks else None


def _of_sensor(counted: list[Observation]) -> Track:
    counted = sorted(counted, key=lambda each: each.key)
    newest = counted[-1]
    others = [e.key for e in counted if e.reading != newest.reading]
    last_other = max(others, default=None)
    start = min(e.key for e in counted if last_other is None or e.key > last_other)
    return Track(newest=newest, start=start, last_other=last_other)


@given(heard=event_streams, data=st.data())
def test_refuted_observations_were_never_said_in_whatever_order_it_is_learnt(
    heard: list[Observation], data: st.DataObject
) -> None:
    refuted = data.draw(st.sets(st.sampled_from([e.key for e in heard]))) if heard else set()
    # A correction or a withdrawal may come before what it refutes, with it, or after it.
    said: list[Arrival] = [(e, None) for e in heard]
    said += ((None, key) for key in sorted(refuted))
    repeated = data.draw(st.lists(st.sampled_from(said))) if said else []
    arriving = data.draw(st.permutations(said + repeated))
    standing = [e for e in heard if e.key not in refuted]
    assert _learn(arriving, data.draw(st.integers(1, 5))) == _specified(standing)
    assert track_of(_essence(standing)) == _specified(standing)


Arrival = tuple[Observation | None, Key | None]


def _learn(arriving: list[Arrival], size: int) -> BayTrack | None:
    """Do as the keeper does: a bay of which an observation is refuted is folded anew."""
    track, stored, wrong = None, dict[Key, Observation](), set[Key]()
    for start in range(0, len(arriving), size):
        batch = arriving[start : start + size]
        said = [e for e, _ in batch if e]
        stored.update((e.key, e) for e in said)
        wrong |= {key for _, key in batch if key}
        standing = [e for key, e in stored.items() if key not in wrong]
        if any(key in stored for _, key in batch if key) or any(e.key in wrong for e in said):
            track = track_of(_essence(standing))
            continue
        needed_from = history_needed_from(track, said)
        track = fold(
            track, said, [e for e in standing if needed_from and e.observed_at >= needed_from]
        )
    return track


def _essence(standing: list[Observation]) -> list[Observation]:
    """Keep what a track remembers, as storage looks it up."""
    track = _specified(standing)
    kept = {
        (name, key)
        for name, each in (track.sensors.items() if track else ())
        for key in (each.newest.key, each.start, each.last_other)
    }
    real = track is not None and not track.newest.simulated
    return [e for e in standing if (e.sensor, e.key) in kept and not (real and e.simulated)]


@given(heard=event_streams.filter(bool))
def test_applying_an_observation_twice_is_the_same_as_once(heard: list[Observation]) -> None:
    track = fold(None, heard, heard)
    assert track is not None
    for observation in heard:
        assert fold(track, [observation], heard) == track


def test_out_of_service_ends_at_its_time() -> None:
    bay = replace(make_bay(), out_of_service=Planned(at(60)))
    track = fold(None, [seen(0, "free")])
    before, after = assess(bay, track, at(59)), assess(bay, track, at(60))
    assert (before.state, before.valid_until) == (BayStatus.OUT_OF_SERVICE, at(60))
    assert after.state is BayStatus.FREE
