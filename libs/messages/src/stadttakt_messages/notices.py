# SPDX-License-Identifier: EUPL-1.2
"""Alerts of any service, events of the registry and of indicators."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from stadttakt_messages.base import Count, PlainId, UtcTime, Version, WireModel

Detail = str | int | float | bool | None
"""A figure or name that an alert carries for machines, under a name with its unit."""


class Severity(StrEnum):
    """How soon somebody must look."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class AlertText(WireModel):
    """A sentence for people, German first."""

    de: str
    en: str


class Alert(WireModel):
    """Something wants attention; retained until cleared by an empty payload."""

    alert_id: PlainId
    kind: Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,60}$")]
    severity: Severity
    text: AlertText
    since: UtcTime
    details: Mapping[str, Detail] = Field(default_factory=dict)


class RegistryEvent(WireModel):
    """An idea or measure was submitted, moved or changed; carries nothing personal."""

    entity: Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,40}$")]
    entity_id: PlainId
    action: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
    from_state: str | None = None
    to_state: str | None = None


class GroupMean(WireModel):
    """What a group of a survey says on the mean, and how many persons of it were asked."""

    mean: float
    persons: Count


class IndicatorValue(WireModel):
    """What an indicator's period amounts to now, or that it has no value for a reason."""

    indicator_id: PlainId
    period: Annotated[str, StringConstraints(pattern=r"^(day|week|month|quarter|year)$")]
    period_start: date
    value: float | None
    unit: str
    reason: str | None = None
    completeness: Annotated[float, Field(ge=0, le=1)] | None = None
    provisional: bool = False
    public: bool
    version: Version
    cause: str
    parts: Mapping[str, Count] | None = None
    """How many of each group of the indicator, where it has groups and they are told."""
    evenness: Annotated[float, Field(ge=0, le=1)] | None = None
    """How evenly it is spread over them: entropy by its maximum (Shannon, Pielou)."""
    means: Mapping[str, GroupMean] | None = None
    """What groups of a survey say on the mean, where they are told."""
