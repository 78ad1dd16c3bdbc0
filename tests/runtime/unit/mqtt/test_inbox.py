# SPDX-License-Identifier: EUPL-1.2
"""What waits to be taken when a connection ends."""

from stadttakt_runtime.mqtt.inbox import Inbox
from stadttakt_runtime.mqtt.message import Message


def came(payload: bytes, mid: int, epoch: int, qos: int = 1) -> Message:
    return Message("x", payload, qos, dup=epoch > 1, retain=False, mid=mid, epoch=epoch)


def left_with(*messages: Message) -> Inbox:
    inbox = Inbox()
    assert all(inbox.add(message) for message in messages)
    inbox.begin_connection()
    return inbox


def test_what_the_broker_forgot_is_kept_in_its_order() -> None:
    inbox = left_with(came(b"a", 1, 1), came(b"b", 2, 1), came(b"c", 0, 1, qos=0))
    assert not inbox.add(came(b"b", 2, 2))
    assert inbox.add(came(b"d", 3, 2))
    assert len(inbox) == 4
    assert [(m.payload, m.epoch) for m in inbox.take(9)] == [
        (b"a", 1),
        (b"c", 1),
        (b"b", 2),
        (b"d", 2),
    ]
    assert len(inbox) == 0


def test_what_was_taken_and_comes_again_does_not_overtake_what_waited() -> None:
    """Of a bay whose state is in hand its withdrawal waits: the broker tells both again, in this order."""
    inbox = Inbox()
    told = [came(b"state", 1, 1), came(b"", 2, 1)]
    assert all(inbox.add(message) for message in told)
    assert inbox.take(1) == told[:1]
    inbox.begin_connection()
    assert [inbox.add(came(each.payload, each.mid, 2)) for each in told] == [True, False]
    assert [(m.payload, m.epoch) for m in inbox.take(9)] == [(b"state", 2), (b"", 2)]


def test_withdrawal_is_not_taken_for_the_one_before_a_newer_state() -> None:
    """A broker that began anew without the session counts identifiers anew as well."""
    inbox = left_with(came(b"", 5, 1))
    assert inbox.add(came(b"state", 4, 2))
    inbox.add(came(b"", 5, 2))
    assert [m.payload for m in inbox.take(9)] == [b"state", b""]


def test_another_message_under_the_identifier_of_one_that_is_kept_is_another() -> None:
    inbox = left_with(came(b"a", 1, 1))
    assert inbox.add(came(b"new", 1, 2))
    assert [m.payload for m in inbox.take(2)] == [b"a", b"new"]


def test_what_is_taken_before_it_comes_again_comes_again() -> None:
    inbox = left_with(came(b"a", 1, 1))
    assert inbox.take(1) == [came(b"a", 1, 1)]
    assert inbox.add(came(b"a", 1, 2))
    assert inbox.take(1) == [came(b"a", 1, 2)]


def test_repetition_of_a_repetition_does_not_pile_up() -> None:
    inbox = left_with(came(b"a", 1, 1))
    for epoch in (2, 3, 4):
        assert not inbox.add(came(b"a", 1, epoch))
        inbox.begin_connection()
    assert inbox.take(2) == [came(b"a", 1, 4)]
