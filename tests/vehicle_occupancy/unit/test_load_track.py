# SPDX-License-Identifier: EUPL-1.2
"""The load of one vehicle folded from its readings."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vehicle_occupancy.domain.load import grid
from vehicle_occupancy.domain.load.counter import Finding
from vehicle_occupancy.domain.load.estimate import LoadEstimate, NoData, estimate
from vehicle_occupancy.domain.load.level import Level, OccupancyStatus
from vehicle_occupancy.domain.load.log import Ignored, ReadingLog
from vehicle_occupancy.domain.load.reading import (
    DoorCount,
    EmptyCause,
    Passed,
    Quality,
    Reading,
    key_of,
)
from vehicle_occupancy.domain.load.track import Taken, begin, take_all
from vehicle_occupancy.domain.load.vehicle import Axles, Door, VehicleRules

from .riding import LEVELS, at, door, empty, presence, rules, stop, weighing

RULES = rules()


def folded(readings: Iterable[Reading], given_rules: VehicleRules = RULES) -> Taken:
    ordered = sorted(readings, key=key_of)
    return take_all(given_rules, begin(given_rules), ordered, LEVELS)


def told(
    readings: Iterable[Reading], minutes: float, given_rules: VehicleRules = RULES
) -> LoadEstimate:
    return estimate(given_rules, folded(readings, given_rules).track, at(minutes), LEVELS)


def test_nothing_is_told_of_a_vehicle_that_was_never_heard() -> None:
    answer = estimate(RULES, begin(RULES), at(0), LEVELS)
    assert answer.no_data is NoData.NEVER_HEARD
    assert answer.load is None
    assert answer.status is OccupancyStatus.NO_DATA_AVAILABLE


def test_load_is_who_boarded_less_who_alighted_since_the_terminal() -> None:
    answer = told([empty(0), *stop(3, 40, 0), *stop(6, 12, 20), *stop(9, 0, 8)], 10)
    assert answer.load is not None
    assert answer.load == pytest.approx(24, abs=2)
    assert answer.load_min is not None
    assert answer.load_max is not None
    assert answer.load_min <= 24 <= answer.load_max
    assert answer.percentage == pytest.approx(100 * answer.load / 150, abs=0.1)
    assert answer.status is OccupancyStatus.MANY_SEATS_AVAILABLE
    assert answer.level is Level.LOW
    assert answer.confidence is not None
    assert answer.confidence > 0.8


def test_load_that_was_not_renewed_is_no_load() -> None:
    readings: list[Reading] = [empty(0), *stop(3, 40, 0)]
    assert told(readings, 17).load is not None
    stale = told(readings, 19)
    assert stale.no_data is NoData.STALE
    assert (stale.load, stale.level, stale.confidence) == (None, None, None)


def test_all_alight_before_others_board_whichever_door_speaks_first() -> None:
    halt: list[Reading] = [door(3, 30, 0, name="1"), door(3.05, 0, 10, name="2")]
    two_doors = rules(doors=2)
    answer = told([empty(0), *stop(2, 10, 0, doors=2), *halt], 4, two_doors)
    assert answer.load == pytest.approx(31, abs=2)


def test_vehicle_is_empty_between_those_who_alight_and_those_who_board_at_a_terminal() -> None:
    messages: list[Reading] = [*stop(3, 40, 0), *stop(20, 25, 37), empty(20.1), *stop(20.3, 4, 0)]
    answer = told([empty(0), *messages], 21)
    assert answer.load == pytest.approx(30, abs=2)


def test_correction_at_a_terminal_is_what_the_count_was_wrong_by() -> None:
    taken = folded([empty(0), *stop(3, 50, 0), *stop(10, 0, 40), empty(11), *stop(15, 1, 0)])
    last = taken.corrections[-1]
    assert last.cause is EmptyCause.TERMINAL
    assert last.raw == 10
    assert -13 < last.amount < -7


def test_terminal_where_most_ride_on_does_not_empty_a_vehicle() -> None:
    taken = folded([empty(0), *stop(3, 60, 0), empty(11, 0.5), *stop(15, 1, 0)])
    answer = estimate(RULES, taken.track, at(16), LEVELS)
    assert answer.load == pytest.approx(61, abs=4)
    assert len(taken.corrections) == 1


def test_counts_of_a_broken_or_masked_door_are_not_counted() -> None:
    for quality in (Quality.DEFECT, Quality.SABOTAGE):
        broken = replace(door(6, 90, 0, name="2"), quality=quality)
        answer = told([empty(0), *stop(3, 20, 0), broken], 7)
        assert answer.load == pytest.approx(21, abs=2)


def test_counter_that_rolls_over_or_is_reset_goes_on() -> None:
    narrow = VehicleRules(60, 90, (Door("1", counter_bits=16),))
    counters = [(65_500, 65_000), (65_530, 65_010), (10, 65_030), (0, 0), (7, 2)]
    readings: list[Reading] = [empty(0)]
    readings += [
        door(1 + 3 * n, *total, name="1", mode="cumulative") for n, total in enumerate(counters)
    ]
    taken = folded(readings, narrow)
    found = [finding.finding for finding in taken.findings]
    assert found == [Finding.ROLLED_OVER, Finding.RESET]
    assert taken.track.plain == (30 - 10) + (16 - 20) + 0 + (7 - 2)


def cumulative(*totals: tuple[int, int]) -> list[Reading]:
    said = [door(1 + 3 * n, *each, name="1", mode="cumulative") for n, each in enumerate(totals)]
    return [empty(0), *said]


@pytest.mark.parametrize("bits", [8, 16, 31, 32])
def test_counter_of_unknown_bits_that_falls_is_taken_to_be_reset_and_that_is_told(
    bits: int,
) -> None:
    before = [(2**bits - 40, 20), (2**bits - 20, 30)]
    unknown = VehicleRules(60, 90, (Door("1"),))
    taken = folded(cumulative(*before, (12, 3), (0, 0)), unknown)
    found = [finding.finding for finding in taken.findings]
    assert found == [Finding.UNDECIDED, Finding.RESET]
    assert taken.track.plain == (20 - 10) + (12 - 3)
    known = VehicleRules(60, 90, (Door("1", counter_bits=bits),))
    taken = folded(cumulative(*before, (12, 35)), known)
    assert [finding.finding for finding in taken.findings] == [Finding.ROLLED_OVER]
    assert taken.track.plain == (20 - 10) + (32 - 5)


def test_message_of_a_door_that_got_lost_is_made_up_for_by_the_others() -> None:
    usual = [reading for n in range(8) for reading in stop(3 + 3 * n, 8, 8)]
    lost = [each for each in stop(27, 20, 0) if each.door != "4"]
    answer = told([empty(0), *stop(1, 29, 0), *stop(2, 1, 0), *usual, *lost], 28)
    assert answer.load == pytest.approx(51, abs=3)


def test_door_that_counts_nobody_while_others_do_is_dead_and_made_up_for() -> None:
    def halt(minutes: float, boarded: int, alighted: int) -> list[DoorCount]:
        return [
            replace(each, counted=Passed(0, 0)) if each.door == "4" else each
            for each in stop(minutes, boarded, alighted)
        ]

    trips: list[Reading] = []
    for trip in range(3):
        start = 60.0 * trip
        trips += [empty(start), *halt(start + 3, 40, 0)]
        trips += [each for n in range(8) for each in halt(start + 6 + 3 * n, 8, 8)]
        trips += halt(start + 40, 0, 40)
    trips += [empty(180), *halt(183, 40, 0)]
    taken = folded(trips)
    assert [each.door for each in taken.findings if each.finding is Finding.DEAD] == ["4"]
    answer = estimate(RULES, taken.track, at(184), LEVELS)
    assert answer.dead_doors == ("4",)
    assert answer.load == pytest.approx(41, abs=3)
    revived = take_all(RULES, taken.track, [*stop(186, 8, 8), *stop(189, 0, 0)], LEVELS)
    assert [each.finding for each in revived.findings] == [Finding.REVIVED]


def test_doors_that_miss_more_who_alight_are_learned_at_terminals() -> None:
    readings: list[Reading] = []
    for trip in range(12):
        start = 60.0 * trip
        readings += [empty(start), *stop(start + 3, 97, 0), *stop(start + 20, 0, 94)]
    taken = folded([*readings, empty(720), *stop(723, 1, 0)])
    missed_in, missed_out = taken.track.miscounts.share("1")
    assert missed_in - missed_out == pytest.approx(0.03, abs=0.006)
    early, late = taken.corrections[1], taken.corrections[-1]
    assert abs(late.amount) < abs(early.amount)


def test_weighed_axles_bring_back_a_count_that_went_astray() -> None:
    weighing_rules = replace(RULES, axles=Axles(tare_kg=40_000))
    readings: list[Reading] = [empty(0), *stop(3, 80, 0)]
    away = told(readings, 10, weighing_rules)
    readings += [weighing(4 + n, 40_000 + 60 * 75) for n in range(6)]
    weighed = told(readings, 10, weighing_rules)
    assert away.load is not None
    assert weighed.load is not None
    assert weighed.load < away.load


def test_vehicle_with_devices_alone_has_a_wide_interval_about_what_they_say() -> None:
    readings: list[Reading] = [empty(0), *(presence(2 + 2 * n, wifi=38) for n in range(15))]
    answer = told(readings, 33)
    assert answer.load is not None
    assert answer.load_min is not None
    assert answer.load_max is not None
    assert answer.load_min <= 60 <= answer.load_max
    assert answer.load_max - answer.load_min > 15


def test_load_that_only_doors_held_for_too_long_is_not_told() -> None:
    impatient = replace(RULES, anchor_holds=timedelta(minutes=30))
    readings: list[Reading] = [empty(0), *stop(1, 30, 0)]
    readings += [each for n in range(10) for each in stop(3 + 3 * n, 8, 8)]
    assert told(readings, 29.9, impatient).load is not None
    assert told(readings, 30.1, impatient).no_data is NoData.UNCERTAIN
    held: list[Reading] = [*readings, presence(31, wifi=8)]
    assert told(held, 31.5, impatient).load is not None


def test_doors_alone_that_never_knew_an_empty_vehicle_tell_no_load() -> None:
    readings: list[Reading] = [*stop(0, 30, 0)]
    readings += [each for n in range(1, 20) for each in stop(3 * n, 1, 1)]
    answer = told(readings, 60)
    assert answer.no_data is NoData.UNCERTAIN


def test_vehicle_that_stood_for_hours_is_empty() -> None:
    evening: list[Reading] = [empty(0), *stop(3, 20, 0)]
    morning: list[Reading] = [*stop(400, 3, 0)]
    answer = told([*evening, *morning], 401)
    assert answer.load == pytest.approx(3, abs=1)


def test_missing_message_of_a_counter_is_made_up_for_until_the_next_one_brings_it() -> None:
    def halt(minutes: float, boarded: int, *, doors: str = "1234") -> list[DoorCount]:
        return [door(minutes, boarded, 0, name=name, mode="cumulative") for name in doors]

    before: list[Reading] = [*halt(-3, 100), empty(-2), *halt(2, 105), *halt(2.9, 105)]
    without: list[Reading] = [*before, *halt(6, 110, doors="123")]
    assert told(without, 6.3).load == pytest.approx(41, abs=3)
    # At the next stop nobody boards; the fourth door tells what it had not told.
    assert told([*without, *halt(9, 110)], 9.3).load == pytest.approx(41, abs=1)


def test_duplicates_are_ignored_and_what_is_too_old_is_said_to_be() -> None:
    log = ReadingLog(RULES, LEVELS)
    first = stop(3, 40, 0)
    log.add([empty(0), *first])
    before = log.track
    again = log.add(first)
    assert [why for _, why in again.ignored] == [Ignored.DUPLICATE] * 4
    assert log.track is before
    log.add([each for n in range(200) for each in stop(6 + 3 * n, 1, 1)])
    assert [why for _, why in log.add(stop(4, 5, 0)).ignored] == [Ignored.TOO_LATE] * 4


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32))
def test_any_order_and_any_repetition_of_readings_gives_the_same_load(seed: int) -> None:
    rng = random.Random(seed)
    readings: list[Reading] = [empty(0), empty(40), presence(5, wifi=20, ble=11)]
    for n in range(rng.randrange(3, 30)):
        readings += stop(1 + 2.5 * n, rng.randrange(15), rng.randrange(8))
    log = ReadingLog(RULES, LEVELS)
    log.add(readings)
    shuffled = readings + rng.sample(readings, len(readings) // 2)
    rng.shuffle(shuffled)
    other = ReadingLog(RULES, LEVELS)
    while shuffled:
        size = rng.randrange(1, 9)
        other.add(shuffled[:size])
        del shuffled[:size]
    assert np.array_equal(log.track.load, other.track.load)
    assert estimate(RULES, log.track, at(80), LEVELS) == estimate(
        RULES, other.track, at(80), LEVELS
    )
    assert np.array_equal(log.track.miscounts.means, other.track.miscounts.means)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=12), st.integers(0, 11)
)
def test_load_is_never_negative_and_never_more_than_fits(
    flows: list[tuple[int, int]], terminal: int
) -> None:
    readings: list[Reading] = [each for n, flow in enumerate(flows) for each in stop(3 * n, *flow)]
    track = folded([*readings, empty(3 * terminal + 0.1)]).track
    answer = estimate(RULES, track, at(3 * len(flows)), LEVELS)
    assert np.isclose(track.load.sum(), 1)
    assert grid.mean_of(track.load) <= RULES.most
    if answer.load is not None:
        assert answer.load_min is not None
        assert answer.load_max is not None
        assert 0 <= answer.load_min <= answer.load <= answer.load_max <= RULES.most
