# SPDX-License-Identifier: EUPL-1.2
"""Public holidays of a country or its part, from the library `holidays`; which is configuration."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

import holidays

A_YEAR = (2026,)
# The library knows other names too: of exchanges and of its own parts, which are no places.
_REGION = re.compile(r"([A-Z]{2})(?:-([A-Z0-9]{1,3}))?")


class UnknownRegionError(ValueError):
    """Nobody knows the holidays of this place."""


def public_holidays(region: str, years: Iterable[int]) -> frozenset[date]:
    """Return the holidays of a region by its ISO 3166-2 code, such as DE-ST, or of a country (ISO 3166-1).

    Raises:
        UnknownRegionError: it is no such code, or the library has none of its holidays.

    """
    code = _REGION.fullmatch(region)
    if code is None:
        raise UnknownRegionError(f"nobody knows the holidays of {region}")
    country, part = code.groups()
    try:
        return frozenset(holidays.country_holidays(country, subdiv=part, years=years))
    # This is how the library says that it does not know a place.
    except NotImplementedError as error:
        raise UnknownRegionError(f"nobody knows the holidays of {region}") from error


def require_region(region: str) -> None:
    """Raise UnknownRegionError for a region whose holidays nobody knows; an empty one is nobody's."""
    if region:
        public_holidays(region, A_YEAR)
