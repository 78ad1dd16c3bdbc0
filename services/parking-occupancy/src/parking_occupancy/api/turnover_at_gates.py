# SPDX-License-Identifier: EUPL-1.2
"""Turnover from what passed a lot's gates: flows, mean dwell and searching traffic, each bounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from parking_occupancy.api.turnover_documents import Bounded, Estimated, NotKnown, Turnover
from parking_occupancy.api.turnover_of_bays import elapsed_s, per_h, share
from parking_occupancy.domain.balance import Balance, Balancing
from parking_occupancy.domain.dwell import per_bay_and_day
from parking_occupancy.domain.searching import (
    HORIZON,
    LOOK_BACK,
    Between,
    Errors,
    Flows,
    errors_of,
    searching,
)
from parking_occupancy.storage import flows
from parking_occupancy.storage.turnover import Asked

OF_BAYS = NotKnown(
    fields=["dwell_mean_min", "full_share", "arrivals_while_full", "failed_entries"],
    why="sensors in bays see who found a place; who looked for one passes gates, and there are none",
)
OF_GATES = NotKnown(
    fields=["found", "lost", "overstays", "dwell", "by_kind"],
    why="gates count vehicles and do not know them again: no single stay is seen, only their mean",
)
OF_BOTH = NotKnown(
    fields=["found", "lost"],
    why="arrivals and departures are counted at the gates, which miss none by silence of a bay",
)


class AtGates(NamedTuple):
    """What passed a lot's gates, and what is needed to make turnover of it."""

    rules: Balancing
    errors: Errors
    flows: Flows


async def read_flows(
    connection: Any, asked: Asked, rules: Balancing, balance: Balance | None
) -> AtGates:
    """Return what passed the gates in the buckets asked for, and what is needed around them."""
    since, until = asked.begin - LOOK_BACK, asked.end + HORIZON
    found = await flows.read(connection, asked.lot_id, since, until)
    known = balance.miscounts if balance else None
    return AtGates(rules, errors_of(known, rules.gates.values()), Flows.of(since, until, found))


def at_gates(asked: Asked, gates: AtGates, indexes: Sequence[int], least: int) -> Turnover:
    """Return the turnover of some buckets in a row, from gates alone."""
    begin, end = asked.borders[indexes[0]], asked.borders[indexes[-1] + 1]
    told = searching(
        gates.flows,
        begin,
        end,
        most=gates.rules.most,
        errors=gates.errors,
        seen_until=asked.counted_until,
    )
    passed_s, places = elapsed_s(asked, indexes), gates.rules.capacity
    arrivals = _bounded(told.arrivals)
    return Turnover(
        start=begin,
        end=end,
        arrivals=arrivals,
        departures=_bounded(told.departures),
        arrivals_per_h=per_h(arrivals.value, told.known_s),
        found=None,
        lost=None,
        turnover=per_bay_and_day(
            arrivals.value, known_s=told.known_s * places, bays=places, elapsed_s=passed_s
        ),
        overstays=None,
        dwell=None,
        dwell_mean_min=_estimated(told.dwell_mean_min) if arrivals.value >= least else None,
        full_share=None if told.full_share is None else round(told.full_share, 4),
        arrivals_while_full=_estimated(told.full_arrivals),
        failed_entries=_estimated(told.failed_entries),
        by_kind=[],
        completeness=share(told.known_s, passed_s) or 0.0,
    )


def with_bays(gates: Turnover, bays: Turnover) -> Turnover:
    """Return the turnover of a lot that has both: gates see all that came, bays how long some stayed."""
    of_bays = {"overstays": bays.overstays, "dwell": bays.dwell, "by_kind": bays.by_kind}
    return gates.model_copy(update=of_bays)


def _bounded(told: Between) -> Bounded:
    value = round(told.value or 0)
    return Bounded(
        value=value, min=min(round(told.low or 0), value), max=max(round(told.high or 0), value)
    )


def _estimated(told: Between) -> Estimated:
    return Estimated(value=told.value, min=told.low, max=told.high)
