# SPDX-License-Identifier: EUPL-1.2
"""Words that several DATEX II formats share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from open_data_publisher.domain.truth import Truth
from stadttakt_messages.states import LotState, SiteStatus

TRENDS: Mapping[str | None, str] = {
    "rising": "decreasing",
    "falling": "increasing",
    "steady": "stable",
    None: "unknown",
}
"""The platform's trend is that of the free places, DATEX II's that of the occupancy."""

SITE_STATUS = {
    SiteStatus.FREE: "spacesAvailable",
    SiteStatus.ALMOST_FULL: "almostFull",
    SiteStatus.FULL: "full",
    SiteStatus.CLOSED: "other",
    SiteStatus.UNKNOWN: "unknown",
}
"""Closed is told by the opening status; a closed lot is not full."""


@lru_cache(4096)
def time_text(moment: datetime) -> str:
    """Return a time as XML Schema has it, in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(4096)
def version_text(moment: datetime) -> str:
    """Return a version that grows with time, to the millisecond, and is the same for the same standing data."""
    return str(round(1000 * moment.timestamp()))


def information_status(truth: Truth) -> str:
    """Return what a parking publication is: `test` as soon as anything of it is simulated."""
    return "test" if truth.is_simulated(("lot", "bay")) else "real"


def occupied_percentage(state: LotState) -> float | None:
    """Return the share of places in use that are taken, in percent; nothing where unknown."""
    usable = state.capacity - state.out_of_service
    if state.free is None or usable <= 0:
        return None
    return round(100 * (usable - state.free) / usable, 1)
