# SPDX-License-Identifier: EUPL-1.2
"""The devices in memory: codec and asset of each, taken over from the registry as it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from uplink_decoder.domain.periods import Period
from uplink_decoder.domain.readings import Asset


@dataclass(frozen=True, slots=True)
class Device:
    """What decoding needs to know of a device; `assignments` newest first.

    `codec_variables` is what its script gets as `input.variables`.
    """

    dev_eui: str
    codec_id: str | None
    assignments: Sequence[Period] = ()
    codec_variables: Mapping[str, str] | None = None

    def asset_at(self, time: datetime) -> Asset | None:
        """Return what the device watched at a time."""
        for period in self.assignments:
            ends = period.valid_to
            if period.valid_from <= time and (ends is None or time < ends):
                return period.asset
        return None


class DeviceBook:
    """The known devices, retired ones too; what changes is replaced between two batches."""

    def __init__(self, devices: Mapping[str, Device] | None = None) -> None:
        self._devices = dict(devices or {})

    def take_over(self, euis: Sequence[str], devices: Mapping[str, Device]) -> None:
        """Replace these devices by what was read of them; what is not there any more goes."""
        for dev_eui in euis:
            found = devices.get(dev_eui)
            if found is None:
                self._devices.pop(dev_eui, None)
            else:
                self._devices[dev_eui] = found

    def get(self, dev_eui: str) -> Device | None:
        """Return a device, or nothing for one that nobody registered."""
        return self._devices.get(dev_eui)

    def __len__(self) -> int:
        return len(self._devices)
