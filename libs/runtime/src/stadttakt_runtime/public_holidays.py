# SPDX-License-Identifier: EUPL-1.2
"""Public holidays of a country or its part, from the library `holidays`; which is configuration."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import holidays

A_YEAR = (2026,)


class UnknownRegionError(ValueError):
    """Nobody knows the holidays of this place."""


def public_holidays(region: str, years: Iterable[int]) -> frozenset[date]:
    """Return the holidays of a region by its ISO 3166-2 code, such as DE-ST, or of a country."""
    country, _, part = region.partition("-")
    try:
        return frozenset(holidays.country_holidays(country, subdiv=part or None, years=years))
    except NotImplementedError as error:
        raise UnknownRegionError(f"nobody knows the holidays of {region}") from error


def require_region(region: str) -> None:
    """Raise UnknownRegionError for a region whose holidays nobody knows; an empty one is nobody's."""
    if region:
        public_holidays(region, A_YEAR)
