# SPDX-License-Identifier: EUPL-1.2
"""The value that a share of all values does not exceed, by rank."""

from __future__ import annotations

import math
from collections.abc import Sequence


def ranked(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed (nearest rank)."""
    return sorted(values)[math.ceil(len(values) * share) - 1]
