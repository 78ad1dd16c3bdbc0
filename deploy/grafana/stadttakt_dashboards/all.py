# SPDX-License-Identifier: EUPL-1.2
"""All dashboards, in the order in which somebody looks for what is wrong."""

from __future__ import annotations

from stadttakt_dashboards import (
    deliveries,
    devices,
    forecasts,
    indicators,
    ingest,
    internals,
    overview,
    parking,
    vehicles,
)

DASHBOARDS = tuple(
    module.DASHBOARD
    for module in (
        overview,
        ingest,
        devices,
        parking,
        vehicles,
        forecasts,
        deliveries,
        indicators,
        internals,
    )
)
