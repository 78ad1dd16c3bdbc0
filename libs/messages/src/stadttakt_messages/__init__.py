# SPDX-License-Identifier: EUPL-1.2
"""The wire models and topics of Stadttakt; pydantic only, no I/O."""

from stadttakt_messages.base import BayId, LotId, SignId, VehicleId, WireModel
from stadttakt_messages.envelope import CONTENT_TYPE, CloudEvent, event_type, schema_urn
from stadttakt_messages.topics import DEFAULT_ROOT, Topics

__all__ = [
    "CONTENT_TYPE",
    "DEFAULT_ROOT",
    "BayId",
    "CloudEvent",
    "LotId",
    "SignId",
    "Topics",
    "VehicleId",
    "WireModel",
    "event_type",
    "schema_urn",
]
