# SPDX-License-Identifier: EUPL-1.2
"""The books of one process: whatever is done in whatever order, nothing is lost or invented."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplink_decoder.domain.ledger import (
    FATES,
    Account,
    Fate,
    Hold,
    Key,
    Ledger,
    Line,
    hour_of,
    tally,
    topic_class,
)
from uplink_decoder.sources import Origin, Source

NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
SOURCE = Source(source_id="cs", dialect="chirpstack")
UP = Origin(SOURCE, None, None, "up")


class Message(NamedTuple):
    origin: Origin
    received_at: datetime


def messages(count: int, *, origin: Origin = UP, at: datetime = NOON) -> list[Message]:
    return [Message(origin, at)] * count


def written(ledger: Ledger) -> list[Line]:
    ledger.review(NOON)
    posting = ledger.post([])
    ledger.settle(posting)
    return list(posting.lines.values())


def commit(ledger: Ledger, hold: Hold, taken: Sequence[Message], fate: Fate) -> None:
    ledger.settle(ledger.post([(message, fate) for message in taken], hold))


def test_message_on_its_way_is_in_flight_and_then_what_became_of_it() -> None:
    ledger, taken = Ledger(), messages(5)
    ledger.enter(taken)
    hold = ledger.hold(taken)
    assert written(ledger) == [Line(5, 0, 0, 0, in_flight=5)]
    posting = ledger.post([(taken[0], "stored"), (taken[1], "duplicate")], hold)
    assert list(posting.lines.values()) == [Line(5, 1, 1, 0, in_flight=3)]
    ledger.settle(posting)
    commit(ledger, hold, taken[2:], "quarantined")
    ledger.release(hold)
    assert written(ledger) == []
    assert ledger.post(()).lines == {}
    assert not +ledger.in_flight()


def test_message_that_nobody_accounts_for_is_a_gap() -> None:
    ledger, taken = Ledger(), messages(3)
    ledger.enter(taken)
    hold = ledger.hold(taken)
    commit(ledger, hold, taken[:2], "stored")
    ledger.release(hold)
    (line,) = written(ledger)
    assert (line, line.gap) == (Line(3, 2, 0, 0, 0), 1)


def test_message_dropped_with_its_holder_is_a_gap() -> None:
    ledger, taken = Ledger(), messages(2)
    ledger.enter(taken)
    hold = ledger.hold(taken)
    assert [line.gap for line in written(ledger)] == [0]
    del hold
    assert [line.gap for line in written(ledger)] == [2]


def test_outcome_of_what_was_never_received_is_a_negative_gap() -> None:
    ledger = Ledger()
    posting = ledger.post([(message, "stored") for message in messages(2)])
    assert [line.gap for line in posting.lines.values()] == [-2]


def test_repeated_transaction_posts_the_same_sums() -> None:
    ledger, taken = Ledger(), messages(4)
    ledger.enter(taken)
    hold = ledger.hold(taken)
    lost = ledger.post([(message, "stored") for message in taken], hold)
    repeated = ledger.post([(message, "duplicate") for message in taken], hold)
    assert list(lost.lines.values()) == [Line(4, 4, 0, 0, 0)]
    assert list(repeated.lines.values()) == [Line(4, 0, 4, 0, 0)]


def test_what_comes_in_while_a_transaction_runs_is_written_with_the_next() -> None:
    ledger, taken = Ledger(), messages(2)
    ledger.enter(taken)
    hold = ledger.hold(taken)
    posting = ledger.post([(message, "stored") for message in taken], hold)
    ledger.enter(messages(1))
    later = ledger.hold(messages(1))
    ledger.settle(posting)
    ledger.release(hold)
    assert list(ledger.post([]).lines.values()) == [Line(3, 2, 0, 0, in_flight=1)]
    assert later.counts.total() == 1


def test_lines_are_kept_apart_by_source_class_and_hour() -> None:
    join = Origin(SOURCE, None, None, "join", via="webhook")
    counts = tally(
        [
            *messages(2),
            *messages(1, at=NOON - timedelta(microseconds=1)),
            *messages(3, origin=join, at=NOON + timedelta(minutes=59, seconds=59)),
        ]
    )
    assert {(key.account, hour_of(key)): count for key, count in counts.items()} == {
        (("cs", "up"), NOON): 2,
        (("cs", "up"), NOON - timedelta(hours=1)): 1,
        (("cs", "webhook/join"), NOON): 3,
    }


def test_hours_long_past_are_forgotten_unless_something_is_still_held() -> None:
    ledger = Ledger()
    old, held = messages(1, at=NOON - timedelta(days=3)), messages(1, at=NOON - timedelta(days=4))
    ledger.enter([*old, *held])
    hold = ledger.hold(held)
    ledger.review(NOON)
    assert list(ledger.post([]).lines.values()) == [Line(1, 0, 0, 0, 1)]
    assert hold.counts.total() == 1


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("up", "up"),
        ("down/ack", "down"),
        ("location/solved", "location"),
        ("", "other"),
        ("UP", "other"),
        ("x" * 9000, "other"),
    ],
)
def test_event_has_a_class_of_a_closed_list(event: str, expected: str) -> None:
    assert topic_class(event) == expected


hours = st.integers(min_value=0, max_value=3).map(lambda h: NOON + timedelta(hours=h))
batches = st.lists(st.tuples(st.lists(hours, max_size=5), st.sampled_from(FATES)), max_size=8)


@given(batches)
def test_every_written_line_balances_at_any_time(
    given_batches: list[tuple[list[datetime], Fate]],
) -> None:
    ledger = Ledger()
    lines: dict[Key, Line] = {}
    open_: list[tuple[Hold, list[Message], Fate]] = []
    for times, fate in given_batches:
        taken = [Message(UP, at) for at in times]
        ledger.enter(taken)
        open_.append((ledger.hold(taken), taken, fate))
        if len(open_) > 1:
            hold, first, fate_of_first = open_.pop(0)
            posting = ledger.post([(message, fate_of_first) for message in first], hold)
            lines |= posting.lines
            ledger.settle(posting)
            ledger.release(hold)
        assert not [line for line in lines.values() if line.gap]
    lines |= ledger.post([]).lines
    assert not [line for line in lines.values() if line.gap]
    assert sum(line.received for line in lines.values()) == sum(len(t) for t, _ in given_batches)


def test_account_is_no_part_of_an_origin_s_identity() -> None:
    assert Origin(SOURCE, None, None, "up").account == Account("cs", "up")
