# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from collections.abc import Iterable

import pytest

from parking_occupancy.board import Board
from parking_occupancy.domain.bay import Bay, assess
from parking_occupancy.domain.change import Change
from parking_occupancy.domain.city import City
from parking_occupancy.domain.restrictions import BayKind
from parking_occupancy.domain.sensors import fold
from parking_occupancy.entity import Entity

from .building import at, make_bay, make_lot, seen

FIRST, SECOND = Entity("bay", "platz-1"), Entity("bay", "platz-2")


def configured(board: Board, *bays: Bay) -> list[Entity]:
    return board.replace_city(City.of(bays, [make_lot(2)], []))


def change(board: Board, bays: Iterable[Bay], seconds: float) -> list[Entity]:
    found = Change()
    for bay in bays:
        heard = [seen(seconds, "occupied", bay=bay.bay_id)]
        found.tracks[bay.bay_id] = track = fold(None, heard)
        found.bays[bay.bay_id] = assess(bay, track, at(seconds))
    return board.adopt(found, board.stamp(found))


@pytest.mark.parametrize("kind", [BayKind.RESIDENT, BayKind.DISABLED_ASSIGNED])
def test_changes_of_a_persons_bay_are_not_counted_by_who_polls_changes(kind: BayKind) -> None:
    board, personal, public = Board(), make_bay(1, kind=kind), make_bay(2)
    configured(board, personal, public)
    assert change(board, [personal], 1) == [FIRST]
    assert (board.change_no, board.changed_since("bay", 0)) == (0, [])
    change(board, [personal, public], 2)
    assert (board.change_no, board.changed_since("bay", 0)) == (1, [SECOND])
    assert (board.mark(FIRST).version, board.mark(SECOND).version) == (2, 1)


def test_bay_that_becomes_a_persons_is_hidden_before_it_is_looked_at_anew() -> None:
    board, public = Board(), make_bay(1)
    personal = make_bay(1, kind=BayKind.RESIDENT)
    configured(board, public, make_bay(2))
    change(board, [public, make_bay(2)], 1)
    assert configured(board, personal, make_bay(2)) == [FIRST]
    assert board.bays[personal.bay_id].bay.personal
    assert board.changed_since("bay", 0) == [SECOND]
    # And told again, once it is a person's no more.
    assert configured(board, public, make_bay(2)) == []
    change(board, [public], 2)
    assert board.changed_since("bay", 0) == [SECOND, FIRST]
