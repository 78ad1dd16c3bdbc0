"""Names and places of stops, lines and levels, as vehicle occupancy tells them; none while it is away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from open_data_publisher.domain.portal import LANGUAGES, Language
from open_data_publisher.upstream import LEVELS, LINES, STOPS, AwayError, MissingError, Upstream


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
    """What is known of them; `labels` are the city's words for levels by key and language."""

    stops: Mapping[str, Stop] = field(default_factory=dict)
    lines: Mapping[str, Line] = field(default_factory=dict)
    labels: Mapping[Language, Mapping[str, str]] = field(default_factory=dict)

    def words(self, language: Language) -> Mapping[str, str]:
        """Return the city's own words for levels, by the keys of the pages' texts."""
        return self.labels.get(language, {})


async def find_places(upstream: Upstream) -> Places:
    """Return what vehicle occupancy says; nothing of what it cannot be asked for now."""
    return Places(
        {
            each["stop_id"]: Stop(each["name"], each["lat"], each["lon"])
            for each in await _items(upstream, STOPS)
        },
        {
            each["line"]: Line(each["long_name"], each["ends"])
            for each in await _items(upstream, LINES)
        },
        _labels(await _items(upstream, LEVELS)),
    )


async def _items(upstream: Upstream, source: Any) -> list[Any]:
    try:
        if source is STOPS:
            return list((await upstream.read_all(source)).body)
        return list((await upstream.read(source)).body["items"])
    except (AwayError, MissingError):
        return []


def _labels(levels: list[Any]) -> dict[Language, dict[str, str]]:
    return {
        language: {
            f"live.level_{each['level']}": each["labels"][language]
            for each in levels
            if language in each["labels"]
        }
        for language in LANGUAGES
    }
