# SPDX-License-Identifier: EUPL-1.2
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from simulators.simulated_city import MONDAY, SHARED_EXAMPLES, halle
from stadttakt_simulators.clock import later, rfc3339
from stadttakt_simulators.lorawan.dialects import model
from stadttakt_simulators.lorawan.dialects.model import Message, Session
from stadttakt_simulators.lorawan.encoders.model import Frame
from stadttakt_simulators.lorawan.radio import CHANNELS_HZ, Reception
from stadttakt_simulators.network import identify
from uplink_decoder.dialects import read_chirpstack, read_tts
from uplink_decoder.domain.uplink import DeviceEvent, Uplink

# Real fields of these servers that the examples happen not to show.
CHIRPSTACK_EXTRA = {
    "rxInfo[].gwTime",
    "rxInfo[].rfChain",
    "rxInfo[].location.latitude",
    "rxInfo[].location.longitude",
    "rxInfo[].location.altitude",
}
TTS_EXTRA = {
    f"uplink_message.rx_metadata[].location.{name}"
    for name in ("latitude", "longitude", "altitude", "source")
}
# What the examples have and this simulator leaves out on purpose: the server decodes nothing and asks no battery.
LEFT_OUT = (
    "object",
    "uplink_message.decoded_payload",
    "uplink_message.last_battery_percentage",
    "uplink_message.version_ids",
)


def an_uplink(f_cnt: int = 7, *, channel: int = 3) -> model.Uplink:
    gateways = halle()[1].gateways
    return model.Uplink(
        identify("0200484c00010001", "bay 1", "bosch-tps110"),
        Session("26abcdef", "AAECAwQFBgcICQoLDA0ODw=="),
        f_cnt,
        Frame(1, b"\x01"),
        sent_at=later(MONDAY, 0.123456789),
        gateway_at=later(MONDAY, 0.123456789),
        server_at=later(MONDAY, 0.4),
        receptions=(Reception(gateways[0], -97, 9.25), Reception(gateways[3], -110, 0.0)),
        factor=7,
        frequency_hz=CHANNELS_HZ[channel],
        airtime_s=0.046336,
    )


def body(message: Message) -> Any:
    return json.loads(message.payload)


def shape(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from shape(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from shape(item, f"{path}[]")
    else:
        kind = type(value).__name__
        yield path, "number" if kind in ("int", "float") else kind


def examples(file: str, required: str) -> list[Any]:
    path = SHARED_EXAMPLES / file
    if not path.exists():
        pytest.skip("the shared examples are not here")
    messages = [json.loads(line)["msg"] for line in path.read_text("utf-8").splitlines()]
    return [message for message in messages if required in message]


@pytest.fixture
def rng() -> random.Random:
    return random.Random(1)


def test_chirpstack_up_has_the_structure_of_real_ones(rng: random.Random):
    real = examples("chirpstack_v4.jsonl", "rxInfo")
    ours = set(shape(body(halle()[1].chirpstack.up(an_uplink(), rng))))
    allowed = {pair for message in real for pair in shape(message)}
    assert {path for path, kind in ours if (path, kind) not in allowed} <= CHIRPSTACK_EXTRA
    demanded = {pair for pair in shape(real[0]) if not pair[0].startswith(LEFT_OUT)}
    assert demanded <= ours


def test_tts_up_has_the_structure_of_real_ones(rng: random.Random):
    real = examples("ttn_v3.jsonl", "uplink_message")
    ours = set(shape(body(halle()[1].tts.up(an_uplink(), rng))))
    allowed = {pair for message in real for pair in shape(message)}
    assert {path for path, kind in ours if (path, kind) not in allowed} <= TTS_EXTRA
    demanded = {pair for pair in shape(real[0]) if not pair[0].startswith(LEFT_OUT)}
    assert demanded <= ours


@pytest.mark.parametrize(
    ("file", "required"), [("chirpstack_v4.jsonl", "context"), ("chirpstack_v4.jsonl", "margin")]
)
def test_chirpstack_log_and_status_have_the_structure_of_real_ones(
    file: str, required: str, rng: random.Random
):
    server, device = halle()[1].chirpstack, an_uplink().device
    ours = {
        "context": server.log(device, MONDAY, "UPLINK_F_CNT_RETRANSMISSION", rng),
        "margin": server.status(device, MONDAY, rng, margin_db=3, battery_percent=77.5),
    }[required]
    for message in examples(file, required):
        assert set(shape(message)) - set(shape(body(ours))) <= {("rxInfo", "str")}


def test_tts_join_has_the_structure_of_real_ones(rng: random.Random):
    join = halle()[1].tts.join(an_uplink().device, an_uplink().session, MONDAY, rng)
    (real,) = examples("ttn_v3.jsonl", "join_accept")
    assert set(shape(body(join))) == set(shape(real))


def test_tts_omits_zeros_at_every_depth(rng: random.Random):
    message = body(halle()[1].tts.up(an_uplink(f_cnt=0, channel=0), rng))
    uplink = message["uplink_message"]
    assert "f_cnt" not in uplink
    second = uplink["rx_metadata"][1]
    assert "snr" not in second
    assert "channel_index" not in second
    assert "f_cnt" in body(halle()[1].tts.up(an_uplink(f_cnt=1), rng))["uplink_message"]


def test_tts_writes_euis_upper_case_and_64_bit_numbers_as_strings(rng: random.Random):
    message = body(halle()[1].tts.up(an_uplink(), rng))
    assert message["end_device_ids"]["dev_eui"] == "0200484C00010001"
    assert message["end_device_ids"]["dev_addr"] == "26ABCDEF"
    assert message["uplink_message"]["settings"]["frequency"] == "867100000"
    assert message["uplink_message"]["consumed_airtime"] == "0.046336s"


def test_chirpstack_emits_a_zero_counter_but_omits_zeros_of_the_radio(rng: random.Random):
    message = body(halle()[1].chirpstack.up(an_uplink(f_cnt=0, channel=0), rng))
    assert message["fCnt"] == 0
    assert "snr" not in message["rxInfo"][1]
    assert "channel" not in message["rxInfo"][0]


def test_times_have_nanoseconds_from_servers_and_microseconds_from_gateways(rng: random.Random):
    message = body(halle()[1].chirpstack.up(an_uplink(), rng))
    assert message["rxInfo"][0]["gwTime"] == "2026-11-23T06:00:00.123456+00:00"
    assert len(message["rxInfo"][0]["nsTime"]) == len("2026-11-23T06:00:00.123456789+00:00")
    assert "gwTime" not in message["rxInfo"][1], "this gateway has no GPS"


def test_without_a_gps_gateway_the_servers_clock_counts(rng: random.Random):
    uplink = an_uplink()
    without_gps = replace(uplink, receptions=uplink.receptions[1:])
    message = body(halle()[1].chirpstack.up(without_gps, rng))
    assert message["time"] == rfc3339(uplink.server_at, "+00:00")


def test_the_decoder_reads_back_what_was_sent(rng: random.Random):
    config = halle()[1]
    ours = config.chirpstack.up(an_uplink(f_cnt=9), rng)
    read = read_chirpstack(None, "up", ours.payload)
    assert isinstance(read, Uplink)
    assert (read.device, read.identity) == (ours.dev_eui, ours.identity)
    assert (read.f_cnt, read.f_port, read.payload, read.flags) == (9, 1, b"\x01", ())
    ours = config.tts.up(an_uplink(f_cnt=0, channel=0), rng)
    read = read_tts(None, None, "up", ours.payload)
    assert isinstance(read, Uplink)
    assert (read.device, read.identity) == (ours.dev_eui, ours.identity)
    assert (read.f_cnt, read.f_port, read.payload, read.flags) == (0, 1, b"\x01", ())


def test_the_decoder_reads_our_joins_logs_and_status(rng: random.Random):
    config, uplink = halle()[1], an_uplink()
    for message in (
        config.chirpstack.join(uplink.device, uplink.session, MONDAY, rng),
        config.chirpstack.log(uplink.device, MONDAY, "UPLINK_F_CNT_RESET", rng),
        config.chirpstack.status(uplink.device, MONDAY, rng, margin_db=3, battery_percent=77.5),
    ):
        assert isinstance(read_chirpstack(None, message.event, message.payload), DeviceEvent)
    join = config.tts.join(uplink.device, uplink.session, MONDAY, rng)
    assert isinstance(read_tts(None, None, "join", join.payload), DeviceEvent)


def test_topics_are_those_of_the_servers(rng: random.Random):
    config = halle()[1]
    assert config.chirpstack.up(an_uplink(), rng).topic == (
        "application/5147ad00-0000-4000-8000-000000000001/device/0200484c00010001/event/up"
    )
    assert config.tts.up(an_uplink(), rng).topic == (
        "v3/stadttakt-sim@demo/devices/eui-0200484c00010001/up"
    )


def test_a_message_is_about_a_kilobyte(rng: random.Random):
    config = halle()[1]
    assert 900 <= len(config.chirpstack.up(an_uplink(), rng).payload) <= 1700
    assert 900 <= len(config.tts.up(an_uplink(), rng).payload) <= 1900
