# SPDX-License-Identifier: EUPL-1.2
"""Which stored uplinks or quarantined messages a replay is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Selection:
    """All that is given must hold; `from_time` is inclusive, `to_time` exclusive.

    `reason` and `quarantine_ids` are of quarantined messages only, `flags` and asset of uplinks.
    """

    dev_euis: tuple[str, ...] = ()
    codec_id: str | None = None
    source: str | None = None
    asset_kind: str | None = None
    asset_id: str | None = None
    flags: tuple[str, ...] = ()
    reason: str | None = None
    quarantine_ids: tuple[str, ...] = ()
    from_time: datetime | None = None
    to_time: datetime | None = None

    def document(self) -> dict[str, Any]:
        """Return what is given, as it is kept with the replay."""
        return {each.name: value for each in fields(self) if (value := getattr(self, each.name))}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Selection:
        """Read back what `document` gave."""
        given: dict[str, Any] = dict(document)
        for name in ("dev_euis", "flags", "quarantine_ids"):
            given[name] = tuple(given.get(name, ()))
        for name in ("from_time", "to_time"):
            if name in given:
                given[name] = datetime.fromisoformat(given[name])
        return cls(**given)
