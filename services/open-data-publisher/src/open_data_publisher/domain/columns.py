# SPDX-License-Identifier: EUPL-1.2
"""What a column of a dataset holds, in the words of both languages; no values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ColumnType(StrEnum):
    """Types that all formats know."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `unit` as UCUM or a word, `origin` names whose data it is when not the city's own."""

    name: str
    type: ColumnType
    de: str
    en: str
    unit: str | None = None
    origin: str | None = None


def text(name: str, de: str, en: str, *, origin: str | None = None) -> Column:
    """Return a column of words."""
    return Column(name, ColumnType.TEXT, de, en, None, origin)


def whole(name: str, de: str, en: str, *, unit: str | None = None) -> Column:
    """Return a column of whole numbers."""
    return Column(name, ColumnType.INTEGER, de, en, unit)


def number(
    name: str, de: str, en: str, *, unit: str | None = None, origin: str | None = None
) -> Column:
    """Return a column of numbers."""
    return Column(name, ColumnType.NUMBER, de, en, unit, origin)


def moment(name: str, de: str, en: str) -> Column:
    """Return a column of times in UTC."""
    return Column(name, ColumnType.TIME, de, en)


def day(name: str, de: str, en: str) -> Column:
    """Return a column of days of the city."""
    return Column(name, ColumnType.DATE, de, en)


SIMULATED = Column(
    "simulated",
    ColumnType.BOOLEAN,
    "simuliert: wahr, wo aus simulierten Daten, nicht gemessen; leer, wo es keine Daten gibt",
    "simulated: true where of simulated data, not measured; empty where there are no data",
)


def position(prefix: str = "", *, origin: str | None = None) -> tuple[Column, Column]:
    """Return latitude and longitude."""
    return (
        number(f"{prefix}lat", "Breite (WGS 84)", "latitude (WGS 84)", unit="deg", origin=origin),
        number(f"{prefix}lon", "Länge (WGS 84)", "longitude (WGS 84)", unit="deg", origin=origin),
    )
