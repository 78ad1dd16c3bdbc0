# SPDX-License-Identifier: EUPL-1.2
"""What turnover of a lot looks like, from single bays, from gates or from both."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class Bounded(BaseModel):
    """A count as reported, and between what the truth lies as far as observations reach."""

    value: int
    min: int
    max: int


class DwellBin(BaseModel):
    """Stays of `from_min` to before `to_min` minutes that ended, and the estimated share of all."""

    from_min: int
    to_min: int | None
    stays: int
    share: float


class Quantile(BaseModel):
    """Minutes as reported, and between what they lie; null: too many stays were lost before."""

    value: float | None
    min: float | None
    max: float | None


class DwellView(BaseModel):
    """Dwell times of the stays that began in the stretch (Kaplan and Meier)."""

    ended: int
    censored: int = Field(description="stays still going on or lost from sight")
    p25: Quantile
    median: Quantile
    p75: Quantile
    p90: Quantile
    bins: list[DwellBin]


class KindOccupancy(BaseModel):
    """Bays of one kind: the share of known bay time in which they were occupied."""

    kind: str
    bays: int
    occupied_share: float | None
    completeness: float


class Estimated(BaseModel):
    """A number and between what the truth lies; null where it cannot be told."""

    value: float | None
    min: float | None
    max: float | None


class Turnover(BaseModel):
    """One stretch of time; what the lot's detection cannot tell is null, `not_known` says why."""

    start: datetime
    end: datetime
    arrivals: Bounded
    departures: Bounded
    arrivals_per_h: float | None = Field(description="of the time in which the lot was known")
    found: int | None = Field(
        description="stays whose arrival nobody saw: after silence, or the first"
    )
    lost: int | None = Field(description="stays lost from sight by silence")
    turnover: float | None = Field(
        description="arrivals per bay and day of known bay time; null: known for too short"
    )
    overstays: Bounded | None = Field(
        description="stays longer than the bay's or else the lot's max_stay_min"
    )
    dwell: DwellView | None = Field(description="null: fewer than `min_stays` stays")
    dwell_mean_min: Estimated | None = Field(
        description="gates: vehicle time by arrivals (Little), minutes"
    )
    full_share: float | None = Field(description="gates: share of known time without a free place")
    arrivals_while_full: Estimated | None = Field(description="gates: who came to no free place")
    failed_entries: Estimated | None = Field(
        description="gates: who came to a full or nearly full lot and left without having parked"
    )
    by_kind: list[KindOccupancy]
    completeness: float = Field(description="share of bay time that was known, 0 to 1")


class NotKnown(BaseModel):
    """Fields that are null for this lot, and why."""

    fields: list[str]
    why: str


class LotTurnover(BaseModel):
    """Stays of a lot, all kinds of bays but those that belong to a person.

    `mixed`: arrivals and departures are those of the gates, dwell times those of the sensed bays.
    """

    lot_id: str
    bucket: str
    timezone: str = Field(
        description="the city's: a bucket of 1d is one of its days, of 23 to 25 h"
    )
    method: Literal["single_bay", "balancing", "mixed"]
    counted_until: datetime
    min_stays: int
    simulated: bool
    not_known: list[NotKnown]
    total: Turnover
    items: list[Turnover]
