# SPDX-License-Identifier: EUPL-1.2
"""Which vehicle drives which trips one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from stadttakt_simulators.transit.timetable import Timetable, Trip

SHORTEST_LAYOVER_S = 120
LONGEST_LAYOVER_S = 3_600

Block = tuple[Trip, ...]


def blocks_of(timetable: Timetable) -> list[Block]:
    """This function returns the day's circulations: the timetable's own, else trips joined at their ends."""
    named: dict[str, list[Trip]] = {}
    loose: list[Trip] = []
    for trip in timetable.trips:
        if trip.block_id:
            named.setdefault(trip.block_id, []).append(trip)
        else:
            loose.append(trip)
    blocks = [tuple(trips) for _, trips in sorted(named.items())]
    return blocks + _joined(loose)


def _joined(trips: Sequence[Trip]) -> list[Block]:
    """This function gives each trip to the vehicle of its kind that waits longest at its first stop."""
    blocks: list[list[Trip]] = []
    waiting: dict[tuple[str, int], list[list[Trip]]] = {}
    for trip in trips:
        place = (_station(trip.calls[0].stop_id), trip.route_type)
        there = waiting.get(place, [])
        block = next((each for each in there if _follows(each[-1], trip)), None)
        if block is None:
            block = []
            blocks.append(block)
        else:
            there.remove(block)
        block.append(trip)
        waiting.setdefault((_station(trip.calls[-1].stop_id), trip.route_type), []).append(block)
    return [tuple(block) for block in blocks]


def _follows(before: Trip, after: Trip) -> bool:
    return SHORTEST_LAYOVER_S <= after.begins_s - before.ends_s <= LONGEST_LAYOVER_S


def _station(stop_id: str) -> str:
    """This function drops a platform's last digits, which differ by direction in German feeds."""
    return stop_id[:-2] if stop_id.isdigit() else stop_id
