# SPDX-License-Identifier: EUPL-1.2
"""Units that the same quantity comes in, and how they become the catalogue's; pure."""

from __future__ import annotations

from typing import NamedTuple


class Conversion(NamedTuple):
    """`wanted = given * factor + offset`."""

    factor: float
    offset: float = 0.0


# By the catalogue's unit (`quantities.py`) and the unit that is given.
CONVERSIONS: dict[tuple[str, str], Conversion] = {
    ("°C", "°F"): Conversion(5 / 9, -160 / 9),
    ("°C", "K"): Conversion(1, -273.15),
    ("hPa", "Pa"): Conversion(0.01),
    ("hPa", "kPa"): Conversion(10),
    ("hPa", "mbar"): Conversion(1),
    ("hPa", "bar"): Conversion(1000),
    ("m/s", "km/h"): Conversion(1 / 3.6),
    ("m/s", "kn"): Conversion(1852 / 3600),
    ("µg/m³", "mg/m³"): Conversion(1000),
    ("µg/m³", "ng/m³"): Conversion(0.001),
    ("ppm", "ppb"): Conversion(0.001),
    ("ppb", "ppm"): Conversion(1000),
    ("lux", "klx"): Conversion(1000),
    ("%", "1"): Conversion(100),
    ("cm", "mm"): Conversion(0.1),
    ("cm", "m"): Conversion(100),
    ("m", "cm"): Conversion(0.01),
    ("m", "mm"): Conversion(0.001),
    ("mm", "cm"): Conversion(10),
    ("mm", "m"): Conversion(1000),
    ("m³/s", "L/s"): Conversion(0.001),
    ("L", "m³"): Conversion(1000),
    ("dS/m", "mS/cm"): Conversion(1),
    ("dS/m", "µS/cm"): Conversion(0.001),
    ("kPa", "hPa"): Conversion(0.1),
    ("kPa", "cbar"): Conversion(1),
    ("W/m²", "kW/m²"): Conversion(1000),
}

_SPELLINGS = {
    "C": "°C",
    "degC": "°C",
    "Celsius": "°C",
    "F": "°F",
    "degF": "°F",
    "deg": "°",
    "degree": "°",
    "percent": "%",
    "ug/m3": "µg/m³",
    "μg/m³": "µg/m³",
    "µg/m3": "µg/m³",
    "mg/m3": "mg/m³",
    "ng/m3": "ng/m³",
    "m3/s": "m³/s",
    "m3": "m³",
    "l": "L",
    "l/s": "L/s",
    "lx": "lux",
    "W/m2": "W/m²",
    "kW/m2": "kW/m²",
    "dBA": "dB(A)",
    "uS/cm": "µS/cm",
    "l/m2": "mm",
    "l/m²": "mm",
    "kt": "kn",
    "kmh": "km/h",
    "ms-1": "m/s",
}
"""Other spellings of the same unit; a litre of rain on a square metre is a millimetre."""


def convert(value: float, given: str, wanted: str) -> float | None:
    """Return a value in the wanted unit; nothing where that cannot be done for sure."""
    unit = _SPELLINGS.get(given, given)
    if unit == wanted:
        return value
    conversion = CONVERSIONS.get((wanted, unit))
    if conversion is None:
        return None
    # Six digits behind the point are more than any sensor has, and hide binary fractions.
    return round(value * conversion.factor + conversion.offset, 6)


def known_units(wanted: str) -> list[str]:
    """Return which units can be given where one is wanted."""
    return [wanted, *sorted(given for to, given in CONVERSIONS if to == wanted)]
