# SPDX-License-Identifier: EUPL-1.2
"""The revisions of schema `opendata`."""

from __future__ import annotations

from pathlib import Path

from open_data_publisher.tables import metadata
from stadttakt_runtime.migrations.target import MigrationTarget

MIGRATIONS = MigrationTarget("opendata", metadata, Path(__file__).parent / "versions")
