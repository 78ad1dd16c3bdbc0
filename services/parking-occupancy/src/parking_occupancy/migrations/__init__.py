# SPDX-License-Identifier: EUPL-1.2
"""The revisions of schema `parking`."""

from __future__ import annotations

from pathlib import Path

from parking_occupancy.tables import metadata
from stadttakt_runtime.migrations.target import MigrationTarget

MIGRATIONS = MigrationTarget("parking", metadata, Path(__file__).parent / "versions")
