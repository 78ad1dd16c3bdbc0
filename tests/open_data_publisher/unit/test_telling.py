# SPDX-License-Identifier: EUPL-1.2
"""What is followed change by change is what would be made of everything at once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from open_data_publisher.board import Board, make_truth
from open_data_publisher.domain.states import KINDS, Change, Entry, Kind
from open_data_publisher.domain.truth import AnyState
from stadttakt_messages.states import BayStatus
from support.open_data import NOON, SINCE, bay, lot, trip

IDS = ("a", "b", "c")
SIMULATED_BAY = "b"
LOT_OF_BAY = {"a": "a", "b": "a", "c": "unknown"}
MINUTE = timedelta(minutes=1)

steps = st.lists(
    st.tuples(
        st.sampled_from(["lot", "bay", "trip"]),
        st.sampled_from(IDS),
        st.none() | st.integers(-3, 12),
        st.integers(-2, 3),
    ),
    max_size=25,
)


def entry(kind: Kind, entity_id: str, minutes: int) -> Entry:
    end = NOON + minutes * MINUTE
    states: dict[str, AnyState] = {
        "lot": lot(entity_id, valid_until=end),
        "bay": bay(
            entity_id,
            lot_id=LOT_OF_BAY[entity_id[0]],
            valid_until=end,
            simulated=entity_id == SIMULATED_BAY,
        ),
        "trip": trip(entity_id, valid_until=end),
    }
    return Entry(states[kind], SINCE + minutes // 4 * MINUTE, NOON + minutes * MINUTE, NOON)


def change(kind: Kind, entity_id: str, minutes: int | None) -> Change:
    made = None if minutes is None else entry(kind, entity_id, minutes)
    return Change(kind, entity_id, made, NOON)


def names(board: Board, kind: Kind, minutes: int) -> list[bytes]:
    return [
        board.name(kind, NOON + minutes * MINUTE, is_static=static, simulated=simulated)
        for static in (True, False)
        for simulated in (True, False)
    ]


@given(steps)
def test_any_changes_at_any_moments_tell_what_the_entries_tell(
    changes: list[tuple[Kind, str, int | None, int]],
) -> None:
    board, now = Board(), NOON
    known: dict[Kind, dict[str, Entry]] = {kind: {} for kind in KINDS}
    for kind, entity_id, minutes, passed in changes:
        made = change(kind, entity_id, minutes)
        board.take([made])
        known[kind].pop(entity_id, None)
        if made.entry is not None:
            known[kind][entity_id] = made.entry
        # A clock is set back now and then.
        now += passed * MINUTE
        assert replace(board.truth(now), withdrawn_at=None) == make_truth(known, now)
        ends = [each.state.valid_until for held in known.values() for each in held.values()]
        assert board.expires_at(now) == min((e for e in ends if e and e > now), default=None)


@given(steps)
def test_the_same_entries_have_the_same_name_however_they_came_to_be(
    changes: list[tuple[Kind, str, int | None, int]],
) -> None:
    followed, loaded = Board(), Board()
    for kind, entity_id, minutes, passed in changes:
        followed.take([change(kind, entity_id, minutes)])
        followed.truth(NOON + passed * MINUTE)
    last = {(kind, entity_id): minutes for kind, entity_id, minutes, _ in changes}
    for (kind, entity_id), minutes in reversed(last.items()):
        if minutes is not None:
            loaded.load([(kind, entity_id, entry(kind, entity_id, minutes))])
    for kind in KINDS:
        assert names(followed, kind, 0) == names(loaded, kind, 0)


def test_a_name_is_another_when_something_is_over_or_told_anew_and_the_same_while_time_passes() -> (
    None
):
    board = Board()
    board.load([("bay", "a", entry("bay", "a", 5))])
    before = names(board, "bay", 0)
    assert names(board, "bay", 4) == before
    over = names(board, "bay", 5)
    assert over[:2] == before[:2]
    assert over[2:] != before[2:]
    board.load([("bay", "a", entry("bay", "a", 6))])
    assert names(board, "bay", 0)[2:] not in (before[2:], over[2:])


def test_who_takes_nothing_simulated_has_a_name_that_simulations_do_not_change() -> None:
    board = Board()
    board.load([("bay", "a", entry("bay", "a", 5))])
    all_static, real_static, all_live, real_live = names(board, "bay", 0)
    board.load([("bay", SIMULATED_BAY, entry("bay", SIMULATED_BAY, 5))])
    now = names(board, "bay", 0)
    assert (now[1], now[3]) == (real_static, real_live)
    assert now[0] != all_static
    assert now[2] != all_live


async def test_settling_in_parts_ends_with_all_of_it() -> None:
    board = Board()
    board.load([("bay", f"bay-{n}", entry("bay", "a", 1)) for n in range(1_200)])
    await board.settle(NOON, ("bay",))
    assert len(board.truth(NOON).bays) == 1_200


async def test_who_settles_with_an_earlier_moment_keeps_nobody_from_an_end() -> None:
    board = Board()
    board.load([("bay", f"bay-{n}", entry("bay", "a", 1)) for n in range(2_600)])
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for later_ms in (0, 700, 300):
            group.create_task(board.settle(NOON + timedelta(milliseconds=later_ms), ("bay",)))
    assert len(board.truth(NOON).bays) == 2_600


def test_bays_are_over_with_their_lot_and_hold_again_with_it() -> None:
    board = Board()
    board.load([("lot", "a", entry("lot", "a", 2)), ("bay", "a", entry("bay", "a", 9))])
    board.load([("bay", "c", entry("bay", "c", 9))])
    before, known = names(board, "bay", 1), board.revisions["bay"]
    assert board.expires_at(NOON, ("bay",)) == NOON + 2 * MINUTE
    over = board.truth(NOON + 2 * MINUTE, ("bay",)).bays
    assert [each.state.state for each in over] == [BayStatus.UNKNOWN, BayStatus.FREE]
    assert board.revisions["bay"] > known
    assert names(board, "bay", 2)[2:] != before[2:]
    known = board.revisions["bay"]
    board.load([("lot", "a", entry("lot", "a", 4))])
    assert board.revisions["bay"] > known
    again = board.truth(NOON + 3 * MINUTE, ("bay",)).bays
    assert [each.state.state for each in again] == [BayStatus.FREE, BayStatus.FREE]


def test_a_lot_that_goes_on_leaves_its_bays_as_they_are() -> None:
    board = Board()
    board.load([("lot", "a", entry("lot", "a", 2)), ("bay", "a", entry("bay", "a", 9))])
    board.truth(NOON)
    known = board.revisions["bay"]
    board.load([("lot", "a", entry("lot", "a", 4))])
    board.truth(NOON + 3 * MINUTE)
    assert board.revisions["bay"] == known


def test_what_is_over_for_one_who_asks_is_news_for_those_who_asked_before() -> None:
    board = Board()
    board.load([("bay", "a", entry("bay", "a", 1))])
    board.truth(NOON)
    known = board.revisions["bay"]
    board.truth(NOON + MINUTE)
    assert board.revisions["bay"] > known
    over = board.truth(NOON + MINUTE).bays
    assert board.truth(NOON + MINUTE - timedelta(seconds=2)).bays == over


def test_standing_data_have_another_number_only_when_they_changed() -> None:
    board = Board()
    board.load([("lot", "a", entry("lot", "a", 0))])
    before = board.standing(("lot", "bay"))
    board.load([("lot", "a", entry("lot", "a", 1))])
    assert board.standing(("lot", "bay")) == before
    board.load([("lot", "a", entry("lot", "a", 4))])
    assert board.standing(("lot", "bay")) != before
