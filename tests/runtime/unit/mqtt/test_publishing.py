# SPDX-License-Identifier: EUPL-1.2
"""The outgoing half of a session: window, receipts, packet identifiers, resending."""

import pytest

from stadttakt_runtime.mqtt import packets
from stadttakt_runtime.mqtt.client import FIRST_PAHO_MID
from stadttakt_runtime.mqtt.message import Outgoing
from stadttakt_runtime.mqtt.packets import Publish
from stadttakt_runtime.mqtt.publishing import MAX_WINDOW, Publishing, PublishRefusedError


class Wire:
    """What was sent, as the broker reads it."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.now_s = 1000.0
        self.publishing = Publishing(
            lambda packet: self.sent.append(bytes(packet)), "a/b", now=lambda: self.now_s
        )

    def read(self) -> list[Publish]:
        publishes = []
        for packet in self.sent:
            span = packets.find_packet(packet, 0)
            assert span is not None
            publishes.append(packets.read_publish(packet, span))
        self.sent.clear()
        return publishes

    def acknowledge(self, publishes: list[Publish]) -> None:
        for publish in publishes:
            self.publishing.on_puback(publish.mid, 0)


@pytest.fixture
def wire() -> Wire:
    return Wire()


def group(count: int, first: int = 0) -> list[Outgoing]:
    return [Outgoing(f"t/{first + i}", b"x") for i in range(count)]


async def test_nothing_is_sent_before_the_session_is_up(wire: Wire) -> None:
    receipt = wire.publishing.publish_all(group(3))
    assert not wire.publishing.online
    assert wire.sent == []
    wire.publishing.go_online(10)
    assert [publish.topic for publish in wire.read()] == [b"t/0", b"t/1", b"t/2"]
    assert not receipt.done()


async def test_no_more_fly_than_the_broker_takes_and_order_is_kept(wire: Wire) -> None:
    wire.publishing.go_online(2)
    wire.publishing.publish_all(group(5))
    first = wire.read()
    assert [publish.topic for publish in first] == [b"t/0", b"t/1"]
    wire.acknowledge(first[:1])
    second = wire.read()
    assert [publish.topic for publish in second] == [b"t/2"]
    wire.acknowledge([*first[1:], *second])
    assert [publish.topic for publish in wire.read()] == [b"t/3", b"t/4"]


async def test_a_broker_without_a_limit_does_not_get_everything_at_once(wire: Wire) -> None:
    wire.publishing.go_online(65_535)
    wire.publishing.publish_all(group(MAX_WINDOW + 1))
    assert len(wire.sent) == MAX_WINDOW


async def test_receipt_ends_with_the_last_acknowledgement_of_its_group(wire: Wire) -> None:
    wire.publishing.go_online(10)
    one, other = wire.publishing.publish_all(group(2)), wire.publishing.publish_all(group(1, 2))
    first, second, third = wire.read()
    wire.acknowledge([third, first])
    assert other.done()
    assert not one.done()
    assert wire.publishing.pending == 1
    wire.acknowledge([second])
    assert one.result() == 0
    assert wire.publishing.pending == 0


async def test_empty_group_is_done_at_once(wire: Wire) -> None:
    assert wire.publishing.publish_all([]).done()


async def test_unacknowledged_are_sent_again_first_and_marked(wire: Wire) -> None:
    wire.publishing.go_online(2)
    receipt = wire.publishing.publish_all(group(3))
    first = wire.read()
    wire.acknowledge(first[:1])
    wire.publishing.go_offline()
    wire.publishing.publish_all(group(1, 3))
    wire.sent.clear()
    wire.publishing.go_online(2)
    again = wire.read()
    assert [(publish.topic, publish.dup) for publish in again] == [(b"t/1", True), (b"t/2", True)]
    assert again[0].mid == first[1].mid
    wire.acknowledge(again)
    assert receipt.done()
    assert [(publish.topic, publish.dup) for publish in wire.read()] == [(b"t/3", False)]


async def test_acknowledgement_of_what_is_not_in_flight_counts_for_nobody(wire: Wire) -> None:
    wire.publishing.go_online(10)
    receipt = wire.publishing.publish_all(group(2))
    first, second = wire.read()
    wire.acknowledge([first, first])
    assert not receipt.done()
    wire.acknowledge([second])
    assert receipt.done()


async def test_packet_identifiers_go_round_below_pahos_and_skip_what_flies(wire: Wire) -> None:
    wire.publishing.go_online(10)
    wire.publishing.publish_all(group(1))
    (stuck,) = wire.read()
    seen = []
    for _ in range(FIRST_PAHO_MID + 5):
        wire.publishing.publish_all(group(1))
        (publish,) = wire.read()
        seen.append(publish.mid)
        wire.acknowledge([publish])
    assert stuck.mid == 1
    assert set(seen) == set(range(2, FIRST_PAHO_MID))
    assert seen[FIRST_PAHO_MID - 2] == 2


@pytest.mark.parametrize("reason", [0x80, 0x87, 0x97, 0x99])
async def test_refusal_ends_its_group_with_the_reason_and_no_other(wire: Wire, reason: int) -> None:
    wire.publishing.go_online(10)
    refused, other = wire.publishing.publish_all(group(2)), wire.publishing.publish_all(group(1))
    first, second, third = wire.read()
    wire.publishing.on_puback(first.mid, reason)
    with pytest.raises(PublishRefusedError, match=f"0x{reason:02x}"):
        await refused
    wire.acknowledge([second, third])
    assert other.done()
    assert wire.publishing.pending == 0


async def test_no_subscriber_is_no_refusal(wire: Wire) -> None:
    wire.publishing.go_online(10)
    receipt = wire.publishing.publish_all(group(1))
    (publish,) = wire.read()
    wire.publishing.on_puback(publish.mid, 0x10)
    assert receipt.result() == 0


async def test_packet_too_large_for_the_broker_is_refused_unsent(wire: Wire) -> None:
    wire.publishing.go_online(10, 100)
    large = wire.publishing.publish_all([Outgoing("t/large", bytes(100)), *group(1)])
    with pytest.raises(PublishRefusedError, match="for t/large; the broker takes 100"):
        await large
    assert [publish.topic for publish in wire.read()] == [b"t/0"]


async def test_expiry_and_retain_go_with_the_message(wire: Wire) -> None:
    wire.publishing.go_online(10)
    wire.publishing.publish_all([Outgoing("t", b"x", retain=True, expiry_s=0), Outgoing("t", b"")])
    retained, plain = wire.sent
    # An expiry of 0 would be dropped by the broker before anybody saw it.
    assert packets.pack_properties("a/b", 1) in retained
    assert packets.pack_properties("a/b") in plain
    assert [publish.retain for publish in wire.read()] == [True, False]


def holding(expiry_s: int | None) -> list[Outgoing]:
    return [Outgoing(f"t/{expiry_s}", b"x", retain=True, expiry_s=expiry_s)]


def left(packet: bytes) -> int:
    """Read the Message Expiry Interval, which is the last of a packet's properties (MQTT 5, 3.3.2.3.3)."""
    assert packet[-6:-5] == bytes([packets.MESSAGE_EXPIRY])
    return int.from_bytes(packet[-5:-1], "big")


@pytest.mark.parametrize("waits", [True, False])
async def test_what_waited_or_is_sent_again_holds_for_as_long_as_is_left_and_not_when_it_is_over(
    wire: Wire, *, waits: bool
) -> None:
    if not waits:
        wire.publishing.go_online(10)
    short, long, endless = (wire.publishing.publish_all(holding(each)) for each in (8, 60, None))
    wire.publishing.go_offline()
    wire.sent.clear()
    wire.now_s += 7.5
    wire.publishing.go_online(10)
    assert [left(packet) for packet in wire.sent[:2]] == [1, 53]
    assert [publish.topic for publish in wire.read()] == [b"t/8", b"t/60", b"t/None"]
    wire.publishing.go_offline()
    wire.now_s += 0.5
    wire.publishing.go_online(10)
    again = wire.read()
    assert [publish.topic for publish in again] == [b"t/60", b"t/None"]
    assert (short.done(), long.done(), endless.done()) == (True, False, False)
    wire.acknowledge(again)
    assert [each.result() for each in (short, long, endless)] == [1, 0, 0]
    assert wire.publishing.pending == 0


async def test_what_was_over_before_it_could_be_sent_is_done_and_never_sent(wire: Wire) -> None:
    receipt = wire.publishing.publish_all([*holding(8), *group(1)])
    wire.now_s += 8
    wire.publishing.go_online(10)
    sent = wire.read()
    assert [publish.topic for publish in sent] == [b"t/0"]
    assert not receipt.done()
    wire.acknowledge(sent)
    assert receipt.result() == 1


async def test_what_is_over_while_it_is_written_still_holds_for_a_second() -> None:
    """A process may stand still between the two looks at the clock; no time below one second can be told."""
    sent: list[bytes] = []
    times = iter((0.0, 7.9, 9.5))
    publishing = Publishing(lambda packet: sent.append(bytes(packet)), "a/b", now=times.__next__)
    publishing.go_online(10)
    publishing.publish_all(holding(8))
    assert [left(packet) for packet in sent] == [1]
