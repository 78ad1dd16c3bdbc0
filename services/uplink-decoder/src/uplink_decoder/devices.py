"""The devices in memory: codec and asset of each, re-read when the registry changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from uplink_decoder.domain.readings import Asset


@dataclass(frozen=True, slots=True)
class Assignment:
    """A device watched an asset from one time until another."""

    asset: Asset
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class Device:
    """What decoding needs to know of a device; `assignments` newest first."""

    dev_eui: str
    codec_id: str | None
    assignments: Sequence[Assignment] = ()

    def asset_at(self, time: datetime) -> Asset | None:
        """Return what the device watched at a time."""
        for assignment in self.assignments:
            ends = assignment.valid_to
            if assignment.valid_from <= time and (ends is None or time < ends):
                return assignment.asset
        return None


class DeviceBook:
    """The known devices; replaced as a whole, so that a batch sees one state."""

    def __init__(self, devices: Mapping[str, Device] | None = None) -> None:
        self._devices = devices or {}

    def replace(self, devices: Mapping[str, Device]) -> None:
        """Take over what was read from the registry."""
        self._devices = devices

    def get(self, dev_eui: str) -> Device | None:
        """Return a device, or nothing for one that nobody registered."""
        return self._devices.get(dev_eui)

    def __len__(self) -> int:
        return len(self._devices)
