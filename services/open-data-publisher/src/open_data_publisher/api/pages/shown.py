"""What several pages show: lots and vehicles now, in an order that people expect."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request

from open_data_publisher.board import Board
from open_data_publisher.domain.truth import Truth
from open_data_publisher.places import Gazetteer, Places
from open_data_publisher.portal.language import language_of
from open_data_publisher.portal.now import is_simulated, lot_view, vehicle_view
from open_data_publisher.portal.words import all_below, words_in
from stadttakt_runtime.clock import utc_now


class Shown:
    """One request's present: the truth, and the words for it."""

    def __init__(self, request: Request, truth: Truth, places: Places) -> None:
        self.language = language_of(request)
        self.truth = truth
        self.places = places
        self.words = words_in(self.language, places.words(self.language))

    @property
    def at(self) -> datetime:
        """When this was true."""
        return self.truth.at

    def values(self) -> dict[str, Any]:
        """Return what every live page needs."""
        return {
            "t": self.words,
            "at": self.at,
            "simulated": is_simulated(self.truth),
            "scripts": ("live.js",),
            "script_words": all_below("live", self.language, self.places.words(self.language)),
        }

    def lots(self, search: str = "") -> list[dict[str, Any]]:
        """Return the lots whose names hold some words, in the order of their names."""
        wanted = search.casefold().split()
        views = (lot_view(each.state) for each in self.truth.lots)
        found = [lot for lot in views if all(word in lot["name"].casefold() for word in wanted)]
        return sorted(found, key=lambda lot: lot["name"].casefold())

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines with the vehicles on them, each with its stop and where it goes."""
        by_line: dict[str, list[dict[str, Any]]] = {}
        for each in self.truth.vehicles:
            if each.state.line is not None:
                by_line.setdefault(each.state.line, []).append(vehicle_view(each.state))
        return [self._line(name, by_line[name]) for name in sorted(by_line, key=_natural)]

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
    board: Board = request.app.state.board
    gazetteer: Gazetteer = request.app.state.gazetteer
    return Shown(request, board.truth(utc_now()), await gazetteer.places())


Now = Annotated[Shown, Depends(_shown)]


def _natural(name: str) -> list[tuple[int, str]]:
    """Order lines as people do: 2 before 10."""
    return [
        (int(part) if part.isdigit() else -1, part) for part in re.split(r"(\d+)", name) if part
    ]
