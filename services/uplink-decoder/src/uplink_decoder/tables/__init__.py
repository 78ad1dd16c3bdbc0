# SPDX-License-Identifier: EUPL-1.2
"""The tables of schema `uplink`; only `storage` and the migrations import them."""

from __future__ import annotations

from uplink_decoder.tables import (
    alerts,
    backfill,
    codecs,
    downlinks,
    environment,
    health,
    ledger,
    quarantine,
    registry,
    replay,
    sources,
    uplinks,
)
from uplink_decoder.tables.columns import metadata

__all__ = [
    "alerts",
    "backfill",
    "codecs",
    "downlinks",
    "environment",
    "health",
    "ledger",
    "metadata",
    "quarantine",
    "registry",
    "replay",
    "sources",
    "uplinks",
]
