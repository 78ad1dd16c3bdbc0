# SPDX-License-Identifier: EUPL-1.2
"""Every public vector of a shipped device decodes to what its maker says it means."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from uplink_decoder.codecs.model import (
    BayReading,
    CodecError,
    CountReading,
    Decoded,
    PresenceReading,
)

REPOSITORY = Path(__file__).parents[4]
PUBLIC_VECTORS = REPOSITORY.parent / "shared" / "data" / "lorawan" / "parking_people_vectors.json"

Vector = Mapping[str, Any]


def same(value: object) -> object:
    return value


def millivolts(volts: float) -> int:
    return round(1000 * volts)


@dataclass(frozen=True)
class Ours:
    """Where the platform has a vendor's field: a path in `data`, and the vendor's value in our terms."""

    path: str
    as_ours: Callable[[Any], object] = same


@dataclass(frozen=True)
class NotCarried:
    """Why a vendor's field is not in our data."""

    reason: str


Rule = Ours | NotCarried

OCCUPIED = Ours("occupied", bool)
RAW = NotCarried("the raw payload and port are stored with the uplink")
RESERVED = NotCarried("a reserved bit")
BOSCH: dict[str, Rule] = {
    "type": Ours("frame", lambda name: name.replace(" ", "_")),
    "occupied": OCCUPIED,
    "temperature": Ours("temperature_c"),
    "debugCodes": Ours("debug_codes"),
    "firmwareVersion": Ours("firmware"),
    "firmware": Ours("firmware"),
    "resetCause": Ours("reset_cause", lambda cause: cause.replace(" ", "_")),
    "reset_cause": Ours("reset_cause", lambda cause: cause.removesuffix("(4)")),
}
NWAVE_FRAMES = {"user_registration": "tag_registration"}
LIBELIUM_FRAMES = {"start1": "start_1", "start2": "start_2"}
PAYLOAD_PARTS = {
    "counter": "counts",
    "bme": "environment",
    "gps": "gps",
    "battery": "battery",
    **{f"sensor{n}": f"sensor_{n}" for n in (1, 2, 3)},
}
BOARD_FLAGS = {
    "adr": "adaptive_data_rate",
    "antenna": "external_antenna",
    "blescan": "ble_scan",
    "countermode": "cumulative_counter",
    "screen": "screen",
    "screensaver": "screensaver",
}


def answer_frame(command: str) -> str:
    return {"ConfigReportRsp": "configuration_answer", "ReadConfigReportRsp": "configuration"}[
        command
    ]


def alarm(text: str) -> str:
    return {"threshold alarm": "threshold"}[text]


RULES: Mapping[str, Mapping[str, Rule]] = {
    "bosch-tps110": BOSCH,
    "nwave-nps310": {
        "type": Ours("frame"),
        "occupied": OCCUPIED,
        "firmware_version": Ours("firmware"),
        "reset_cause": Ours("reset_cause"),
    },
    "nwave-nps405": {
        "type": Ours("frame", lambda name: NWAVE_FRAMES.get(name, name)),
        "occupied": OCCUPIED,
        "previous_state_duration": Ours("previous_duration_min"),
        "previous_state_duration_error": Ours("previous_duration_error_min"),
        "previous_state_duration_overflow": Ours("previous_duration_overflow"),
        "tag_id": Ours("tag_id"),
        "battery_voltage": Ours("battery_mv", millivolts),
        "battery_health": Ours("battery_health"),
        "temperature": Ours("temperature_c"),
        "hw_health_status": Ours("hardware_health"),
        "firmware_version": Ours("firmware"),
        "reset_cause": Ours("reset_cause"),
    },
    "pni-placepod": {
        "parking_status": OCCUPIED,
        "keep_alive": Ours("keep_alive", bool),
        "temperature": Ours("temperature_c"),
        "battery_v": Ours("battery_mv", millivolts),
        "reboot": Ours("rebooted", bool),
        "recalibrate": Ours("recalibrated", bool),
        "deactivate": Ours("deactivated", bool),
        "vehicle_count": Ours("vehicle_count"),
    },
    "libelium-smart-parking": {
        "frame": Ours("frame", lambda name: LIBELIUM_FRAMES.get(name, name)),
        "occupied": OCCUPIED,
        "counter": Ours("sequence"),
        "temperature": Ours("temperature_c"),
        "sensor_error": Ours("sensor_error"),
        "firmware_version": Ours("firmware", str),
    },
    "tekzitel-tekzipark": {
        "occupied": OCCUPIED,
        "keepAlive": Ours("keep_alive", bool),
        "reset": Ours("reset", bool),
        "No_Beacon": Ours("no_beacon", bool),
        "Radar": Ours("radar_detection", bool),
        "Obstruction": Ours("obstructed", bool),
        "Good_Battery": Ours("battery_good", bool),
        "Temperature": Ours("temperature_c"),
        "Parking_ID": Ours("parking_id"),
        "Beacon_RSSI": Ours("beacon_rssi_dbm"),
        "Beacons": Ours("beacon_ids"),
    },
    "netvox-r719a": {
        "Device": Ours("device"),
        "SWver": Ours("software_version", lambda version: f"{version:.1f}"),
        "HWver": Ours("hardware_version", str),
        "Datecode": Ours("date_code"),
        "Volt": Ours("battery_mv", millivolts),
        "CarOnOff": OCCUPIED,
        "Cmd": Ours("frame", answer_frame),
        "Status": Ours("accepted", lambda status: status == "Success"),
        "MinTime": Ours("report_min_s"),
        "MaxTime": Ours("report_max_s"),
        "BatteryChange": Ours("battery_change_mv", millivolts),
    },
    "dingtek-do200": {
        "level": Ours("level_mm"),
        "volt": Ours("battery_mv", millivolts),
        "alarmPark": OCCUPIED,
        "alarmLevel": Ours("level_alarm"),
        "alarmMagnet": Ours("magnet_alarm"),
        "alarmBattery": Ours("battery_low"),
        **{f"{axis}Magnet": Ours(f"magnetic_field.{axis}") for axis in "xyz"},
        "Frame_Counter": Ours("sequence"),
        "firmware": Ours("firmware"),
        "uploadInterval": Ours("upload_interval_h"),
        "ultraDetectInterval": Ours("ultrasonic_interval_min"),
        "magDetectInterval": Ours("magnetic_interval_s"),
        "magThreshold": Ours("magnetic_threshold_mg"),
    },
    "esp32-paxcounter": {
        "bytes": RAW,
        "port": RAW,
        "wifi": Ours("wifi"),
        "ble": Ours("ble"),
        "pax": NotCarried("the sum counts a telephone twice that sends on both radios"),
        "voltage": Ours("battery_mv"),
        "uptime": Ours("uptime_s"),
        "cputemp": Ours("cpu_temperature_c"),
        "memory": Ours("free_memory_bytes"),
        "reset0": Ours("reset_cause"),
        "restarts": Ours("restarts"),
        "loradr": Ours("data_rate"),
        "txpower": Ours("transmit_power_dbm"),
        "rssilimit": Ours("rssi_limit_dbm"),
        "sendcycle": Ours("send_cycle_s", lambda halves: 2 * halves),
        "wifichancycle": Ours("wifi_channel_cycle_ms", lambda hundredths: 10 * hundredths),
        "blescantime": Ours("ble_scan_ms", lambda hundredths: 10 * hundredths),
        "sleepcycle": Ours("sleep_cycle_s", lambda tens: 10 * tens),
        **{f"flags.{theirs}": Ours(ours, bool) for theirs, ours in BOARD_FLAGS.items()},
        "flags.reserved": RESERVED,
        **{f"payloadmask.{k}": Ours(f"sends.{v}", bool) for k, v in PAYLOAD_PARTS.items()},
        "payloadmask.reserved": RESERVED,
        "version": Ours("firmware"),
        "latitude": Ours("latitude"),
        "longitude": Ours("longitude"),
        "sats": Ours("satellites"),
        "hdop": Ours("hdop"),
        "altitude": Ours("altitude_m"),
        "button": Ours("button"),
        "temperature": Ours("temperature_c"),
        "pressure": Ours("pressure_hpa"),
        "humidity": Ours("humidity_percent"),
        "air": Ours("air_quality_index"),
        "time": Ours("device_time_epoch_s"),
        "timestatus": Ours("time_status"),
        "ens": Ours("exposure_notifications"),
    },
    "milesight-vs133": {
        f"line_{line}.{counter}": Ours(f"gates.{line}.{counter}")
        for line in (1, 2, 3, 4)
        for counter in ("total_in", "total_out", "period_in", "period_out")
    },
    "milesight-vs350": {
        "battery": Ours("battery_percent"),
        "temperature": Ours("temperature_c"),
        **{f"total_{way}": Ours(f"gates.1.total_{way}") for way in ("in", "out")},
        **{f"period_{way}": Ours(f"gates.1.period_{way}") for way in ("in", "out")},
        "total_count_alarm": Ours("total_alarm", alarm),
        "period_count_alarm": Ours("period_alarm", alarm),
    },
}

CODEC_OF_DEVICE = {
    "tps110-0292-codec": "bosch-tps110",
    "bosch-tps110": "bosch-tps110",
    "do200-codec": "dingtek-do200",
    "esp32-paxcounter-codec": "esp32-paxcounter",
    "libelium-smart-parking-v2/v3": "libelium-smart-parking",
    "vs133-codec": "milesight-vs133",
    "milesight-vs350": "milesight-vs350",
    "r719a-codec": "netvox-r719a",
    "nps310sm-codec": "nwave-nps310",
    "nps405-codec": "nwave-nps405",
    "pni-placepod": "pni-placepod",
    "tekzipark-codec": "tekzitel-tekzipark",
}
NOT_SHIPPED = {"dc500-codec", "em310-udl-codec", "vs121-codec", "cicicom-s-lg-i3"}

ALL_VECTORS: list[Vector] = (
    json.loads(PUBLIC_VECTORS.read_text(encoding="utf-8")) if PUBLIC_VECTORS.exists() else []
)
SHIPPED = [vector for vector in ALL_VECTORS if vector["device"] not in NOT_SHIPPED]

pytestmark = pytest.mark.skipif(
    not ALL_VECTORS, reason=f"the public vectors are not here: {PUBLIC_VECTORS.name} is missing"
)


def flatten(fields: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def rule_for(codec_id: str, field: str, vector: Vector) -> Rule:
    # Beside its alarm, a VS350's period is one that has not ended.
    if field.startswith("period_") and field != "period_count_alarm" and "85cc" in vector["hex"]:
        return Ours(f"unfinished_period.{field}")
    return RULES[codec_id][field]


def readings_meant(fields: Mapping[str, Any], codec_id: str) -> tuple[object, ...]:
    if fields.get("deactivate"):
        return ()
    occupied = fields.get("occupied", fields.get("parking_status"))
    occupied = fields.get("CarOnOff", fields.get("alarmPark", occupied))
    if occupied is not None:
        minutes = fields.get("previous_state_duration")
        suspect = fields.get("frame") == "error"
        return (
            BayReading(bool(occupied), None if minutes is None else 60 * minutes, None, suspect),
        )
    if "wifi" in fields:
        return (PresenceReading(fields["wifi"], fields.get("ble")),)
    if codec_id == "milesight-vs350" and "total_in" in fields:
        return (CountReading("1", "cumulative", fields["total_in"], fields["total_out"]),)
    lines = sorted({name.split(".")[0] for name in fields if name.startswith("line_")})
    return tuple(
        CountReading(
            line.removeprefix("line_"),
            "cumulative",
            fields[f"{line}.total_in"],
            fields[f"{line}.total_out"],
        )
        for line in lines
    )


@pytest.mark.parametrize("vector", SHIPPED, ids=lambda v: f"{v['device']} {v['fport']} {v['hex']}")
def test_public_vector_means_what_its_maker_says(
    vector: Vector, decode: Callable[[str, int, bytes], Decoded]
) -> None:
    codec_id = CODEC_OF_DEVICE[vector["device"]]
    # The collection has no port for PlacePod and Libelium, whose codecs take any.
    f_port, payload = vector["fport"] or 1, bytes.fromhex(vector["hex"])
    expected = vector["expected"]
    if expected.get("errors"):
        with pytest.raises(CodecError, match=f"no frame is known on port {f_port}"):
            decode(codec_id, f_port, payload)
        return
    decoded = decode(codec_id, f_port, payload)
    fields = expected.get("data", expected)
    if "history" in fields:
        assert_history_matches(decoded, fields["history"])
        return
    ours = flatten(decoded.data)
    theirs = flatten(fields)
    assert theirs
    for name, value in theirs.items():
        rule = rule_for(codec_id, name, vector)
        if isinstance(rule, Ours):
            assert ours[rule.path] == rule.as_ours(value), name
    assert decoded.readings == readings_meant(theirs, codec_id)
    assert decoded.warnings == ()


def assert_history_matches(decoded: Decoded, entries: list[dict[str, int]]) -> None:
    for reading, entry in zip(decoded.readings, entries, strict=True):
        assert isinstance(reading, CountReading)
        counter = "total" if "total_in" in entry else "period"
        assert reading.mode == {"total": "cumulative", "period": "delta"}[counter]
        assert (reading.count_in, reading.count_out) == (
            entry[f"{counter}_in"],
            entry[f"{counter}_out"],
        )
        assert reading.observed_at is not None
        assert reading.observed_at.timestamp() == entry["timestamp"]
    history = decoded.data["history"]
    assert isinstance(history, list)
    for ours, entry in zip(history, entries, strict=True):
        assert ours["gates"]["1"] == {k: v for k, v in entry.items() if k != "timestamp"}


def test_every_public_device_is_shipped_or_named_as_not_shipped() -> None:
    assert {vector["device"] for vector in ALL_VECTORS} == set(CODEC_OF_DEVICE) | NOT_SHIPPED
    assert len(SHIPPED) > len(ALL_VECTORS) / 2
