# SPDX-License-Identifier: EUPL-1.2
"""Where foreign messages come in: `transit/sources.yaml`, and what a topic says of a message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from stadttakt_runtime.broker_access.login_names import SourceId
from stadttakt_runtime.city_files import read_yaml_lists
from stadttakt_runtime.mqtt import is_topic_filter
from vehicle_occupancy.dialects.model import Options

FILE = Path("transit") / "sources.yaml"
VEHICLE, DOOR = "{vehicle}", "{door}"
DialectName = Literal["vdv301", "itxpt", "waltti-apc", "paxcounter"]


class SourceEntry(BaseModel):
    """One source: whose messages come on which topics, in which dialect.

    In a topic, `{vehicle}` and `{door}` are levels that say which; `+` and `#` as in MQTT.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source_id: SourceId
    dialect: DialectName
    topics: Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]
    mode: Literal["cumulative", "delta"] = "cumulative"
    format: Literal["packed", "plain"] = "packed"
    vehicle_totals: bool = False
    timezone: str = "UTC"
    simulated: bool = False

    @field_validator("topics")
    @classmethod
    def _are_filters(cls, topics: tuple[str, ...]) -> tuple[str, ...]:
        for topic in topics:
            levels = topic.split("/")
            plain = _filter(levels)
            if not is_topic_filter(plain) or plain.startswith(("$", "+", "#")):
                raise ValueError(f"{topic!r} is no topic of a source")
            if levels.count(VEHICLE) > 1 or levels.count(DOOR) > 1:
                raise ValueError(f"{topic!r} says twice which vehicle or door")
        return topics

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"there is no time zone {name}") from error
        return name

    @model_validator(mode="after")
    def _names_the_vehicle(self) -> Self:
        if self.dialect != "waltti-apc" and any(VEHICLE not in each for each in self.topics):
            raise ValueError(f"topics: a level {VEHICLE} must say which vehicle it is")
        return self


@dataclass(frozen=True, slots=True)
class Route:
    """One topic of a source."""

    source_id: str
    dialect: DialectName
    levels: tuple[str, ...]
    options: Options
    simulated: bool

    @property
    def filter(self) -> str:
        """Return the topic as MQTT's filter."""
        return _filter(self.levels)

    def match(self, levels: Sequence[str]) -> tuple[str | None, str | None] | None:
        """Return vehicle and door as a topic says them; None where it is another one."""
        vehicle = door = None
        for place, wanted in enumerate(self.levels):
            if wanted == "#":
                return vehicle, door
            if place >= len(levels):
                return None
            given = levels[place]
            if wanted == VEHICLE:
                vehicle = given
            elif wanted == DOOR:
                door = given
            elif wanted not in ("+", given):
                return None
        return (vehicle, door) if len(levels) == len(self.levels) else None


def _filter(levels: Sequence[str]) -> str:
    return "/".join("+" if level in (VEHICLE, DOOR) else level for level in levels)


def read_sources(city: Path | None) -> tuple[Route, ...]:
    """Return the topics of a city's sources, in their order; none without the file.

    Raises CityError with file and line.
    """
    file = city / FILE if city else None
    if file is None or not file.exists():
        return ()
    routes: list[Route] = []
    seen: set[str] = set()
    for located in read_yaml_lists(file, ("sources",))["sources"]:
        entry = located.parse(SourceEntry)
        if entry.source_id in seen:
            raise located.error(f"{entry.source_id} is given twice", ("source_id",))
        seen.add(entry.source_id)
        options = Options(
            zone=ZoneInfo(entry.timezone),
            mode=entry.mode,
            byte_order="little" if entry.format == "packed" else "big",
            vehicle_totals=entry.vehicle_totals,
        )
        routes += (
            Route(entry.source_id, entry.dialect, tuple(topic.split("/")), options, entry.simulated)
            for topic in entry.topics
        )
    return tuple(routes)
