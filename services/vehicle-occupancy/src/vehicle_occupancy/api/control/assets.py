# SPDX-License-Identifier: EUPL-1.2
"""Style, script and symbol of the control centre's pages."""

from stadttakt_runtime.http.assets import Assets

ASSETS = Assets("vehicle_occupancy.api.control")
