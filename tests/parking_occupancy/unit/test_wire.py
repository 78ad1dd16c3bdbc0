# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from dataclasses import replace

import pytest

from parking_occupancy import wire
from parking_occupancy.board import Board, Report
from parking_occupancy.domain.bay import assess
from parking_occupancy.domain.lot import count
from parking_occupancy.domain.restrictions import BayKind, Restriction
from parking_occupancy.domain.sensors import fold
from parking_occupancy.domain.sign import show
from parking_occupancy.signing import Signatures
from stadttakt_messages.base import LotId, WireModel
from stadttakt_messages.states import BayState, LotState, SignState, SiteStatus

from .building import at, counted, make_bay, make_lot, make_sign, reports, seen
from .counted import make_rules

NEVER = assess(make_bay(), None, at(0.25))
HEARD = assess(make_bay(kind=BayKind.DISABLED), fold(None, [seen(-1.5, "free")]), at(0))
OUT = assess(make_bay(out_of_service=True), None, at(0))
STAYS = Restriction(BayKind.DISABLED, 120, "Mo-Fr 08:00-18:00")
GROUPED = replace(
    make_bay(2), groups=(BayKind.DISABLED, BayKind.FAMILY), max_stay_min=60, restrictions=(STAYS,)
)
SHARED = assess(GROUPED, fold(None, [seen(-1.5, "free", bay="platz-2")]), at(0))
OTHER = counted("fffff", at(0), lot=make_lot(5, lot=LotId("other")))
FULL = counted("oooo", at(0), lot=make_lot(4, alternatives=(LotId("other"),)))
REPORTS: list[Report] = [
    NEVER,
    HEARD,
    OUT,
    SHARED,
    count(replace(make_lot(3), restrictions=(STAYS,)), [SHARED], (), at(0)),
    counted("ffoux", at(0.5)),
    counted("", at(0), lot=make_lot(0)),
    counted("ff", at(0), lot=make_lot(2, closed=True)),
    FULL,
    show(make_sign(), counted("ffff", at(0)), (), prior=None, now=at(0)),
    show(make_sign(), FULL, (OTHER,), prior=None, now=at(0)),
]
MODELS: dict[str, type[WireModel]] = {
    "BayReport": BayState,
    "LotReport": LotState,
    "SignReport": SignState,
}


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: type(report).__name__)
def test_body_is_byte_for_byte_what_the_contracts_model_says(report: Report) -> None:
    model = MODELS[type(report).__name__]
    body = wire.body(report, 7, Signatures({}))
    assert model.model_validate_json(body).model_dump_json().encode() == body


def test_body_of_a_signed_sign_holds_no_field_that_the_model_lacks() -> None:
    sign = replace(make_sign(), key_id="lost")
    report = show(sign, counted("ffff", at(0)), (), prior=None, now=at(0))
    body = wire.body(report, 7, Signatures({}))
    assert SignState.model_validate_json(body).model_dump_json().encode() == body


@pytest.mark.parametrize("gated", [True, False])
def test_an_answer_that_is_over_tells_no_bay_as_it_was(*, gated: bool) -> None:
    kinds = [assess(make_bay(3, kind=BayKind.DISABLED), fold(None, [seen(-1, "free")]), at(0))]
    lot = replace(make_lot(7), balancing=make_rules(7) if gated else None)
    report = count(lot, [*reports("ffoux", at(0)), *kinds], (), at(0))
    shown = wire.as_of(Board(), report, report.valid_until)
    told = LotState.model_validate_json(wire.body(shown, 7, Signatures({})))
    assert (told.state, told.free, told.occupied) == (SiteStatus.UNKNOWN, None, 0)
    assert (told.capacity, told.unknown, told.out_of_service) == (6, 5, 1)
    for tallies in (told.by_kind, told.by_group):
        assert {(each.free, each.occupied) for each in tallies.values()} == {(0, 0)}
        assert sum(each.unknown for each in tallies.values()) == 6
