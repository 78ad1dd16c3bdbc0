# SPDX-License-Identifier: EUPL-1.2
"""How evenly a number is spread over its groups; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log


def evenness(parts: Mapping[str, int] | None, groups: Sequence[str]) -> float | None:
    """Return Shannon's entropy of the shares of all groups by its maximum, 0 to 1.

    1: all groups are alike; 0: all is in one. A group that nobody is in counts: it is a group of
    the indicator. None where there are fewer than two groups or nobody at all. Shannon (A
    Mathematical Theory of Communication, Bell System Technical Journal 27, 1948, section 6) by the
    logarithm of the number of groups (Pielou, The measurement of diversity in different types of
    biological collections, Journal of Theoretical Biology 13, 1966, 131-144).
    """
    total = sum((parts or {}).values())
    if parts is None or len(groups) < 2 or total <= 0:
        return None
    shares = [count / total for count in parts.values() if count > 0]
    return abs(sum(share * log(share) for share in shares)) / log(len(groups))


def told_evenness(
    parts: Mapping[str, int] | None, told: Mapping[str, int] | None, groups: Sequence[str]
) -> float | None:
    """Return the evenness of all parts where all of them are told: it would tell the one that is not."""
    return None if told is None or told != parts else evenness(parts, groups)
