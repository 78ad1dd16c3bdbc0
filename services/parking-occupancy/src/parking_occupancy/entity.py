# SPDX-License-Identifier: EUPL-1.2
"""Names one bay, lot or sign among all, and counts what was shown of it."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["bay", "lot", "sign"]


class Entity(NamedTuple):
    """One bay, lot or sign."""

    kind: Kind
    id: str


class Mark(NamedTuple):
    """How often an entity was shown anew, and the place of the last time among all changes."""

    version: int
    change_no: int
