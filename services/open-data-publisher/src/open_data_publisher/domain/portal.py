"""What the portal's pages need to know of a city."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["de", "en"]
LANGUAGES: tuple[Language, ...] = ("de", "en")


@dataclass(frozen=True, slots=True)
class PortalCity:
    """Whose portal it is; `timezone` is an IANA name, `bbox` west, south, east, north (WGS 84)."""

    city_name: str
    timezone: str
    bbox: tuple[float, float, float, float]


NOWHERE = PortalCity("Stadttakt", "UTC", (-180.0, -85.0, 180.0, 85.0))
"""An application that was built without a city's folder."""
