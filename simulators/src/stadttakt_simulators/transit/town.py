# SPDX-License-Identifier: EUPL-1.2
"""All vehicles of a day together, in order of arrival; owns no clock and no socket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from stadttakt_simulators.transit.blocks import Block, blocks_of
from stadttakt_simulators.transit.delivery import Delivered, deliver
from stadttakt_simulators.transit.demand import Demand
from stadttakt_simulators.transit.reports import StopTruth
from stadttakt_simulators.transit.ride import Ride
from stadttakt_simulators.transit.timetable import Timetable
from stadttakt_simulators.transit.vehicles import BUS, TRAM, Errors, Kind, Mode, Vehicle, equip

TRAM_ROUTE = 0
"""GTFS `route_type` of trams and light rail; everything else is driven by buses here."""


@dataclass(frozen=True, slots=True)
class Service:
    """What is to be driven: sensors' errors, passengers of a mean trip in the busiest hour, sensors' mode."""

    seed: int
    errors: Errors = field(default_factory=Errors)
    passengers_per_trip: float = 100.0
    mode: Mode = "delta"
    counted_share: float = 1.0
    devices: float = 1.0
    position_every_s: float | None = None
    most_vehicles: int | None = None


class TransitDay:
    """One day of a network; the same seed gives the same passengers and errors."""

    def __init__(
        self,
        timetable: Timetable,
        service: Service,
        fleet: Sequence[tuple[str, Kind]] = (),
        *,
        school_holiday: bool = False,
    ) -> None:
        self._timetable, self._service = timetable, service
        self._demand = Demand(
            timetable,
            seed=service.seed,
            passengers_per_trip=service.passengers_per_trip,
            school_holiday=school_holiday,
        )
        blocks = blocks_of(timetable)[: service.most_vehicles]
        self.rides: tuple[tuple[Vehicle, Block], ...] = tuple(
            zip(
                equip(
                    _manned(blocks, fleet),
                    service.errors,
                    seed=service.seed,
                    mode=service.mode,
                    counted_share=service.counted_share,
                    devices=service.devices,
                ),
                blocks,
                strict=True,
            )
        )

    def of_vehicle(self, number: int) -> list[Delivered]:
        """This function returns the day of one vehicle, in order of arrival."""
        vehicle, block = self.rides[number]
        ride = Ride(vehicle, block, self._timetable, self._demand, self._service.errors)
        events = sorted(ride.events(self._service.position_every_s), key=attrgetter("at"))
        delivered = deliver(events, self._service.errors, seed=self._service.seed)
        return sorted(delivered, key=attrgetter("arrives_at"))

    def truth_of(self, number: int) -> Iterator[StopTruth]:
        """This function yields who really was in one vehicle at each stop, without what sensors saw."""
        vehicle, block = self.rides[number]
        ride = Ride(vehicle, block, self._timetable, self._demand, self._service.errors)
        return (event for event in ride.events() if isinstance(event, StopTruth))

    def all(self) -> Iterator[Delivered]:
        """This function returns the day of all vehicles, in order of arrival."""
        return iter(
            sorted(
                (each for number in range(len(self.rides)) for each in self.of_vehicle(number)),
                key=attrgetter("arrives_at"),
            )
        )


def _manned(blocks: Sequence[Block], fleet: Sequence[tuple[str, Kind]]) -> list[tuple[str, Kind]]:
    """This function gives each circulation a vehicle of its kind: the city's own ones first."""
    trams = [each for each in fleet if each[1].name == TRAM.name]
    buses = [each for each in fleet if each[1].name == BUS.name]
    manned = []
    for number, block in enumerate(blocks, start=1):
        tram = block[0].route_type == TRAM_ROUTE
        free = trams if tram else buses
        name = "tram" if tram else "bus"
        manned.append(free.pop(0) if free else (f"sim-{name}-{number:03d}", TRAM if tram else BUS))
    return manned
