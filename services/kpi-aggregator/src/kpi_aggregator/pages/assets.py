# SPDX-License-Identifier: EUPL-1.2
"""Styles and scripts of the pages."""

from stadttakt_runtime.http.assets import Assets

ASSETS = Assets("kpi_aggregator.pages")
