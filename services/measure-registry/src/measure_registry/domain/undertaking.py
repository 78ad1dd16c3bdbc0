# SPDX-License-Identifier: EUPL-1.2
"""Measures and sub-projects: what all of them have, and what one must have to be one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from measure_registry.domain.steckbrief import Fault, Vocabulary

LEAST_FIELDS = 2
"""An integrated measure touches more than one Handlungsfeld (chapter 4)."""


class Kind(StrEnum):
    """What an undertaking is."""

    MEASURE = "measure"
    SUBPROJECT = "subproject"


class Reifegrad(StrEnum):
    """How far a thing has come; the last is what nobody has said."""

    IDEE = "idee"
    KONZEPT = "konzept"
    PILOT = "pilot"
    UMSETZUNG = "umsetzung"
    VERSTETIGUNG = "verstetigung"
    UNKNOWN = "nicht_angegeben"


class Standing(StrEnum):
    """Whether it is worked on; the last is what nobody has said."""

    GEPLANT = "geplant"
    LAUFEND = "laufend"
    ABGESCHLOSSEN = "abgeschlossen"
    EINGESTELLT = "eingestellt"
    UNKNOWN = "nicht_angegeben"


@dataclass(frozen=True, slots=True)
class Undertaking:
    """A measure or sub-project as it is stored; `applied` is what the city folder said last."""

    kind: Kind
    undertaking_id: str
    version: int
    definition: Mapping[str, Any]
    applied: Mapping[str, Any] | None
    created_at: datetime
    changed_at: datetime
    retired_at: datetime | None

    @property
    def is_staffs(self) -> bool:
        """Whether staff made it, or made it say something else than the folder."""
        return self.applied is None or self.definition != self.applied


def public_risks(definition: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the risks that everybody may know of; those from before there was a choice are such."""
    return [each for each in definition.get("risks") or () if each.get("public", True)]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return what each changed field said before and says after."""
    return {
        name: {"before": before.get(name), "after": value}
        for name, value in after.items()
        if before.get(name) != value
    }


def as_public(found: Undertaking) -> Undertaking:
    """Return an undertaking as everybody may see it."""
    definition = {**found.definition, "risks": public_risks(found.definition)}
    return replace(found, definition=definition)


def unknown_indicators(
    definition: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    known: Collection[str] | None,
) -> list[str]:
    """Return newly linked indicators that are none; nothing is known where the KPI aggregator tells none.

    What was linked before stays, so that an indicator that retires holds up no other change.
    """
    if known is None:
        return []
    linked = [each["indicator_id"] for each in definition.get("indicators") or ()]
    had = {each["indicator_id"] for each in (before or {}).get("indicators") or ()}
    return [each for each in linked if each not in known and each not in had]


def faults(
    kind: Kind,
    definition: Mapping[str, Any],
    vocabulary: Vocabulary,
    measures: Collection[str],
) -> Iterator[Fault]:
    """Yield what contradicts the city's words, or the measures that there are."""
    for field in ("handlungsfelder", "mehrwerte", "leitsaetze", "target_groups"):
        known = [each.term for each in getattr(vocabulary, field)]
        words: Sequence[str] = definition[field]
        if any(word not in known for word in words):
            yield Fault(field, f"must be of {', '.join(known)}")
        elif len(set(words)) != len(words):
            yield Fault(field, "names one twice")
    if kind is Kind.MEASURE and len(definition["handlungsfelder"]) < LEAST_FIELDS:
        yield Fault("handlungsfelder", "an integrated measure touches two at least")
    if kind is Kind.SUBPROJECT:
        unknown = [each for each in definition["measures"] if each not in measures]
        if unknown:
            yield Fault("measures", f"there is no measure {', '.join(unknown)}")
