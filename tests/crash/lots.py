# SPDX-License-Identifier: EUPL-1.2
"""What a lot and its sign may say with so many places free, by arithmetic of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FULL = "BESETZT"


def levels(free: int, capacity: int) -> set[str]:
    """Return the states that a lot of at least twenty places may have with so many free; which one it has depends on those before.

    Full at 2 % and almost full at 10 %, left only 2 % above them, by whole places at least (sign rule 2).
    """
    full = max(1, 0.02 * capacity)
    almost = max(full, 0.1 * capacity)
    if free <= full:
        return {"full"}
    found = {"almost_full" if free <= almost else "free"}
    if free < full + max(2, 0.02 * capacity):
        found.add("full")
    if free < almost + max(1, 0.02 * capacity):
        found.add("almost_full")
    return found


def says(sign: Mapping[str, Any], free: int, capacity: int) -> bool:
    """Tell whether a sign says so many free places: number, state and word."""
    state = sign.get("state")
    text = FULL if state == "full" else str(free)
    return sign.get("free") == free and state in levels(free, capacity) and sign.get("text") == text
