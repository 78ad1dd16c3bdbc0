# SPDX-License-Identifier: EUPL-1.2
"""Whose trace the states of bays, lots and signs go on with."""

from datetime import UTC, datetime

import pytest

from parking_occupancy.causes import Causes
from parking_occupancy.domain.city import City
from parking_occupancy.domain.restrictions import BayKind
from parking_occupancy.entity import Entity
from parking_occupancy.storage.events import BayEvent
from stadttakt_messages.base import LotId
from stadttakt_messages.trace import of_uplink
from stadttakt_runtime.tracing import Traces, child
from support.trace_collector import trace_collector

from .building import LOT, make_bay, make_lot, make_sign, seen

OTHER = LotId("ausweich")
CITY = City.of(
    bays=[make_bay(1), make_bay(2), make_bay(3, kind=BayKind.RESIDENT), make_bay(1, lot=OTHER)],
    lots=[make_lot(3, alternatives=(OTHER,)), make_lot(1, lot=OTHER)],
    signs=[make_sign()],
)
FIRST, SECOND, THEIRS, ELSEWHERE = (each for each in CITY.bays)
(SIGN,) = CITY.signs
TRACES = [str(of_uplink(f"{n:032x}")) for n in range(1, 4)]


def heard(bay: str, traceparent: str | None) -> BayEvent:
    now = datetime(2026, 11, 26, 8, tzinfo=UTC)
    return BayEvent(seen(1, "free", bay=bay), "/test", now, traceparent=traceparent)


def entity(kind: str, name: str) -> Entity:
    return Entity(kind, name)  # type: ignore[arg-type]


def test_lot_and_sign_go_on_with_what_was_heard_last_and_each_bay_with_its_own() -> None:
    anew = [entity("bay", FIRST), entity("bay", SECOND), entity("lot", LOT), entity("sign", SIGN)]
    said = [heard(FIRST, TRACES[0]), heard(SECOND, TRACES[1])]
    found = Causes(Traces("t", "", 1)).of(CITY, said, anew)
    assert [found[each] for each in anew] == [TRACES[0], TRACES[1], TRACES[1], TRACES[1]]


def test_sign_that_recommends_a_lot_goes_on_with_what_changed_there() -> None:
    found = Causes(Traces("t", "", 1)).of(
        CITY, [heard(ELSEWHERE, TRACES[2])], [entity("sign", SIGN), entity("lot", LOT)]
    )
    assert found == {entity("sign", SIGN): TRACES[2]}


@pytest.mark.parametrize("said", [heard(FIRST, None), heard(THEIRS, TRACES[0])])
def test_nothing_goes_on_from_what_has_no_trace_or_is_of_a_persons_bay(said: BayEvent) -> None:
    anew = [entity("lot", LOT), entity("sign", SIGN)]
    assert Causes(Traces("t", "", 1)).of(CITY, [said], anew) == {}


async def test_sampled_observation_is_told_and_its_states_go_on_from_that_step() -> None:
    with trace_collector() as collector:
        traces = Traces("parking-occupancy", collector.url, 1)
        said = [heard(FIRST, TRACES[0]), heard(THEIRS, TRACES[1])]
        found = Causes(traces).of(CITY, said, [entity("lot", LOT)])
        await traces.close()
    step = child(of_uplink(f"{1:032x}"), "parking")
    assert found == {entity("lot", LOT): str(step)}
    assert [(each.span_id, each.attributes) for each in collector.spans] == [
        (step.span_id, {"stadttakt.bay": FIRST})
    ]
