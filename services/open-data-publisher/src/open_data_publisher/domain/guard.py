# SPDX-License-Identifier: EUPL-1.2
"""What no policy can open, whatever a state says: bays of persons, and numbers that cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from stadttakt_messages.states import PERSONAL_KINDS, BayState, LotState, SiteStatus

if TYPE_CHECKING:
    from open_data_publisher.domain.truth import AnyState

CountT = TypeVar("CountT")
_FREE = ("free_min", "free", "free_max")
_WITHOUT_NUMBER = frozenset({SiteStatus.CLOSED, SiteStatus.UNKNOWN})


def guarded(state: AnyState) -> AnyState | None:
    """Return what the widest policy may tell of a state; nothing of a bay of a person."""
    if isinstance(state, BayState):
        return None if is_personal(state) else state
    return _lot(state) if isinstance(state, LotState) else state


def is_personal(state: BayState) -> bool:
    """Tell whether a bay is for persons, be it at some hours: then it is told of at no time."""
    if state.kind in PERSONAL_KINDS or not PERSONAL_KINDS.isdisjoint(state.groups):
        return True
    return any(each.type in PERSONAL_KINDS for each in state.restrictions)


def _lot(state: LotState) -> LotState:
    told = {
        **_free_places(state),
        "by_kind": _of_nobody(state.by_kind),
        "by_group": _of_nobody(state.by_group),
        "restrictions": [each for each in state.restrictions if each.type not in PERSONAL_KINDS],
    }
    changed = {name: value for name, value in told.items() if value != getattr(state, name)}
    return state.model_copy(update=changed) if changed else state


def _free_places(state: LotState) -> Mapping[str, Any]:
    """Return the free places and their bounds: none of a lot that is closed or unknown, else at most the places in use."""
    if state.state in _WITHOUT_NUMBER:
        return dict.fromkeys(_FREE)
    usable = max(0, state.capacity - state.out_of_service)
    least, free, most = (
        None if number is None else min(number, usable)
        for number in (state.free_min, state.free, state.free_max)
    )
    if free is not None:
        least = None if least is None else min(least, free)
        most = None if most is None else max(most, free)
    elif least is not None and most is not None and least > most:
        least = most = None
    return {"free_min": least, "free": free, "free_max": most}


def _of_nobody(counts: Mapping[str, CountT]) -> dict[str, CountT]:
    return {kind: count for kind, count in counts.items() if kind not in PERSONAL_KINDS}
