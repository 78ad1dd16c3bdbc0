# SPDX-License-Identifier: EUPL-1.2
"""Names and places of stops, lines and levels, as vehicle occupancy tells them; none while it is away."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from open_data_publisher.domain.portal import LANGUAGES, Language
from open_data_publisher.upstream import (
    LEVELS,
    LINES,
    STOPS,
    AwayError,
    MissingError,
    Reading,
    Source,
    Upstream,
)


@dataclass(frozen=True, slots=True)
class Stop:
    """Where vehicles stop (WGS 84)."""

    name: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Line:
    """What passengers know as a line; `ends` are its last stops by direction."""

    long_name: str
    ends: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Places:
    """What is known of them; `labels` are the city's words for levels by key and language.

    Others have another `number`.
    """

    stops: Mapping[str, Stop] = field(default_factory=dict)
    lines: Mapping[str, Line] = field(default_factory=dict)
    labels: Mapping[Language, Mapping[str, str]] = field(default_factory=dict)
    number: int = 0

    def words(self, language: Language) -> Mapping[str, str]:
        """Return the city's own words for levels, by the keys of the pages' texts."""
        return self.labels.get(language, {})


class Gazetteer:
    """Places as they were made last: made anew when vehicle occupancy was read anew."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._made_of: tuple[object, ...] = ()
        self._places = Places()

    async def places(self) -> Places:
        """Return what vehicle occupancy says; nothing of what it cannot be asked for now."""
        stops, lines, levels = await asyncio.gather(
            *(_found(self._upstream, source) for source in (STOPS, LINES, LEVELS))
        )
        made_of = (stops.readings, lines.readings, levels.readings)
        if made_of != self._made_of:
            found = _places(stops.body, lines.body, levels.body)
            self._places = replace(found, number=self._places.number + 1)
            self._made_of = made_of
        return self._places


async def _found(upstream: Upstream, source: Source) -> Reading:
    try:
        return await upstream.read_items(source)
    except (AwayError, MissingError):
        return Reading((), 0, ())


def _places(stops: Iterable[Any], lines: Iterable[Any], levels: Collection[Any]) -> Places:
    return Places(
        {each["stop_id"]: Stop(each["name"], each["lat"], each["lon"]) for each in stops},
        {each["line"]: Line(each["long_name"], each["ends"]) for each in lines},
        _labels(levels),
    )


def _labels(levels: Collection[Any]) -> dict[Language, dict[str, str]]:
    return {
        language: {
            f"live.level_{each['level']}": each["labels"][language]
            for each in levels
            if language in each["labels"]
        }
        for language in LANGUAGES
    }
