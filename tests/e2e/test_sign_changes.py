# SPDX-License-Identifier: EUPL-1.2
"""From what a network server sends to what a driver reads, through all parts as they are shipped."""

import time
from collections.abc import Callable

import pytest

from e2e.conftest import SECRET
from e2e.messages import SIMULATED_APPLICATION, Sensor, chirpstack, sensors, ttn
from e2e.town import WITHIN_S, Town
from support.trace_collector import Collected, TraceCollector

LOT, SIGN = "ratshof", "ratshof-einfahrt"


@pytest.fixture
def bays(halle: Town) -> list[Sensor]:
    """The general bays of the Ratshof, all of them free and the sign showing so."""
    found = sensors(LOT)
    halle.send(chirpstack(sensor, occupied=False) for sensor in found)
    general = [sensor for sensor in found if sensor.kind == "general"]
    halle.until(SIGN, lambda shown: shown["free"] == len(general))
    return general


def test_chirpstack_message_changes_the_sign_everywhere(halle: Town, bays: list[Sensor]) -> None:
    with halle.watching(SIGN) as events:
        halle.send([chirpstack(bays[0], occupied=True)])
        shown = halle.until(SIGN, lambda shown: shown["free"] == len(bays) - 1)
        assert halle.text(SIGN) == f"{len(bays) - 1}\n"
        wait_for(lambda: events[-1] == shown)
    wait_for(lambda: halle.retained(SIGN) == shown)
    assert (shown["state"], shown["simulated"]) == ("free", False)
    assert events[0]["free"] == len(bays)


def test_ttn_message_changes_the_sign_everywhere(halle: Town, bays: list[Sensor]) -> None:
    with halle.watching(SIGN) as events:
        halle.send([ttn(bays[1], occupied=True), ttn(bays[2], occupied=True)])
        shown = halle.until(SIGN, lambda shown: shown["free"] == len(bays) - 2)
        assert halle.text(SIGN) == f"{len(bays) - 2}\n"
        wait_for(lambda: events[-1] == shown)
    wait_for(lambda: halle.retained(SIGN) == shown)
    assert shown["simulated"] is False
    sources = halle.rows("select distinct source_id from uplink.uplink order by 1")
    assert {"source_id": "partner-tts"} in sources


def test_one_trace_leads_from_the_uplink_to_the_sign(
    halle: Town, bays: list[Sensor], collector: TraceCollector
) -> None:
    halle.send([chirpstack(bays[5], occupied=True)])
    halle.until(SIGN, lambda shown: shown["free"] == len(bays) - 1)
    (uplink,) = halle.rows(
        "select uplink_id from uplink.uplink where dev_eui = "
        f"'{bays[5].dev_eui}' order by received_at desc limit 1"
    )
    trace_id = uplink["uplink_id"].hex
    chain = ("uplink", "parking", "publish sign")
    wait_for(lambda: {each.name for each in of_trace(collector, trace_id)} >= set(chain))
    steps = {each.name: each for each in of_trace(collector, trace_id)}
    assert steps["uplink"].service == "uplink-decoder"
    assert steps["parking"].service == "parking-occupancy"
    assert steps["parking"].attributes == {"stadttakt.bay": bays[5].bay_id}
    assert steps["publish sign"].attributes == {"stadttakt.sign": SIGN}
    assert [steps[name].parent for name in chain] == ["", *(steps[n].span_id for n in chain[:2])]
    assert steps["uplink"].began < steps["parking"].ended <= steps["publish sign"].ended
    retained = halle.envelope(SIGN)["traceparent"]
    assert retained == f"00-{trace_id}-{steps['publish sign'].span_id}-01"


def test_webhook_changes_the_sign_too(halle: Town, bays: list[Sensor]) -> None:
    message = chirpstack(bays[3], occupied=True)
    answer = halle.world.decoder.http.post(
        "/v1/webhooks/chirpstack?event=up",
        content=message.payload,
        headers={"X-Stadttakt-Secret": SECRET, "content-type": "application/json"},
    )
    assert answer.status_code == 204
    halle.until(SIGN, lambda shown: shown["free"] == len(bays) - 1)


@pytest.mark.parametrize("codec_id", sorted({sensor.codec_id for sensor in sensors(LOT)}))
def test_sensor_of_every_make_changes_the_sign(
    halle: Town, bays: list[Sensor], codec_id: str
) -> None:
    sensor = next(each for each in bays if each.codec_id == codec_id)
    halle.send([ttn(sensor, occupied=True)])
    halle.until(SIGN, lambda shown: shown["free"] == len(bays) - 1)
    halle.send([chirpstack(sensor, occupied=False)])
    halle.until(SIGN, lambda shown: shown["free"] == len(bays))


def test_wrong_inputs_in_between_stop_nothing(halle: Town, bays: list[Sensor]) -> None:
    uplinks = f"application/a/device/{bays[4].dev_eui}/event/up"
    observations = f"{halle.world.root}/observation/bay-occupancy/{bays[4].bay_id}"
    wrong = {
        "too_large": b'{"data": "' + b"A" * 1_000_000 + b'"}',
        "invalid_json": b"{not json",
        "invalid_utf8": b'{"deviceInfo": {"devEui": "\xff\xfe"}}',
        "wrong_type": b'{"fCnt": "seven"}',
    }
    halle.send([(topic, body) for topic in (uplinks, observations) for body in wrong.values()])
    halle.send([chirpstack(bays[4], occupied=True)])
    halle.until(SIGN, lambda shown: shown["free"] == len(bays) - 1)
    held = halle.rows("select reason, payload from uplink.quarantine")
    assert {row["reason"]: row["payload"] for row in held} == wrong
    refused = halle.rows("select reason, payload from parking.rejected")
    assert {row["payload"] for row in refused} == set(wrong.values())
    assert [row["reason"] for row in refused if row["payload"] == wrong["wrong_type"]] == [
        "wrong_form"
    ]


def test_simulated_mark_reaches_the_sign(halle: Town) -> None:
    free = sensors("pr-trotha")
    halle.send(chirpstack(each, occupied=False, application=SIMULATED_APPLICATION) for each in free)
    general = sum(sensor.kind == "general" for sensor in free)
    shown = halle.until("pr-trotha-einfahrt", lambda shown: shown["free"] == general)
    assert shown["simulated"] is True
    assert halle.retained("pr-trotha-einfahrt")["simulated"] is True
    lot = halle.world.parking.http.get("/v1/lots/pr-trotha").json()
    bay = halle.world.parking.http.get(f"/v1/bays/{free[-1].bay_id}").json()
    assert (lot["simulated"], bay["simulated"]) == (True, True)
    marks = halle.rows(
        "select distinct simulated from uplink.uplink where source_id like 'simulator-%'"
    )
    assert marks == [{"simulated": True}]


def of_trace(collector: TraceCollector, trace_id: str) -> list[Collected]:
    return [each for each in collector.spans if each.trace_id == trace_id]


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
