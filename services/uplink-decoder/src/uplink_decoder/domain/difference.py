# SPDX-License-Identifier: EUPL-1.2
"""What another reading of the same uplink changes: observations matched, fields compared."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from uplink_decoder.domain.events import correction_id, event_id, index_of
from uplink_decoder.domain.readings import Observation

STAMP = frozenset({"codec_id", "codec_version"})
"""Who decoded is no part of what was observed."""


class Change(StrEnum):
    """How what is decoded now relates to what is stored."""

    NEW = "new"
    CHANGED = "changed"
    GONE = "gone"
    SAME = "same"


class Standing(StrEnum):
    """Whether a published observation still holds."""

    CURRENT = "current"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"


class StoredObservation(NamedTuple):
    """An observation as it was published, and whether it still holds."""

    observed_at: datetime
    seq: int
    event_id: str
    kind: str
    subject: str
    data: Mapping[str, Any]
    standing: Standing = Standing.CURRENT


class Correction(NamedTuple):
    """An observation to be published under a new id; `replaces` is nothing for a new one."""

    event_id: str
    observation: Observation
    replaces: StoredObservation | None


class FieldChange(NamedTuple):
    """One field that differs; before or after is nothing where it is absent."""

    field: str
    change: Change
    before: Any
    after: Any


@dataclass(slots=True)
class Comparison:
    """An uplink's observations, old against new."""

    same: int = 0
    changed: list[Correction] = field(default_factory=list)
    new: list[Correction] = field(default_factory=list)
    gone: list[StoredObservation] = field(default_factory=list)
    revived: list[StoredObservation] = field(default_factory=list)

    @property
    def is_same(self) -> bool:
        """Tell whether nothing needs to be published or marked."""
        return not (self.changed or self.new or self.gone or self.revived)


def compare(
    uplink_id: uuid.UUID, stored: Sequence[StoredObservation], fresh: Sequence[Observation]
) -> Comparison:
    """Match an uplink's observations by kind, subject and time, and name what differs.

    A new observation gets its own index, or where that was given to
    another one before, the next that never was. One that was withdrawn and is there again holds
    again, unpublished: consumers were never told that it was gone.
    """
    if _is_one_and_the_same(stored, fresh):
        return Comparison(same=1)
    result = Comparison()
    waiting: dict[tuple[str, str, datetime], list[StoredObservation]] = {}
    for each in sorted(stored, key=_by_standing):
        if each.standing is not Standing.REPLACED:
            waiting.setdefault((each.kind, each.subject, each.observed_at), []).append(each)
    used = {index_of(each.event_id) for each in stored}
    for index, observation in enumerate(fresh):
        found = waiting.get((observation.kind, observation.subject, observation.observed_at))
        if not found:
            number = index if index not in used else max(used) + 1
            used.add(number)
            result.new.append(Correction(event_id(uplink_id, number), observation, None))
            continue
        old = found.pop(0)
        if not says_the_same(old.data, observation.data):
            result.changed.append(Correction(correction_id(old.event_id), observation, old))
        elif old.standing is Standing.WITHDRAWN:
            result.revived.append(old)
        else:
            result.same += 1
    left = (each for several in waiting.values() for each in several)
    result.gone = [each for each in left if each.standing is Standing.CURRENT]
    return result


def _is_one_and_the_same(stored: Sequence[StoredObservation], fresh: Sequence[Observation]) -> bool:
    """Tell whether there is one observation and it is as it was: what most uplinks are."""
    if len(stored) != 1 or len(fresh) != 1:
        return False
    (old,), (new,) = stored, fresh
    return (
        old.standing is Standing.CURRENT
        and old.kind == new.kind
        and old.subject == new.subject
        and old.observed_at == new.observed_at
        and says_the_same(old.data, new.data)
    )


def observation_fields(comparison: Comparison) -> Iterator[FieldChange]:
    """Return each observation's fields that differ."""
    for _, observation, old in comparison.changed:
        if old is not None:
            yield from fields_between(observation.kind, old.data, observation.data, but=STAMP)
    for correction in comparison.new:
        observation = correction.observation
        yield FieldChange(observation.kind, Change.NEW, None, content(observation.data))
    for old in comparison.revived:
        yield FieldChange(old.kind, Change.NEW, None, content(old.data))
    for old in comparison.gone:
        yield FieldChange(old.kind, Change.GONE, content(old.data), None)


def fields_between(
    name: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    but: frozenset[str] = frozenset(),
) -> Iterator[FieldChange]:
    """Return the fields that differ between two objects, as `<name>.<field>`."""
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if key in but or (old == new and (key in before) == (key in after)):
            continue
        if key not in before:
            change = Change.NEW
        else:
            change = Change.CHANGED if key in after else Change.GONE
        yield FieldChange(f"{name}.{key}", change, old, new)


def _by_standing(stored: StoredObservation) -> tuple[bool, int]:
    return stored.standing is not Standing.CURRENT, index_of(stored.event_id)


def says_the_same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Tell whether two observations have the same content, whoever decoded them."""
    return before == after or content(before) == content(after)


def content(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an observation says, without who decoded it."""
    return {key: value for key, value in data.items() if key not in STAMP}
