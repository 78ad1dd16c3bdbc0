# SPDX-License-Identifier: EUPL-1.2
"""The network servers' JSON, mapped once at the edge: ChirpStack v4 and The Things Stack v3."""

from uplink_decoder.dialects.chirpstack import read_chirpstack
from uplink_decoder.dialects.tts import read_tts

__all__ = ["read_chirpstack", "read_tts"]
