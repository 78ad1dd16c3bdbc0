# SPDX-License-Identifier: EUPL-1.2
"""The revisions of schema `transit`."""

from __future__ import annotations

from pathlib import Path

from stadttakt_runtime.migrations.target import MigrationTarget
from vehicle_occupancy.tables import metadata

MIGRATIONS = MigrationTarget("transit", metadata, Path(__file__).parent / "versions")
