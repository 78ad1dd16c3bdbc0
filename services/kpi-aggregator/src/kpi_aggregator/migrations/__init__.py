# SPDX-License-Identifier: EUPL-1.2
"""The revisions of schema `kpi`."""

from __future__ import annotations

from pathlib import Path

from kpi_aggregator.tables import metadata
from stadttakt_runtime.migrations.target import MigrationTarget

MIGRATIONS = MigrationTarget("kpi", metadata, Path(__file__).parent / "versions")
