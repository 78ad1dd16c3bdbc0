# SPDX-License-Identifier: EUPL-1.2
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stadttakt_simulators.parking.demand import LotDemand, ParkingDemand
from stadttakt_simulators.parking.lot import ALLOWED_KINDS, Bay, BayChange
from stadttakt_simulators.parking.profiles import PROFILES

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 11, 22, 23, tzinfo=UTC)  # midnight in Berlin
KINDS = st.lists(st.sampled_from(sorted(ALLOWED_KINDS)), min_size=1, max_size=30)


def demand_of(
    kinds: list[str], profile: str = "shopping", *, seed: int = 1, start: datetime = MONDAY
) -> ParkingDemand:
    bays = tuple(Bay(f"lot-{number:02d}", kind) for number, kind in enumerate(kinds, 1))
    lot = LotDemand("lot", bays, PROFILES[profile])
    return ParkingDemand([lot], zone=BERLIN, seed=seed, start=start)


def a_day(demand: ParkingDemand, start: datetime = MONDAY) -> list[BayChange]:
    return demand.advance(start + timedelta(days=1))


@settings(max_examples=25, deadline=None)
@given(kinds=KINDS, profile=st.sampled_from(sorted(PROFILES)), seed=st.integers(0, 1000))
def test_a_bay_is_entered_only_when_free_and_left_only_when_occupied(
    kinds: list[str], profile: str, seed: int
):
    demand = demand_of(kinds, profile, seed=seed)
    occupied = dict(demand.occupied_bays())
    last = MONDAY
    for change in a_day(demand):
        assert change.at >= last
        assert occupied[change.bay_id] is not change.occupied
        occupied[change.bay_id], last = change.occupied, change.at
        assert sum(occupied.values()) <= len(kinds)
    assert occupied == demand.occupied_bays()
    assert demand.cars == sum(occupied.values())


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), steps=st.integers(1, 48))
def test_the_same_seed_gives_the_same_cars_however_time_is_cut(seed: int, steps: int):
    whole = a_day(demand_of(["general"] * 20, seed=seed))
    cut = demand_of(["general"] * 20, seed=seed)
    pieces = [
        change
        for step in range(1, steps + 1)
        for change in cut.advance(MONDAY + timedelta(days=1) * step / steps)
    ]
    assert pieces == whole


def test_another_seed_gives_other_cars():
    assert a_day(demand_of(["general"] * 20, seed=1)) != a_day(demand_of(["general"] * 20, seed=2))


def test_drivers_prefer_low_numbers():
    changes = a_day(demand_of(["general"] * 40, "station"))
    entries = [int(change.bay_id[-2:]) for change in changes if change.occupied]
    low, high = (
        sum(number in part for number in entries) for part in (range(1, 11), range(31, 41))
    )
    assert low > high


def test_an_owned_bay_is_used_by_its_owner_only():
    changes = a_day(demand_of(["general"] * 10 + ["disabled_assigned"]), MONDAY)
    entries = [change for change in changes if change.occupied and change.bay_id == "lot-11"]
    assert len(entries) <= 6, "shoppers would come more often"


def test_a_full_lot_turns_drivers_away():
    demand = demand_of(["general"] * 5, "evening")
    assert demand.failed_entries == 0
    a_day(demand)
    assert demand.failed_entries > 0


@pytest.mark.parametrize(
    ("profile", "busy_hour", "quiet_hour"),
    [("commuter", 11, 3), ("shopping", 12, 3), ("station", 16, 3), ("evening", 20, 6)],
)
def test_lots_fill_at_the_hours_of_their_profile(profile: str, busy_hour: int, quiet_hour: int):
    demand = demand_of(["general"] * 50, profile)
    cars = {}
    for hour in range(1, 24):
        demand.advance(MONDAY + timedelta(hours=hour))
        cars[hour] = demand.cars
    assert cars[busy_hour] > 25
    assert cars[quiet_hour] < 15


def test_offices_are_empty_on_sundays():
    sunday = MONDAY + timedelta(days=6)
    demand = demand_of(["general"] * 50, "commuter", start=sunday)
    demand.advance(sunday + timedelta(hours=11))
    assert demand.cars < 25


def test_the_hour_that_summer_time_skips_or_repeats_changes_nothing():
    for night in (datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)):
        changes = a_day(demand_of(["general"] * 20, start=night), night)
        assert [change.at for change in changes] == sorted(change.at for change in changes)
