# SPDX-License-Identifier: EUPL-1.2
"""PUBLISH and PUBACK against paho's own reading and writing, and against broken bytes."""

from typing import Any

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from stadttakt_runtime.mqtt import packets
from stadttakt_runtime.mqtt.packets import MalformedError, Publish

topics = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0#+"), min_size=1, max_size=40
)
payloads = st.binary(max_size=300) | st.binary(min_size=16_380, max_size=16_390)
mids = st.integers(1, 65_535)
expiries = st.none() | st.integers(1, 4_294_967_295)
content_types = st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=130)


class Paho(paho.Client):
    """paho with bytes instead of a socket: what it is given it reads, what it sends is kept."""

    def __init__(self) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, "x", protocol=MQTTProtocolVersion.MQTTv5)
        self.input = b""
        self.output = b""
        self.messages: list[paho.MQTTMessage] = []
        self.on_message = lambda _client, _userdata, message: self.messages.append(message)

    def _sock_recv(self, bufsize: int) -> bytes:
        chunk, self.input = self.input[:bufsize], self.input[bufsize:]
        if not chunk:
            raise BlockingIOError
        return chunk

    def _packet_queue(self, *arguments: Any, **_: Any) -> paho.MQTTErrorCode:
        self.output += bytes(arguments[1])
        return paho.MQTT_ERR_SUCCESS

    def read(self, packet: bytes) -> None:
        self.input += packet
        while self.input:
            assert self._packet_read() == paho.MQTT_ERR_SUCCESS

    def written(
        self, topic: str, payload: bytes, qos: int, mid: int, *, retain: bool, dup: bool, props: Any
    ) -> bytes:
        self.output = b""
        self._sock = self  # not used, but looked for
        self._send_publish(mid, topic.encode(), payload, qos, retain, dup, None, props)
        self._sock = None
        return self.output


def properties(content_type: str, expiry_s: int | None) -> Any:
    found = Properties(PacketTypes.PUBLISH)
    found.ContentType = content_type
    if expiry_s is not None:
        found.MessageExpiryInterval = expiry_s
    return found


def read(buffer: bytes) -> Publish:
    span = packets.find_packet(buffer, 0)
    assert span is not None
    assert span.end == len(buffer)
    return packets.read_publish(buffer, span)


@given(
    topic=topics,
    payload=payloads,
    mid=mids,
    expiry_s=expiries,
    content_type=content_types,
    retain=st.booleans(),
)
def test_what_we_write_is_read_by_paho_and_by_us(
    *, topic: str, payload: bytes, mid: int, expiry_s: int | None, content_type: str, retain: bool
) -> None:
    packed = packets.pack_properties(content_type, expiry_s)
    packet = bytes(
        packets.write_publish(topic.encode(), payload, mid=mid, retain=retain, properties=packed)
    )
    client = Paho()
    client.read(packet)
    (message,) = client.messages
    assert (message.topic, message.payload, message.qos) == (topic, payload, 1)
    assert (message.mid, message.retain, message.dup) == (mid, retain, False)
    assert message.properties.ContentType == content_type
    assert getattr(message.properties, "MessageExpiryInterval", None) == expiry_s
    assert read(packet) == Publish(
        topic.encode(), payload, qos=1, dup=False, retain=retain, mid=mid
    )


@given(
    topic=topics,
    payload=payloads,
    qos=st.sampled_from([0, 1, 2]),
    mid=mids,
    retain=st.booleans(),
    dup=st.booleans(),
    pairs=st.lists(st.tuples(st.text("abc", max_size=60), st.text("abc", max_size=60)), max_size=4),
)
def test_what_paho_writes_is_read_by_us(
    *,
    topic: str,
    payload: bytes,
    qos: int,
    mid: int,
    retain: bool,
    dup: bool,
    pairs: list[tuple[str, str]],
) -> None:
    props = properties("application/json", 60)
    if pairs:
        props.UserProperty = pairs
    packet = Paho().written(topic, payload, qos, mid, retain=retain, dup=dup, props=props)
    wanted = Publish(topic.encode(), payload, qos, dup, retain, mid if qos else 0)
    assert read(packet) == wanted


@given(topics, st.binary(max_size=200), mids)
def test_packet_split_anywhere_is_awaited_and_then_read(
    topic: str, payload: bytes, mid: int
) -> None:
    packet = bytes(
        packets.write_publish(
            topic.encode(),
            payload,
            mid=mid,
            retain=False,
            properties=packets.pack_properties("application/json"),
        )
    )
    before = b"\x40\x02\x00\x01"
    for length in range(len(packet)):
        assert packets.find_packet(before + packet[:length], len(before)) is None
    buffer = before + packet + packet
    span = packets.find_packet(buffer, len(before))
    assert span is not None
    assert packets.read_publish(buffer, span) == read(packet)
    following = packets.find_packet(buffer, span.end)
    assert following is not None
    assert packets.read_publish(buffer, following) == read(packet)


@pytest.mark.parametrize("length", [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
def test_length_is_written_as_the_standard_says(length: int) -> None:
    # 9 bytes are topic "t" with its length, packet identifier, property length and properties.
    overhead = 2 + 1 + 2 + 1 + 3
    payload = bytes(max(0, length - overhead))
    packet = packets.write_publish(
        b"t", payload, mid=1, retain=False, properties=packets.pack_properties("")
    )
    client = Paho()
    client.read(bytes(packet))
    assert client.messages[0].payload == payload


@given(mids, st.sampled_from([0x00, 0x10, 0x80, 0x87, 0x97]))
def test_puback_of_any_length_is_read(mid: int, reason: int) -> None:
    for body in (
        mid.to_bytes(2, "big") + bytes([reason]),
        mid.to_bytes(2, "big") + bytes([reason, 0]),
    ):
        packet = bytes([packets.PUBACK, len(body)]) + body
        span = packets.find_packet(packet, 0)
        assert span is not None
        assert packets.read_puback(packet, span) == (mid, reason)
    ours = packets.write_puback(mid)
    span = packets.find_packet(ours, 0)
    assert span is not None
    assert packets.read_puback(ours, span) == (mid, 0)


@pytest.mark.parametrize(
    ("packet", "what"),
    [
        ("32 00", "topic length"),
        ("32 01 00", "topic length"),
        ("32 03 00 01 74", "packet identifier"),
        ("32 04 00 01 74 00", "packet identifier"),
        ("32 04 00 05 74 00", "packet identifier"),
        ("36 07 00 01 74 00 01 00 00", "QoS 3"),
        ("30 03 00 01 74", "properties"),
        ("30 03 00 09 74", "properties"),
        ("32 05 00 01 74 00 01", "properties"),
        ("32 06 00 01 74 00 01 09", "properties"),
        ("32 07 00 01 74 00 01 80 01", "properties"),
        ("32 09 00 01 74 00 01 ff ff ff ff", "more than four bytes"),
    ],
)
@pytest.mark.parametrize("behind", ["", "30 05 00 01 74 00 00 30 05 00 01 74 00 00"])
def test_lengths_that_contradict_each_other_are_malformed(
    packet: str, what: str, behind: str
) -> None:
    raw = bytes.fromhex(packet)
    span = packets.find_packet(raw + bytes.fromhex(behind), 0)
    assert span is not None
    assert span.end == len(raw)
    with pytest.raises(MalformedError, match=what):
        packets.read_publish(raw + bytes.fromhex(behind), span)


def test_length_of_five_bytes_is_malformed() -> None:
    with pytest.raises(MalformedError, match="four bytes"):
        packets.find_packet(bytes.fromhex("30 ff ff ff ff 01"), 0)


def test_puback_without_packet_identifier_is_malformed() -> None:
    packet = bytes.fromhex("40 01 00")
    span = packets.find_packet(packet, 0)
    assert span is not None
    with pytest.raises(MalformedError, match="packet identifier"):
        packets.read_puback(packet, span)


@given(st.binary(min_size=1, max_size=60))
def test_no_bytes_do_more_than_be_malformed(noise: bytes) -> None:
    try:
        span = packets.find_packet(noise, 0)
        if span is not None:
            packets.read_publish(noise, span)
    except MalformedError:
        pass


@given(topics, payloads, st.none() | mids)
def test_3_1_1_publish_has_no_properties_and_at_qos_0_no_identifier(
    topic: str, payload: bytes, mid: int | None
) -> None:
    packet = bytes(
        packets.write_publish(topic.encode(), payload, mid=mid or 0, retain=True, properties=None)
    )
    span = packets.find_packet(packet, 0)
    assert span is not None
    assert span.end == len(packet)
    found = packets.read_publish(packet, span, has_properties=False)
    qos = 1 if mid else 0
    assert found == Publish(topic.encode(), payload, qos, dup=False, retain=True, mid=mid or 0)
