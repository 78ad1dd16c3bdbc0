# SPDX-License-Identifier: EUPL-1.2
"""The section `transit` of simulation.yaml, and the city's own vehicles."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

from stadttakt_simulators.city.section import CityError, Section
from stadttakt_simulators.transit.town import Service
from stadttakt_simulators.transit.vehicles import Errors, Kind, Mode

MODES: tuple[Mode, ...] = ("delta", "cumulative")
CALENDAR = Path("calendar.yaml")
FLEET = Path("transit") / "vehicles.yaml"


@dataclass(frozen=True, slots=True)
class TransitConfig:
    """Where the timetable is, below the city folder, and what is driven."""

    timetable: str
    service: Service


def read_transit(section: Section, seed: int) -> TransitConfig:
    """This function reads the section; raises CityError with file and line."""
    name = section.text("mode", "delta")
    mode = next((each for each in MODES if each == name), None)
    if mode is None:
        raise section.error("mode", f"modes are {' and '.join(MODES)}")
    config = TransitConfig(
        section.text("timetable"),
        Service(
            seed=seed,
            errors=_errors(section.section("errors", optional=True)),
            passengers_per_trip=section.number("passengers_per_trip", 100.0),
            mode=mode,
            counted_share=_share(section, "counted_share", 1.0),
            position_every_s=section.number("position_every_s", 15.0),
        ),
    )
    section.finish()
    return config


def _errors(section: Section) -> Errors:
    usual = Errors()
    found = {
        each.name: section.number(each.name, getattr(usual, each.name))
        if each.name == "late_s"
        else _share(section, each.name, getattr(usual, each.name))
        for each in fields(Errors)
    }
    section.finish()
    return Errors(**found)


def _share(section: Section, key: str, default: float) -> float:
    value = section.number(key, default)
    if not 0 <= value <= 1:
        raise section.error(key, f"{key!r} must be between 0 and 1")
    return value


def read_school_holidays(folder: Path) -> list[tuple[date, date]]:
    """This function returns the first and last days of the city's school holidays, if it names any."""
    path = folder / CALENDAR
    if not path.exists():
        return []
    found = []
    for section in Section.load(path).sections("days"):
        begin = section.day("from")
        if section.text("kind") == "school_holiday":
            found.append((begin, section.day("to", begin)))
    return found


def _tare(section: Section) -> float | None:
    """This function returns the mass of the empty vehicle, where its axles are weighed."""
    mass_kg = section.section("axles", optional=True).number("tare_kg", 0.0)
    return mass_kg or None


def read_fleet(folder: Path) -> list[tuple[str, Kind]]:
    """This function returns the vehicles of a city with doors to count at; none where it names none."""
    path = folder / FLEET
    if not path.exists():
        return []
    root = Section.load(path)
    kinds = {
        section.text("kind"): Kind(
            section.text("mode"),
            section.integer("seats"),
            section.integer("standing"),
            len(section.texts("doors", [])),
            _tare(section),
        )
        for section in root.sections("kinds")
    }
    fleet = []
    for section in root.sections("vehicles"):
        name = section.text("kind")
        if name not in kinds:
            raise CityError(f"{path}: kind {name!r} of {section.text('vehicle_id')!r} is unknown")
        if kinds[name].doors:
            fleet.append((section.text("vehicle_id"), kinds[name]))
    return fleet
