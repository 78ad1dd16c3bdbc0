# SPDX-License-Identifier: EUPL-1.2
"""What an observation event is about: kind and subject to the asset and its topic; pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from stadttakt_messages.topics import Topics
from uplink_decoder.domain.readings import Asset

_ID = r"[^/+#\x00-\x1f\x7f]{1,128}"
_FORMS = {
    "bay-occupancy": re.compile(rf"bay/(?P<asset>{_ID})"),
    "vehicle-count": re.compile(rf"lot/(?P<asset>{_ID})/gate/(?P<part>{_ID})"),
    "passenger-count": re.compile(rf"vehicle/(?P<asset>{_ID})/door/(?P<part>{_ID})"),
    "device-presence": re.compile(rf"vehicle/(?P<asset>{_ID})"),
    "axle-load": re.compile(rf"vehicle/(?P<asset>{_ID})"),
    "environment": re.compile(rf"asset/(?P<asset>{_ID})"),
}
_KINDS = {
    "bay-occupancy": "bay",
    "vehicle-count": "lot_gate",
    "passenger-count": "vehicle",
    "device-presence": "vehicle",
    "axle-load": "vehicle",
    "environment": "environment",
}
FORMS = {
    "bay-occupancy": "bay/<bay_id>",
    "vehicle-count": "lot/<lot_id>/gate/<gate>",
    "passenger-count": "vehicle/<vehicle_id>/door/<door>",
    "device-presence": "vehicle/<vehicle_id>",
    "axle-load": "vehicle/<vehicle_id>",
    "environment": "asset/<asset_id>",
}
"""How the subject of each kind of observation is written."""


class Subject(NamedTuple):
    """The asset that an observation is of, and the gate or door where it has one."""

    kind: str
    asset: Asset
    part: str | None

    def topic(self, topics: Topics) -> str:
        """Return where the observation is published."""
        return _topic(self.kind, self.asset.asset_id, self.part, topics)


def read_subject(kind: str, text: str) -> Subject | None:
    """Read an event's subject; nothing where it does not have the form of its kind."""
    found = _FORMS[kind].fullmatch(text)
    if found is None:
        return None
    asset_id, part = found["asset"], found.groupdict().get("part")
    if kind == "vehicle-count":
        # As in the registry, where a device watches a gate.
        return Subject(kind, Asset(_KINDS[kind], f"{asset_id}/{part}"), part)
    return Subject(kind, Asset(_KINDS[kind], asset_id), part)


def _topic(kind: str, asset_id: str, part: str | None, topics: Topics) -> str:
    match kind:
        case "bay-occupancy":
            return topics.bay_occupancy(asset_id)
        case "vehicle-count":
            return topics.vehicle_count(asset_id.partition("/")[0], part or "")
        case "passenger-count":
            return topics.passenger_count(asset_id, part or "")
        case "device-presence":
            return topics.device_presence(asset_id)
        case "axle-load":
            return topics.axle_load(asset_id)
        case _:
            return topics.environment(asset_id)
