# SPDX-License-Identifier: EUPL-1.2
"""The schema `platform`: API keys, shared by all services, owned by none."""

from __future__ import annotations

from pathlib import Path

from stadttakt_runtime.auth.tables import metadata
from stadttakt_runtime.migrations.target import MigrationTarget

PLATFORM = MigrationTarget("platform", metadata, Path(__file__).parent / "versions")
