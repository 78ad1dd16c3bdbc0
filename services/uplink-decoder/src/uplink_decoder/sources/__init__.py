# SPDX-License-Identifier: EUPL-1.2
"""Where messages come from: the city's `sources.yaml` and which source owns a message."""

from uplink_decoder.sources.file import read_sources
from uplink_decoder.sources.model import Broker, Limits, Source, Tls, Webhook, lacking_right
from uplink_decoder.sources.rights import AssetKind, Grant
from uplink_decoder.sources.storage import SourceStorage
from uplink_decoder.sources.table import Origin, SourceTable

__all__ = [
    "AssetKind",
    "Broker",
    "Grant",
    "Limits",
    "Origin",
    "Source",
    "SourceStorage",
    "SourceTable",
    "Tls",
    "Webhook",
    "lacking_right",
    "read_sources",
]
