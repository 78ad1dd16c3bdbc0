# SPDX-License-Identifier: EUPL-1.2
"""A device takes another one's place: the asset's history goes on without a gap; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from uplink_decoder.domain import periods
from uplink_decoder.domain.periods import Period
from uplink_decoder.domain.registration import (
    Action,
    Entry,
    Owner,
    Step,
    reinstate,
    retire,
    settled,
)


class NothingToSwapError(ValueError):
    """The device does not watch anything at that time, or something else afterwards."""


def swap(  # noqa: PLR0913 (who, by whom, when and what of them)
    old: Entry,
    dev_eui: str,
    new: Entry | None,
    *,
    at: datetime,
    by: Owner,
    is_retired: bool,
    fields: Mapping[str, Any],
) -> tuple[Step, Step]:
    """Return what becomes of the old device and of the new one, which watches its asset from `at`.

    A new device that nobody registered is described like the old one, but for `fields`.

    Raises:
        NothingToSwapError: the old one watches nothing then, or something else afterwards.
        OverlapError: the new one watches something else then.

    """
    held = periods.at(old.history, at)
    if held is None:
        raise NothingToSwapError(f"{old.dev_eui} watches nothing at {at.isoformat()}")
    later = [each for each in old.history if each.valid_from > at]
    if later:
        raise NothingToSwapError(f"after that {periods.describe(later[-1])}")
    ended = replace(old, history=periods.end(old.history, at))
    left = retire(ended, at) if is_retired else ended
    taken = Period(held.asset, at, held.valid_to)
    return settled(old, left, by=by), _placed(old, dev_eui, new, taken, by=by, fields=fields)


def _placed(
    old: Entry,
    dev_eui: str,
    new: Entry | None,
    taken: Period,
    *,
    by: Owner,
    fields: Mapping[str, Any],
) -> Step:
    if new is None or not new.is_registered:
        described = replace(old.description, **fields)
        after = Entry(dev_eui=dev_eui, description=described, owner=by, history=(taken,))
        return Step(Action.CREATED, new, after)
    after = replace(
        reinstate(new),
        description=replace(new.description, **fields),
        history=periods.add(reinstate(new).history, taken),
    )
    return settled(new, after, by=by)
