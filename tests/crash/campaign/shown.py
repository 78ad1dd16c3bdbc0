# SPDX-License-Identifier: EUPL-1.2
"""What bays, lots and signs show otherwise than the truth: numbers, states and words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from crash.campaign.beside import BESIDE, SHORT, SILENT_AFTER_S
from crash.campaign.reckoning import Truth
from crash.campaign.town import (
    BAYS,
    CLOCK_STEP_S,
    GATED,
    GATED_CAPACITY,
    HOLD_S,
    SILENT_SIGN,
    STALE_AFTER_S,
)
from crash.lots import levels, says
from crash.truth import as_time
from stadttakt_runtime.clock import utc_now

CAPACITIES = {**BAYS, GATED: GATED_CAPACITY}
SAYS_NOTHING = "P"
SILENT_SIGN_S = SILENT_AFTER_S[SHORT] + HOLD_S + CLOCK_STEP_S
"""After the last word of its lot the silent sign tells no number any more."""

States = Mapping[str, Any]


def differing_shown(where: str, truth: Truth, states: States, asked_at: datetime) -> Iterator[str]:
    """Yield what differs in states that were asked for no sooner than `asked_at`."""
    for bay_id, (state, since, measured_at, _) in truth.bays().items():
        shown = states.get(f"bay/{bay_id}") or {}
        found = (shown.get("state"), as_time(shown.get("since")), as_time(shown.get("measured_at")))
        if found != (state, since, measured_at):
            yield f"{where}: bay {bay_id} is {found} instead of {(state, since, measured_at)}"
    heard_at = truth.heard_at()
    for lot_id, (free, occupied) in truth.counts().items():
        capacity = CAPACITIES[lot_id]
        lot, sign = (states.get(each) or {} for each in (f"lot/{lot_id}", f"sign/{lot_id}-tor"))
        wanted = _numbers(truth, lot_id, free, occupied)
        if _of(lot, wanted) != wanted or lot.get("state") not in levels(free, capacity):
            yield f"{where}: lot {lot_id} shows {_of(lot, (*wanted, 'state'))} instead of {wanted}"
        known_at = truth.must_be_known(lot_id, asked_at)
        yield from differing_age(f"{where}: lot {lot_id}", lot, heard_at[lot_id], known_at)
        may_be_silent = _is_stale(heard_at[lot_id])
        if not (may_be_silent and _is_silent(sign)) and not says(sign, free, capacity):
            yield f"{where}: sign {lot_id}-tor shows {_of(sign, _SIGN)} instead of {free} free"
    if must_be_silent(truth, asked_at):
        yield from _differing_silence(where, states)


def _numbers(truth: Truth, lot_id: str, free: int, occupied: int) -> dict[str, Any]:
    """Return the numbers of a lot, of which all places are for everybody and none is out of service."""
    capacity = CAPACITIES[lot_id]
    unknown = capacity - free - occupied
    spread = truth.spread() if lot_id == GATED else 0
    places = {"capacity": capacity, "free": free, "occupied": occupied, "unknown": unknown}
    kinds = {"general": {**places, "out_of_service": 0}}
    return {
        **kinds["general"],
        "free_min": max(free - spread, 0),
        "free_max": min(free + spread, capacity),
        "by_kind": kinds,
        "by_group": kinds,
    }


def differing_age(
    what: str, shown: Mapping[str, Any], heard_at: datetime | None, known_at: datetime | None
) -> Iterator[str]:
    """Yield what is told to be measured after it was heard last, or before what must be known of it.

    A word that says the same may be older than what was heard last: it is renewed in its turn.
    """
    measured_at = as_time(shown.get("measured_at"))
    is_ahead = None not in {measured_at, heard_at} and measured_at > heard_at  # type: ignore[operator]
    is_behind = known_at is not None and (measured_at is None or measured_at < known_at)
    if is_ahead or is_behind:
        span = f"between {known_at} and {heard_at}"
        yield f"{what} was measured at {measured_at} instead of {span}"


def must_be_silent(truth: Truth, at: datetime) -> bool:
    """Tell whether the silent sign must tell no number at a moment."""
    last = max((each.at for each in truth.of("short")), default=None)
    return last is None or at - last > timedelta(seconds=SILENT_SIGN_S)


def _differing_silence(where: str, states: States) -> Iterator[str]:
    lot, sign = states.get(f"lot/{SHORT}") or {}, states.get(f"sign/{SILENT_SIGN}") or {}
    wanted = {"free": None, "occupied": 0, "unknown": BESIDE[SHORT], "state": "unknown"}
    if _of(lot, wanted) != wanted:
        yield f"{where}: lot {SHORT} is silent and shows {_of(lot, wanted)} instead of {wanted}"
    if not _is_silent(sign):
        yield f"{where}: sign {SILENT_SIGN} shows {_of(sign, _SIGN)}, and its lot is silent"


_SIGN = ("free", "state", "text")


def _of(shown: Mapping[str, Any], names: Mapping[str, Any] | tuple[str, ...]) -> dict[str, Any]:
    return {name: shown.get(name, "nothing") for name in names}


def _is_silent(sign: Mapping[str, Any]) -> bool:
    return tuple(_of(sign, _SIGN).values()) == (None, "unknown", SAYS_NOTHING)


def _is_stale(heard_at: datetime) -> bool:
    """Tell whether a sign must have fallen silent since nothing was measured."""
    return utc_now() - heard_at > timedelta(seconds=STALE_AFTER_S)
