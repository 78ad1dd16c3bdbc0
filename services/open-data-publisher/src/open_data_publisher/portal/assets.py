# SPDX-License-Identifier: EUPL-1.2
"""Styles, scripts and symbols of the pages."""

from stadttakt_runtime.http.assets import Assets

ASSETS = Assets("open_data_publisher.portal", "stadttakt_runtime.http.city_map")


def address_of(name: str) -> str:
    """Return an asset's address, which changes with the content of any."""
    return f"/{ASSETS.address_of(name)}"
