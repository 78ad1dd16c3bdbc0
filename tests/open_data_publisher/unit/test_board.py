# SPDX-License-Identifier: EUPL-1.2
"""What messages change of what is public."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from lxml import etree

from open_data_publisher import consumer
from open_data_publisher.board import Board
from open_data_publisher.domain.policy import Policy, StatePolicy
from open_data_publisher.domain.publication import standing_rules
from open_data_publisher.domain.states import Said, StandingMarks
from open_data_publisher.domain.truth import STANDING_FIELDS, standing
from open_data_publisher.feeds import datex2_v2
from open_data_publisher.reading import RefusedError, read_message
from open_data_publisher.shelf import Shelf
from stadttakt_messages.catalogue import BY_NAME
from stadttakt_messages.states import BayRestriction, BayState, LotState, SiteStatus
from stadttakt_runtime.mqtt.message import Message
from support.open_data import NOON, PUBLICATION, bay, lot, lots_dataset, somewhere, trip, vehicle


def said(**more: object) -> Said:
    state = lot(**more)
    return Said("lot", state.lot_id, state)


def take(board: Board, *messages: Said, at: timedelta = timedelta()) -> int:
    changes = board.reckon(messages, NOON + at)
    board.take(changes)
    return len(changes)


def only_lot(board: Board, at: timedelta = timedelta()) -> object:
    (published,) = board.truth(NOON + at).lots
    return published


def test_standing_data_keep_their_time_until_they_change() -> None:
    board = Board()
    take(board, said())
    take(board, said(free=3), at=timedelta(minutes=1))
    (first,) = board.truth(NOON).lots
    assert (first.static_since, first.state.free) == (NOON, 3)
    take(board, said(capacity=41), at=timedelta(minutes=2))
    (second,) = board.truth(NOON).lots
    assert second.static_since == NOON + timedelta(minutes=2)


def test_the_same_said_again_in_time_is_one_telling() -> None:
    board = Board()
    take(board, said())
    renewed = said(valid_until=NOON + timedelta(minutes=20), computed_at=NOON)
    (change,) = board.reckon([renewed], NOON + timedelta(minutes=5))
    assert change.told_at == NOON


def test_the_same_said_after_a_silence_is_told_anew() -> None:
    board = Board()
    take(board, said())
    later = timedelta(minutes=30)
    (change,) = board.reckon([said(valid_until=NOON + timedelta(hours=1))], NOON + later)
    assert change.told_at == NOON + later


def test_what_was_told_or_withdrawn_ahead_is_noticed_until_it_is_told_anew() -> None:
    for states in ((said(),), (said(), Said("lot", "markt", None))):
        board = Board()
        for state in states:
            take(board, state, at=timedelta(hours=25))
        assert board.is_told_ahead(NOON)
        assert not board.is_told_ahead(NOON + timedelta(hours=25))
        changes = board.told_anew(board.told_after(NOON), NOON)
        assert [change.told_at for change in changes] == [NOON] * (len(states) == 1)
        board.take(changes)
        assert not board.is_told_ahead(NOON)


def test_of_several_states_in_one_batch_the_last_is_public() -> None:
    board = Board()
    assert take(board, said(free=1), said(free=2), said(free=3)) == 1
    (published,) = board.truth(NOON).lots
    assert published.state.free == 3


def test_what_is_withdrawn_is_gone_and_withdrawing_nothing_is_nothing() -> None:
    board = Board()
    take(board, said())
    assert take(board, Said("lot", "markt", None)) == 1
    assert board.truth(NOON).lots == ()
    assert take(board, Said("lot", "markt", None)) == 0


def test_reckoning_alone_changes_nothing() -> None:
    board = Board()
    board.reckon([said()], NOON)
    assert board.truth(NOON).lots == ()


def test_the_next_expiry_is_the_earliest_to_come() -> None:
    board = Board()
    take(board, said(), Said("bay", "markt-01", bay(valid_until=NOON + timedelta(minutes=1))))
    assert board.expires_at(NOON) == NOON + timedelta(minutes=1)
    assert board.expires_at(NOON + timedelta(minutes=1)) == NOON + timedelta(minutes=10)
    assert board.expires_at(NOON, ("lot",)) == NOON + timedelta(minutes=10)
    (published,) = board.truth(NOON + timedelta(minutes=11)).lots
    assert published.state.state is SiteStatus.UNKNOWN


def version_of_tables(board: Board, at: timedelta) -> tuple[str, set[str]]:
    """Return the version of the table of lots, and those of its records."""
    root = etree.fromstring(datex2_v2.parking_table(board.truth(NOON + at), PUBLICATION))
    (table,) = root.xpath("//*[local-name()='parkingTable'][contains(@id, '-lots')]/@version")
    return str(table), {str(each) for each in root.xpath("//*/@version")} - {table}


def test_other_rules_make_other_versions_of_what_is_static() -> None:
    board = Board()
    take(board, said(), said(lot_id="zoo"), at=-timedelta(days=1))
    standing = board.standing(("lot",))
    first = version_of_tables(board, timedelta())
    board.mark(StandingMarks(rules_since=NOON + timedelta(seconds=5)))
    second = version_of_tables(board, timedelta(seconds=5))
    assert board.standing(("lot",)) != standing
    assert int(second[0]) == int(first[0]) + 86_405_000
    assert second[1] == set()
    standing = board.standing(("lot",))
    board.mark(StandingMarks(rules_since=NOON + timedelta(seconds=5)))
    assert board.standing(("lot",)) == standing
    # What changes later has a version of its own again.
    take(board, said(capacity=50), at=timedelta(minutes=1))
    assert version_of_tables(board, timedelta(minutes=1))[0] > second[0]


def test_a_table_that_lost_a_lot_is_another_version() -> None:
    board = Board()
    take(board, said(), Said("lot", "zoo", lot("zoo")))
    before = version_of_tables(board, timedelta())
    take(board, Said("lot", "zoo", None), at=timedelta(minutes=1))
    assert int(version_of_tables(board, timedelta(minutes=1))[0]) == int(before[0]) + 60_000


def test_rules_of_static_feeds_are_others_where_what_these_tell_may_be_another() -> None:
    terms = lots_dataset().terms

    def rules(*withheld: str, **more: object) -> bytes:
        fields = frozenset(LotState.model_fields) - {*withheld}
        policy = Policy({"lot": StatePolicy("lot", fields, terms)})
        return standing_rules(replace(PUBLICATION, policy=policy, **more))  # type: ignore[arg-type]

    assert rules("trend", "free") == rules()
    assert rules("max_stay_min") != rules()
    assert rules(sites={}) != rules()
    assert rules(catalogue=None, timezone="Europe/Berlin") == rules()


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("lot", {"name": "N", "capacity": 9, "opening": "off", "detection": "manual", "lat": 1.0,
                 "lon": 1.0, "max_stay_min": 9, "by_kind": {}}),
        ("bay", {"lot_id": "x", "kind": "women", "lat": 1.0, "lon": 1.0, "max_stay_min": 9,
                 "restrictions": [BayRestriction(type="women")]}),
    ],
)  # fmt: skip
def test_what_is_named_as_standing_is_what_is_compared(kind: str, changes: dict[str, Any]) -> None:
    state: LotState | BayState = lot() if kind == "lot" else bay()
    assert set(changes) == STANDING_FIELDS[kind]
    for name, value in changes.items():
        assert standing(state.model_copy(update={name: value})) != standing(state), name


def test_a_vehicle_that_moves_is_one_telling_and_seen_where_it_is() -> None:
    board = Board()
    first = vehicle(**somewhere())
    take(board, Said("vehicle", first.vehicle_id, first))
    second = vehicle(**somewhere(lat=51.5, position_at=NOON + timedelta(seconds=15)))
    (change,) = board.reckon(
        [Said("vehicle", second.vehicle_id, second)], NOON + timedelta(seconds=15)
    )
    assert change.told_at == NOON
    board.take([change])
    assert board.truth(NOON).vehicles[0].state.lat == 51.5


def test_a_trip_that_is_over_is_told_no_more_and_then_forgotten() -> None:
    board = Board()
    state = trip()
    take(board, Said("trip", state.trip_key, state))
    assert board.truth(state.valid_until).trips == ()
    board.drop_trips(state.valid_until)
    assert len(board.truth(NOON).trips) == 1
    board.drop_trips(state.valid_until + timedelta(seconds=1))
    assert board.truth(NOON).trips == ()


def test_a_change_of_one_kind_leaves_the_feeds_of_others_as_they_are() -> None:
    board = Board()
    take(board, said())
    before = dict(board.revisions)
    state = trip()
    take(board, Said("trip", state.trip_key, state))
    changed = {kind for kind, number in board.revisions.items() if number != before[kind]}
    assert [feed.feed_id for feed in Shelf().due(changed, NOON)] == ["gtfs-rt-trip-updates"]


def message(name: str = "lot-state", **data: object) -> bytes:
    example = BY_NAME[name].example
    return orjson.dumps({**example, "data": {**example["data"], **data}})


def test_message_at_which_the_reader_has_a_fault_is_kept_aside_beside_one_that_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def faulty(topic: str, payload: bytes) -> Said:
        if topic.endswith("/x"):
            raise TypeError("nobody foresaw this")
        return read_message(topic, payload)

    monkeypatch.setattr(consumer, "read_message", faulty)
    topics = [f"takt/v1/state/lot/{name}" for name in ("x", "y")]
    messages = [Message(each, b"", 1, dup=False, retain=True, mid=1, epoch=1) for each in topics]
    said, refused = consumer._read(messages)
    assert [each.entity_id for each in said] == ["y"]
    assert [(each.reason, each.detail) for each in refused] == [
        ("reader_failed", "TypeError: nobody foresaw this")
    ]


def test_examples_of_the_catalogue_are_read() -> None:
    for kind in ("lot", "bay", "vehicle"):
        entity_id = BY_NAME[f"{kind}-state"].example["data"][f"{kind}_id"]
        found = read_message(f"takt/v1/state/{kind}/{entity_id}", message(f"{kind}-state"))
        assert (found.kind, found.entity_id) == (kind, entity_id)


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("takt/v1/state/sign/x", b"{}", "unknown_topic"),
        ("takt/v1/state/lot/x", b"{", "invalid_state"),
        ("takt/v1/state/lot/x", b"\xff", "invalid_state"),
        ("takt/v1/state/lot/x", b"x" * 65_537, "too_large"),
        ("takt/v1/state/lot/x", message(), "wrong_entity"),
        ("takt/v1/state/lot/x", message(lot_id="x", capacity=-1), "invalid_state"),
        ("takt/v1/state/lot/x", message(lot_id="x", valid_until="2026-01-01T00:00"), "invalid_state"),
        ("takt/v1/state/lot/x", message(lot_id="x", valid_until="9999-12-31T23:59:59-23:59"), "invalid_state"),
        ("takt/v1/state/vehicle/x", message("vehicle-state", vehicle_id="x", line="a\0b"), "invalid_state"),
        ("takt/v1/state/vehicle/x", message("vehicle-state", vehicle_id="x", direction=2), "invalid_state"),
        ("takt/v1/state/vehicle/x", message("vehicle-state", vehicle_id="x", speed_mps=1).replace(b":1,", b":1e999,"), "invalid_state"),
    ],
)  # fmt: skip
def test_what_is_no_state_is_refused_with_its_reason(
    topic: str, payload: bytes, reason: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        read_message(topic, payload)
    assert refused.value.reason == reason
