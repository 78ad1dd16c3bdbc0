# SPDX-License-Identifier: EUPL-1.2
"""Builds lots that are counted at their gates, and what is said of them."""

from __future__ import annotations

from datetime import timedelta

from parking_occupancy.domain.balance import Anchor, Balancing, Cause
from parking_occupancy.domain.gate import Gate, GateCount, GateKind, Mode, Passed
from parking_occupancy.domain.known_empty import KnownEmpty

from .building import LOT, at


def make_gate(
    name: str = "nord",
    *,
    kind: GateKind = GateKind.CAMERA,
    limit_s: float = 1800,
    inverted: bool = False,
    bits: int | None = None,
    max_per_min: float = 30,
    miss_rate: float = 0.0,
    double_rate: float = 0.0,
) -> Gate:
    return Gate(
        name=name,
        kind=kind,
        heartbeat_limit=timedelta(seconds=limit_s),
        inverted=inverted,
        counter_bits=bits,
        max_per_min=max_per_min,
        miss_rate=miss_rate,
        double_rate=double_rate,
    )


def make_rules(
    capacity: int = 50,
    *gates: Gate,
    known_empty: tuple[KnownEmpty, ...] = (),
    overfill: int = 0,
    uncertainty_limit: float = 0.4,
) -> Balancing:
    return Balancing(
        capacity=capacity,
        gates={gate.name: gate for gate in gates or (make_gate(),)},
        known_empty=known_empty,
        overfill=overfill,
        uncertainty_limit=uncertainty_limit,
    )


def counted(
    seconds: float,
    inwards: int,
    outwards: int,
    *,
    mode: Mode = "delta",
    gate: str = "nord",
    event: str | None = None,
    inside: int | None = None,
    simulated: bool = False,
) -> GateCount:
    return GateCount(
        event_id=event or f"c{seconds}-{gate}",
        lot_id=LOT,
        gate=gate,
        observed_at=at(seconds),
        mode=mode,
        counted=Passed(inwards, outwards),
        inside=inside,
        simulated=simulated,
    )


def anchor(
    seconds: float, inside: int, cause: Cause = Cause.OPERATOR, *, highest: int | None = None
) -> Anchor:
    return Anchor(
        anchor_id=f"{cause}-{seconds}",
        lot_id=LOT,
        at=at(seconds),
        cause=cause,
        lowest=inside,
        highest=inside if highest is None else highest,
    )
