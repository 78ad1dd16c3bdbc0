# SPDX-License-Identifier: EUPL-1.2
"""What was measured in several rounds, as a cell of a table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def spread(values: Sequence[float], digits: int) -> str:
    """Return the median, and the lowest and highest of more than one."""
    middle, low, high = statistics.median(values), min(values), max(values)
    range_told = f" ({low:,.{digits}f} to {high:,.{digits}f})" if len(values) > 1 else ""
    return f"{middle:,.{digits}f}{range_told}"
