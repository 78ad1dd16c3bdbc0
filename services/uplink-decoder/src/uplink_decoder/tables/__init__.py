"""The tables of schema `uplink`; only `storage` and the migrations import them."""

from __future__ import annotations

from uplink_decoder.tables import quarantine, registry, uplinks
from uplink_decoder.tables.columns import metadata

__all__ = ["metadata", "quarantine", "registry", "uplinks"]
