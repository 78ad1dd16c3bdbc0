# SPDX-License-Identifier: EUPL-1.2
"""What radio devices say of persons, learned from trips that doors counted."""

import random

import pytest

from vehicle_occupancy.domain.load.reading import Reading
from vehicle_occupancy.domain.presence import UNLEARNED, PresenceCalibration, Rate
from vehicle_occupancy.domain.presence_cells import Cell, CellSum, counted_cells, merged
from vehicle_occupancy.domain.presence_fit import fit

from .riding import LEVELS, empty, presence, rules, stop

RATES = {"a": 0.7, "b": 0.5, "c": 0.3}


def samples(
    number: int, rates: dict[str, float], *, seed: int = 1, background: float = 3.0
) -> list[CellSum]:
    rng = random.Random(seed)
    found = []
    for vehicle, rate in rates.items():
        for _ in range(number):
            load, hour = rng.randrange(80), rng.randrange(6, 20)
            seen = sum(rng.random() < rate for _ in range(load))
            seen += sum(rng.random() < background / 20 for _ in range(20))
            cell = Cell("wifi", vehicle, "1", hour, load // 5)
            found.append(CellSum(cell, 1.0, load, 1.0, seen, seen**2))
    return found


def test_rates_of_vehicles_are_found_and_their_uncertainty_is_honest() -> None:
    learned = fit(samples(300, RATES))
    for vehicle, rate in RATES.items():
        found = learned.expected("wifi", vehicle, "1", 12)
        assert found.rate == pytest.approx(rate, abs=0.03)
        assert abs(found.rate - rate) < 3 * found.rate_sd
        assert found.background == pytest.approx(3, abs=1)


def test_vehicle_with_few_samples_is_drawn_to_the_fleet() -> None:
    fleet = {f"v{n}": 0.5 for n in range(12)}
    few, many = samples(2, {"new": 0.9}), samples(200, {"new": 0.9})
    common = samples(100, fleet)
    drawn = fit([*common, *few]).expected("wifi", "new", "1", 12)
    trusted = fit([*common, *many]).expected("wifi", "new", "1", 12)
    assert 0.5 < drawn.rate < 0.75 < trusted.rate
    assert drawn.rate_sd > trusted.rate_sd


def test_unseen_vehicle_line_and_hour_get_the_fleets_mean_with_more_doubt() -> None:
    learned = fit(samples(200, RATES))
    seen = learned.expected("wifi", "b", "1", 12)
    unseen = learned.expected("wifi", "z", "9", 3)
    assert unseen.rate == pytest.approx(0.5, abs=0.1)
    assert unseen.rate_sd > 2 * seen.rate_sd


def test_nothing_is_learned_from_too_little_or_from_loads_that_are_all_alike() -> None:
    assert fit([]) == PresenceCalibration()
    assert fit(samples(3, {"a": 0.5})).wifi is None
    alike = [CellSum(Cell("wifi", "a", "1", 8, 2), 1.0, 10.0, 1.0, 5.0, 25.0) for _ in range(100)]
    assert fit(alike).wifi is None


def test_radio_that_was_not_learned_is_assumed_and_says_little() -> None:
    learned = fit(samples(200, RATES))
    assert learned.ble is None
    assert learned.expected("ble", "a", "1", 8) == UNLEARNED["ble"]


def test_cells_of_days_add_up_in_any_order() -> None:
    days = samples(40, RATES)
    assert merged(merged(days[:50]) + merged(days[50:])) == pytest.approx(merged(days))
    one, other = fit(days), fit(list(reversed(days)))
    first, second = (each.expected("wifi", "a", "1", 8) for each in (one, other))
    assert first == pytest.approx(second)


def test_counted_trips_give_cells_of_the_load_by_doors() -> None:
    readings: list[Reading] = [empty(0), *stop(2, 40, 0)]
    readings += [presence(3 + n, wifi=25, ble=10) for n in range(3)]
    cells = counted_cells(rules(), readings, LEVELS)
    assert {each.cell.radio for each in cells} == {"wifi", "ble"}
    wifi = next(each for each in cells if each.cell.radio == "wifi")
    assert wifi.cell.load_bin == 8
    assert wifi.load / wifi.weight == pytest.approx(41, abs=2)
    assert wifi.count / wifi.weight == pytest.approx(25)
    # The same devices sensed again are no new sample.
    assert 1 < wifi.weight < 1.6


def test_devices_beside_doors_that_do_not_know_the_load_give_no_cells() -> None:
    readings: list[Reading] = [*stop(2, 40, 0), presence(3, wifi=25)]
    assert counted_cells(rules(), readings, LEVELS) == []
    silent: list[Reading] = [empty(0), *stop(2, 40, 0), presence(30, wifi=25)]
    assert counted_cells(rules(), silent, LEVELS) == []


def test_rate_that_is_taken_as_certain_keeps_its_means() -> None:
    rate = Rate(2.0, 0.5, 1.0, 0.1, 1.5)
    assert rate.certain() == Rate(2.0, 0.5, 0.0, 0.0, 1.5)
