# SPDX-License-Identifier: EUPL-1.2
"""What several pages show: lots and vehicles now, in an order that people expect."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request

from open_data_publisher.live import Live, Present
from open_data_publisher.places import Gazetteer, Places
from open_data_publisher.portal.language import language_of
from open_data_publisher.portal.words import all_below, words_in
from stadttakt_messages.states import LotState
from stadttakt_runtime.clock import utc_now


class Shown:
    """One request's present, and the words for it."""

    def __init__(self, request: Request, present: Present, places: Places, at: datetime) -> None:
        self.language = language_of(request)
        self.present = present
        self.places = places
        self.at = at
        self.words = words_in(self.language, places.words(self.language))

    @property
    def once(self) -> tuple[object, ...]:
        """Return what a page of all this hangs on: while it is the same, so is the page."""
        return (self.present.number, self.places.number, self.at.replace(second=0, microsecond=0))

    def once_of(self, state: LotState) -> tuple[object, ...]:
        """Return what a page of one lot hangs on: others may change."""
        minute = self.at.replace(second=0, microsecond=0)
        return (state.model_dump_json(), self.present.simulated, self.places.number, minute)

    def values(self) -> dict[str, Any]:
        """Return what every live page needs."""
        return {
            "t": self.words,
            "at": self.at,
            "simulated": self.present.simulated,
            "scripts": ("live.js",),
            "script_words": all_below("live", self.language, self.places.words(self.language)),
        }

    def lots(self, search: str = "") -> list[dict[str, Any]]:
        """Return the lots whose names hold some words, in the order of their names."""
        wanted = search.casefold().split()
        return [
            lot
            for lot in self.present.lots
            if all(word in lot["name"].casefold() for word in wanted)
        ]

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines with the vehicles on them, each with its stop and where it goes."""
        vehicles = self.present.vehicles
        return [self._line(name, vehicles[name]) for name in sorted(vehicles, key=_natural)]

    def _line(self, name: str, vehicles: Iterable[dict[str, Any]]) -> dict[str, Any]:
        known = self.places.lines.get(name)
        rows = []
        for vehicle in vehicles:
            stop = self.places.stops.get(vehicle["stop"] or "")
            ends = known.ends if known else {}
            rows.append(
                {
                    **vehicle,
                    "towards": ends.get(str(vehicle["direction"])),
                    "stop_name": stop.name if stop else None,
                }
            )
        rows.sort(key=lambda row: (row["direction"] or 0, row["stop_name"] or "", row["id"]))
        return {"name": name, "long_name": known.long_name if known else "", "vehicles": rows}


async def _shown(request: Request) -> Shown:
    live: Live = request.app.state.live
    gazetteer: Gazetteer = request.app.state.gazetteer
    places, now = await gazetteer.places(), utc_now()
    return Shown(request, live.now(now), places, now)


Now = Annotated[Shown, Depends(_shown)]


def _natural(name: str) -> list[tuple[int, str]]:
    """Order lines as people do: 2 before 10."""
    return [
        (int(part) if part.isdigit() else -1, part) for part in re.split(r"(\d+)", name) if part
    ]
