"""The tables of schema `uplink`; only `storage` and the migrations import them."""

from __future__ import annotations

from uplink_decoder.tables import alerts, codecs, ledger, quarantine, registry, uplinks
from uplink_decoder.tables.columns import metadata

__all__ = ["alerts", "codecs", "ledger", "metadata", "quarantine", "registry", "uplinks"]
