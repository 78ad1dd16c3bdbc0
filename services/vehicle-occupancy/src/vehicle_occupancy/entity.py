# SPDX-License-Identifier: EUPL-1.2
"""Names one of the two views of a vehicle, and counts what was shown of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

View = Literal["vehicle", "vehicle-load"]
"""What everybody may know of a vehicle, and what the entitled may: its numbers."""
VIEWS: tuple[View, ...] = ("vehicle", "vehicle-load")


class Entity(NamedTuple):
    """One vehicle as one of the two sees it."""

    view: View
    id: str


@dataclass(frozen=True, slots=True)
class Mark:
    """How often an entity was shown anew, and the place of the last time among all of its view."""

    version: int
    change_no: int
