# SPDX-License-Identifier: EUPL-1.2
"""The catalogue of known quantities: name, unit, plausible range, labels; owns no value.

Names and units of the first part are those of The Things Stack's normalized payload (schema
`payload.json` of the public device repository), the second part's are ours in the same manner.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

QUANTITY_PATTERN = r"^[A-Za-z0-9_.]{1,80}$"
_IS_NAME = re.compile(QUANTITY_PATTERN)


class Averaging(StrEnum):
    """How values of one quantity become their mean."""

    ARITHMETIC = "arithmetic"
    CIRCULAR = "circular"
    """Angles: the direction of the mean vector, since 350 and 10 degrees make 0, not 180."""
    ENERGETIC = "energetic"
    """Levels in decibel: the level of the mean energy (DIN 45641)."""


class Quantity(NamedTuple):
    """What is measured, in which unit, and between which values it is plausible."""

    name: str
    unit: str
    minimum: float
    maximum: float
    english: str
    german: str
    in_tts: bool = False
    averaging: Averaging = Averaging.ARITHMETIC

    def is_plausible(self, value: float) -> bool:
        """Tell whether the value can be true outdoors in a city."""
        return self.minimum <= value <= self.maximum


def _tts(
    name: str, unit: str, minimum: float, maximum: float, english: str, german: str
) -> Quantity:
    return Quantity(name, unit, minimum, maximum, english, german, in_tts=True)


_TTS = (
    _tts("air.temperature", "°C", -50, 60, "Air temperature", "Lufttemperatur"),
    _tts("air.relativeHumidity", "%", 0, 100, "Relative humidity", "Relative Luftfeuchte"),
    _tts("air.pressure", "hPa", 800, 1100, "Atmospheric pressure", "Luftdruck"),
    _tts("air.co2", "ppm", 250, 10_000, "Carbon dioxide", "Kohlendioxid"),
    _tts("air.lightIntensity", "lux", 0, 200_000, "Illuminance", "Beleuchtungsstärke"),
    _tts("wind.speed", "m/s", 0, 75, "Wind speed", "Windgeschwindigkeit"),
    _tts("wind.direction", "°", 0, 360, "Wind direction", "Windrichtung")._replace(
        averaging=Averaging.CIRCULAR
    ),
    _tts("soil.depth", "cm", 0, 500, "Depth of the soil sensor", "Tiefe des Bodensensors"),
    _tts("soil.moisture", "%", 0, 100, "Soil moisture", "Bodenfeuchte"),
    _tts("soil.temperature", "°C", -30, 60, "Soil temperature", "Bodentemperatur"),
    _tts("soil.ec", "dS/m", 0, 100, "Soil conductivity", "Leitfähigkeit des Bodens"),
    _tts("soil.pH", "pH", 0, 14, "Soil pH", "pH-Wert des Bodens"),
    _tts("soil.n", "ppm", 0, 10_000, "Nitrogen in the soil", "Stickstoff im Boden"),
    _tts("soil.p", "ppm", 0, 10_000, "Phosphorus in the soil", "Phosphor im Boden"),
    _tts("soil.k", "ppm", 0, 10_000, "Potassium in the soil", "Kalium im Boden"),
    _tts("water.leak", "1", 0, 1, "Leak detected", "Leck erkannt"),
    _tts("water.temperature.min", "°C", -5, 60, "Lowest water temperature", "Minimum Wasser"),
    _tts("water.temperature.max", "°C", -5, 60, "Highest water temperature", "Maximum Wasser"),
    _tts("water.temperature.avg", "°C", -5, 60, "Mean water temperature", "Mittel Wasser"),
    _tts("water.temperature.current", "°C", -5, 60, "Water temperature", "Wassertemperatur"),
    _tts("metering.water.total", "L", 0, 1e12, "Water meter", "Wasserzähler"),
    _tts("action.motion.detected", "1", 0, 1, "Motion detected", "Bewegung erkannt"),
    _tts("action.motion.count", "1", 0, 1e9, "Motion events", "Bewegungen"),
    _tts("action.contactState", "1", 0, 1, "Contact open", "Kontakt offen"),
)

_OURS = (
    Quantity("air.pm1", "µg/m³", 0, 2_000, "Particulate matter PM1", "Feinstaub PM1"),
    Quantity("air.pm2_5", "µg/m³", 0, 2_000, "Particulate matter PM2.5", "Feinstaub PM2,5"),
    Quantity("air.pm10", "µg/m³", 0, 5_000, "Particulate matter PM10", "Feinstaub PM10"),
    Quantity("air.no2", "µg/m³", 0, 2_000, "Nitrogen dioxide", "Stickstoffdioxid"),
    Quantity("air.o3", "µg/m³", 0, 1_000, "Ozone", "Ozon"),
    Quantity("air.tvoc", "ppb", 0, 60_000, "Volatile organic compounds", "Flüchtige Verbindungen"),
    Quantity("air.globalRadiation", "W/m²", 0, 1_500, "Global radiation", "Globalstrahlung"),
    Quantity("wind.gust", "m/s", 0, 100, "Wind gust", "Windböe"),
    Quantity("rain.amount", "mm", 0, 500, "Rain since the reading before", "Niederschlag"),
    Quantity("rain.intensity", "mm/h", 0, 400, "Rain intensity", "Niederschlagsintensität"),
    Quantity(
        "noise.laeq", "dB(A)", 15, 140, "Equivalent noise level LAeq", "Mittelungspegel LAeq"
    )._replace(averaging=Averaging.ENERGETIC),
    Quantity("noise.lamax", "dB(A)", 15, 150, "Highest noise level LAmax", "Maximalpegel LAmax"),
    Quantity("noise.la90", "dB(A)", 15, 140, "Background noise level LA90", "Grundpegel LA90"),
    Quantity("water.level", "m", -50, 50, "Water level above gauge zero", "Wasserstand über Pegel"),
    Quantity("water.distance", "m", 0, 100, "Distance to the water", "Abstand zum Wasser"),
    Quantity("water.flow", "m³/s", 0, 10_000, "Discharge", "Abfluss"),
    Quantity("road.temperature", "°C", -50, 90, "Road surface temperature", "Fahrbahntemperatur"),
    Quantity("soil.tension", "kPa", 0, 300, "Soil water tension", "Saugspannung des Bodens"),
)

QUANTITIES: Mapping[str, Quantity] = MappingProxyType({each.name: each for each in (*_TTS, *_OURS)})


AVERAGED: Mapping[Averaging, tuple[str, ...]] = MappingProxyType(
    {
        way: tuple(each.name for each in QUANTITIES.values() if each.averaging is way)
        for way in Averaging
    }
)


def is_quantity_name(text: str) -> bool:
    """Tell whether a text may name a quantity, known or not."""
    return _IS_NAME.match(text) is not None


def objection(name: str, unit: str) -> str | None:
    """Return why a known quantity cannot have this unit; nothing where it can or is unknown."""
    known = QUANTITIES.get(name)
    if known is None or known.unit == unit:
        return None
    return f"{name} is in {known.unit}, not in {unit}"


def is_plausible(name: str, value: float) -> bool:
    """Tell whether a value lies in its quantity's range; an unknown quantity has none."""
    known = QUANTITIES.get(name)
    return known is None or known.is_plausible(value)
