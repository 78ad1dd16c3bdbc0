# SPDX-License-Identifier: EUPL-1.2
"""The revisions of schema `uplink`."""

from __future__ import annotations

from pathlib import Path

from stadttakt_runtime.migrations.target import MigrationTarget
from uplink_decoder.tables import metadata

MIGRATIONS = MigrationTarget(
    "uplink", metadata, Path(__file__).parent / "versions", extensions=("pg_trgm",)
)
