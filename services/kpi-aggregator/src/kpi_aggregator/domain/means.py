# SPDX-License-Identifier: EUPL-1.2
"""Means of groups, as of grades by age."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class GroupMean(NamedTuple):
    """What a group says on the mean, and how many persons of it were asked."""

    mean: float
    persons: int


Means = Mapping[str, GroupMean]


def persons_of(means: Means | None) -> dict[str, int] | None:
    """Return how many persons each group is."""
    return None if means is None else {group: each.persons for group, each in means.items()}
