# SPDX-License-Identifier: EUPL-1.2
"""What the registry says of a device, and what a wish changes of it; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from uplink_decoder.domain import periods
from uplink_decoder.domain.periods import History, Period
from uplink_decoder.domain.readings import Asset


class Owner(StrEnum):
    """Who decides about a device: the city folder, operators, or nobody, since it only sent."""

    CITY = "city"
    OPERATOR = "operator"
    NOBODY = "seen"


class Action(StrEnum):
    """What became of a device by a write."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    RETIRED = "retired"
    REINSTATED = "reinstated"
    RELEASED = "released"
    DELETED = "deleted"


class Keep:
    """Nothing is said about the asset: it stays what it is."""


KEEP = Keep()


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A device as somebody describes it; `lat` and `lon` are WGS 84 degrees."""

    name: str
    codec_id: str | None = None
    expected_interval_s: int | None = None
    description: str = ""
    maker: str = ""
    model: str = ""
    lat: float | None = None
    lon: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    codec_variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A device in the registry; `change` is the number of its newest change."""

    dev_eui: str
    description: Description
    owner: Owner
    history: History = ()
    retired_at: datetime | None = None
    in_folder: bool = False
    change: int = 0

    @property
    def is_registered(self) -> bool:
        """Tell a device that somebody registered from one that only sent."""
        return self.owner != Owner.NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a device shall be from now on; what `fields` does not name stays, or is the default.

    `asset` is watched since `since`; none: its first one ever since always, others from now on.
    """

    dev_eui: str
    fields: Mapping[str, Any]
    asset: Asset | Keep | None = KEEP
    since: datetime | None = None
    is_retired: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One device before and after a write."""

    action: Action
    before: Entry | None
    after: Entry

    def differences(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what was and what is, by field, as far as it differs."""
        was, now = document(self.before), document(self.after)
        if self.action == Action.DELETED:
            return was, {}
        names = [name for name in now if was.get(name) != now[name]]
        return {name: was[name] for name in names if name in was}, {
            name: now[name] for name in names
        }


def document(entry: Entry | None) -> dict[str, Any]:
    """Return a registered device as plain values, for the audit trail."""
    if entry is None or not entry.is_registered:
        return {}
    told = entry.description
    return {
        **{name: getattr(told, name) for name in Description.__slots__},
        "owner": entry.owner.value,
        "retired_at": entry.retired_at,
        "assignments": [_plain(each) for each in entry.history],
    }


def _plain(period: Period) -> dict[str, Any]:
    return {
        "kind": period.asset.kind,
        "id": period.asset.asset_id,
        "observes": period.asset.observes,
        "valid_from": period.valid_from,
        "valid_to": period.valid_to,
    }


def fulfil(before: Entry | None, wish: Wish, *, by: Owner, now: datetime) -> Step:
    """Return what a wish makes of a device; what changes nothing leaves its owner too.

    Raises:
        OverlapError: an assignment planned for later is in the way.

    """
    if before is None or not before.is_registered:
        entry = Entry(dev_eui=wish.dev_eui, description=Description(**_named(wish)), owner=by)
        after = _with_asset(entry, wish, now)
        if wish.is_retired:
            after = retire(after, now)
        return Step(Action.CREATED, before, after)
    described = replace(before, description=replace(before.description, **wish.fields))
    if wish.is_retired:
        after = retire(described, now)
    else:
        after = _with_asset(reinstate(described), wish, now)
    return settled(before, after, by=by)


def _named(wish: Wish) -> dict[str, Any]:
    return {"name": wish.dev_eui, **wish.fields}


def settled(before: Entry, after: Entry, *, by: Owner) -> Step:
    """Return the step from one state to another; who changes a device owns it."""
    owned = after if after == before else replace(after, owner=by)
    return Step(_action(before, after), before, owned)


def _action(before: Entry, after: Entry) -> Action:
    if after == before:
        return Action.UNCHANGED
    if bool(after.retired_at) == bool(before.retired_at):
        return Action.CHANGED
    return Action.RETIRED if after.retired_at else Action.REINSTATED


def _with_asset(entry: Entry, wish: Wish, now: datetime) -> Entry:
    if isinstance(wish.asset, Keep):
        return entry
    return replace(entry, history=periods.move(entry.history, wish.asset, now, since=wish.since))


def retire(entry: Entry, now: datetime) -> Entry:
    """Return the device retired: what it watches ends, later uplinks are stored and mean nothing.

    What is planned for later is planned no more.
    """
    if entry.retired_at:
        return entry
    kept = tuple(each for each in entry.history if each.valid_from < now)
    return replace(entry, retired_at=now, history=periods.end(kept, now))


def reinstate(entry: Entry) -> Entry:
    """Return the device in service again, watching what it watched as if it had never left."""
    if entry.retired_at is None:
        return entry
    history = periods.resume(entry.history, entry.retired_at)
    return replace(entry, retired_at=None, history=history)


def replaced(before: Entry, history: History, *, by: Owner) -> Step:
    """Return a device with another history of assignments."""
    return settled(before, replace(before, history=history), by=by)
