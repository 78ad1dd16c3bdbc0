# SPDX-License-Identifier: EUPL-1.2
"""The revisions of schema `registry`."""

from __future__ import annotations

from pathlib import Path

from measure_registry.tables import metadata
from stadttakt_runtime.migrations.target import MigrationTarget

MIGRATIONS = MigrationTarget(
    "registry", metadata, Path(__file__).parent / "versions", extensions=("pg_trgm",)
)
