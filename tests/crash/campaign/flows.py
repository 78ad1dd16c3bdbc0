# SPDX-License-Identifier: EUPL-1.2
"""What passed the gates of a lot by the arithmetic of their counts, and what its flows and turnover say otherwise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
import psycopg

from crash.campaign.reckoning import Truth
from crash.campaign.town import GATED
from crash.campaign.traffic import Told

BUCKET = timedelta(minutes=5)
CLOSED_WITHIN = timedelta(minutes=1)
UNCOUNTED = "not counted yet"
"""A stretch that just ended is counted within seconds: nothing is wrong meanwhile."""

_AROUND = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOSED = "select closed_until from parking.history_clock"
_WAITING = """
select count(*) from parking.lot_history_dirty where lot_id = %s and start >= %s and start <= %s
"""
_FLOWS = """
select start, arrivals, departures, arrivals_before, departures_before
  from parking.lot_flow where lot_id = %s
"""


class Flow(NamedTuple):
    """Vehicles told of in five minutes, and how many of them may have passed before these began."""

    arrivals: int = 0
    departures: int = 0
    arrivals_before: int = 0
    departures_before: int = 0

    def plus(self, came: int, went: int, *, early: bool) -> Flow:
        """Return it with those of one more message."""
        return Flow(
            self.arrivals + came,
            self.departures + went,
            self.arrivals_before + came * early,
            self.departures_before + went * early,
        )


class Counted(NamedTuple):
    """What is stored: until when stretches have ended, how many wait to be counted, and the others."""

    closed_until: datetime
    waiting: int
    flows: Mapping[datetime, Flow]

    def ended(self, wanted: Mapping[datetime, Flow]) -> dict[datetime, Flow]:
        """Return those that have ended."""
        return {at: flow for at, flow in wanted.items() if at + BUCKET <= self.closed_until}


def flows(told: Iterable[Told]) -> dict[datetime, Flow]:
    """Return by stretch what gates told, each vehicle when it was told of; a counter's first word tells of none."""
    found: defaultdict[datetime, Flow] = defaultdict(Flow)
    before: dict[str, Told] = {}
    for each in sorted(told, key=lambda each: (each.at, each.event_id)):
        start = each.at - (each.at - _EPOCH) % BUCKET
        last = before.get(each.place)
        came, went = _passed(each, last)
        found[start] = found[start].plus(came, went, early=last is None or last.at < start)
        before[each.place] = each
    return dict(found)


def _passed(told: Told, before: Told | None) -> tuple[int, int]:
    mode, inwards, outwards = told.says
    if mode == "delta":
        return inwards, outwards
    if before is None:
        return 0, 0
    return inwards - before.says[1], outwards - before.says[2]


def differing_flows(truth: Truth, database_url: str, parking: httpx.Client) -> Iterator[str]:
    """Yield what flows, and the turnover over HTTP, say otherwise of stretches that have ended."""
    told = truth.of("gate")
    wanted = flows(told)
    if not wanted:
        return
    first, last = min(wanted), max(wanted)
    counted = _counted(database_url, first, last)
    yield from standing_still(max(each.at for each in told), max(counted.closed_until, first))
    total = None
    if counted.ended(wanted) and not counted.waiting:
        span = {"from": (first - _AROUND).isoformat(), "to": (last + _AROUND).isoformat()}
        answer = parking.get(f"/v1/lots/{GATED}/turnover", params=span).raise_for_status().json()
        # Another stretch may have ended in between.
        total = answer["total"] if counted == _counted(database_url, first, last) else None
    yield from compared(wanted, counted, total)


def standing_still(newest: datetime, closed_until: datetime) -> Iterator[str]:
    """Yield whether no stretch ended although gates told on."""
    if newest > closed_until + BUCKET + CLOSED_WITHIN:
        yield f"flow: history of {GATED} stands still at {closed_until}; gates told until {newest}"


def _counted(database_url: str, first: datetime, last: datetime) -> Counted:
    with psycopg.connect(database_url) as connection:
        connection.execute("set transaction isolation level repeatable read")
        (closed_until,) = connection.execute(_CLOSED).fetchone() or (_EPOCH,)
        (waiting,) = connection.execute(_WAITING, (GATED, first, last)).fetchone() or (0,)
        found = {at: Flow(*counts) for at, *counts in connection.execute(_FLOWS, (GATED,))}
    return Counted(closed_until, waiting, found)


def compared(
    wanted: Mapping[datetime, Flow], counted: Counted, total: Mapping[str, Any] | None
) -> Iterator[str]:
    """Yield where rows, or the total of an answer, differ from what passed."""
    if counted.waiting:
        yield f"{UNCOUNTED}: {counted.waiting} stretches of {GATED}"
        return
    ended = counted.ended(wanted)
    for at in sorted({*ended, *counted.flows}):
        found, flow = counted.flows.get(at, Flow()), ended.get(at, Flow())
        if found != flow:
            yield f"flow: {GATED} has {found} instead of {flow} from {at} on"
    if total is None:
        return
    told = total["arrivals"]["value"], total["departures"]["value"]
    passed = tuple(sum(flow[index] for flow in ended.values()) for index in (0, 1))
    if told != passed:
        yield f"turnover: {GATED} tells {told} instead of {passed} who came and went"
