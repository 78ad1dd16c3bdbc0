# SPDX-License-Identifier: EUPL-1.2
"""Foreign messages about passengers, as their specifications and makers have them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vehicle_occupancy.dialects import DIALECTS
from vehicle_occupancy.dialects.model import Options, UnreadableError
from vehicle_occupancy.domain.load.reading import Quality

WALTTI = Path(__file__).parents[4] / "shared/data/passenger_apc_waltti/example-message.json"
UTC_CUMULATIVE = Options(zone=UTC)

VDV = """<?xml version="1.0" encoding="UTF-8"?>
<PassengerCountingService.GetAllDataResponse>
  <AllData>
    <TimeStamp><Value>2026-11-26T07:30:05+01:00</Value></TimeStamp>
    <CountingData>
      <DoorID><Value>1</Value></DoorID>
      <Count>
        <ObjectClass>Adult</ObjectClass><In><Value>1204</Value></In><Out><Value>1191</Value></Out>
        <CountQuality>Regular</CountQuality>
      </Count>
      <Count>
        <ObjectClass>WheelChair</ObjectClass><In><Value>3</Value></In><Out><Value>3</Value></Out>
        <CountQuality>Regular</CountQuality>
      </Count>
      <State><OperationState>Normal</OperationState></State>
    </CountingData>
    <CountingData>
      <DoorID><Value>2</Value></DoorID>
      <Count>
        <ObjectClass>Unidentified</ObjectClass><In><Value>7</Value></In><Out><Value>0</Value></Out>
        <CountQuality>Sabotage</CountQuality>
      </Count>
    </CountingData>
  </AllData>
</PassengerCountingService.GetAllDataResponse>
"""
ITXPT_DOOR = """<?xml version="1.0" encoding="utf-8"?>
<PassengerDoorCountDelivery version="2.1.1">
  <PassengerDoorCount>
    <RecordedAtTime>2026-11-26T06:30:05</RecordedAtTime>
    <DoorId>1</DoorId>
    <PassengerCounting>
      <ObjectClass>Adult</ObjectClass>
      <DoorPassengerIn>20</DoorPassengerIn><DoorPassengerOut>10</DoorPassengerOut>
    </PassengerCounting>
    <PassengerCounting>
      <ObjectClass>Pram</ObjectClass>
      <DoorPassengerIn>1</DoorPassengerIn><DoorPassengerOut>0</DoorPassengerOut>
    </PassengerCounting>
    <DoorCountQuality>Defect</DoorCountQuality>
  </PassengerDoorCount>
</PassengerDoorCountDelivery>
"""
ITXPT_VEHICLE = """<PassengerVehicleCountDelivery version="2.1.1">
  <PassengerVehicleCount>
    <RecordedAtTime>2026-11-26T06:30:05Z</RecordedAtTime>
    <StopPointRef>10164</StopPointRef>
    <VehicleCounting>
      <VehiclePassengerIn>9</VehiclePassengerIn><VehiclePassengerOut>6</VehiclePassengerOut>
    </VehicleCounting>
    <VehicleOccupancy>4</VehicleOccupancy>
  </PassengerVehicleCount>
</PassengerVehicleCountDelivery>
"""


def test_vdv_301_tells_the_counters_of_each_door() -> None:
    first, second = DIALECTS["vdv301"](VDV.encode(), UTC_CUMULATIVE)
    assert (first.door, first.mode, first.quality) == ("1", "cumulative", Quality.REGULAR)
    assert first.at == datetime(2026, 11, 26, 6, 30, 5, tzinfo=UTC)
    assert first.counts == {"adult": (1204, 1191), "wheelchair": (3, 3)}
    assert (second.counts, second.quality) == ({"other": (7, 0)}, Quality.SABOTAGE)


def test_vdv_301_tells_one_door_where_one_was_asked_for() -> None:
    text = VDV.replace("AllData>", "SpecificDoorData>").replace("GetAllData", "RetrieveSpecific")
    assert len(DIALECTS["vdv301"](text.encode(), UTC_CUMULATIVE)) == 2


def test_vdv_301_error_is_told() -> None:
    text = "<R><OperationErrorMessage><Value>no counters</Value></OperationErrorMessage></R>"
    with pytest.raises(UnreadableError, match="no counters"):
        DIALECTS["vdv301"](text.encode(), UTC_CUMULATIVE)


def test_itxpt_door_is_in_the_sources_zone_and_mode() -> None:
    options = Options(zone=timezone(timedelta(hours=1)), mode="delta")
    (told,) = DIALECTS["itxpt"](ITXPT_DOOR.encode(), options)
    assert (told.door, told.mode, told.quality) == ("1", "delta", Quality.DEFECT)
    assert told.at == datetime(2026, 11, 26, 5, 30, 5, tzinfo=UTC)
    assert told.counts == {"adult": (20, 10), "pram": (1, 0)}


def test_itxpt_totals_of_a_vehicle_count_only_where_they_are_wanted() -> None:
    payload = ITXPT_VEHICLE.encode()
    assert DIALECTS["itxpt"](payload, UTC_CUMULATIVE) == []
    (told,) = DIALECTS["itxpt"](payload, Options(zone=UTC, vehicle_totals=True))
    assert (told.door, told.counts) == ("vehicle", {"adult": (9, 6)})


@pytest.mark.skipif(not WALTTI.exists(), reason="the shared data are not here")
def test_waltti_example_tells_what_passed_each_door() -> None:
    first, second = DIALECTS["waltti-apc"](WALTTI.read_bytes(), UTC_CUMULATIVE)
    assert first.sensor == second.sensor == "3298a747-c434-4030-b6d7-ab803bd823d2"
    assert first.message_id == "06e64ba5-e555-4e2f-b8b4-b57bc69e8b99"
    assert first.at == datetime(2023, 9, 22, 10, 57, 8, 647_000, tzinfo=UTC)
    assert (first.door, first.mode, first.counts) == ("1", "delta", {"adult": (3, 0)})
    assert (second.door, second.counts) == ("2", {"adult": (0, 2), "pram": (1, 0)})


@pytest.mark.parametrize(
    "change",
    [
        {"tst": "2026-11-26T06:30:05"},
        {"vehiclecounts": {"countquality": "fine", "doorcounts": []}},
        {"vehiclecounts": None},
        # the form of the pilot, and of HSL
        {"vehiclecounts": {"countquality": "regular", "vehicleload": 7}},
        {"countingSystemId": None},
    ],
)
def test_waltti_message_of_another_form_is_refused(change: dict[str, object]) -> None:
    door = {"door": "1", "count": [{"class": "adult", "in": 1, "out": 0}]}
    counts = {"countquality": "regular", "doorcounts": [door]}
    apc = {"countingSystemId": "a", "messageId": "b", "tst": "2026-11-26T06:30:05Z"}
    message = {"APC": {**apc, "vehiclecounts": counts, **change}}
    with pytest.raises(UnreadableError) as told:
        DIALECTS["waltti-apc"](json.dumps(message).encode(), UTC_CUMULATIVE)
    assert told.value.reason == "wrong_form"


def test_what_a_waltti_system_adds_up_itself_is_left_out_beside_its_doors() -> None:
    door = {"door": "1", "count": [{"class": "adult", "in": 1, "out": 0}]}
    counts = {"countquality": "regular", "doorcounts": [door]}
    apc = {"countingSystemId": "a", "messageId": "b", "tst": "2026-11-26T06:30:05Z"}
    added_up = {**counts, "vehicleload": 54, "vehicleloadratio": 0.76}
    plain, more = (
        DIALECTS["waltti-apc"](
            json.dumps({"APC": {**apc, "vehiclecounts": each}}).encode(), UTC_CUMULATIVE
        )
        for each in (counts, added_up)
    )
    assert more == plain
    assert [each.counts for each in more] == [{"adult": (1, 0)}]


@pytest.mark.parametrize(
    ("payload", "byte_order", "seen"),
    [
        (b"\x01/\x17\x00", "little", (23, None)),
        (b"\x01/\x17\x00\x11\x00", "little", (23, 17)),
        (b"\x01/\x00\x17\x00\x11", "big", (23, 17)),
        (b"\x01/\x17\x01\x11\x00" + bytes(12), "little", (279, 17)),
    ],
)
def test_paxcounter_tells_devices(payload: bytes, byte_order: str, seen: object) -> None:
    options = Options(zone=UTC, byte_order=byte_order)  # type: ignore[arg-type]
    (told,) = DIALECTS["paxcounter"](payload, options)
    assert (told.wifi, told.ble) == seen


@pytest.mark.parametrize("payload", [b"paxcounter-24:0A:C4:00:00:01", b"\x02/\x01\x02\x03"])
def test_paxcounter_greetings_and_other_ports_tell_nothing(payload: bytes) -> None:
    assert DIALECTS["paxcounter"](payload, UTC_CUMULATIVE) == []


BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'


@pytest.mark.parametrize("dialect", ["vdv301", "itxpt"])
@pytest.mark.parametrize(
    "payload",
    [
        BOMB,
        b"",
        b"<a",
        b"\xff\xfe\x00",
        VDV.replace("1204", "-4").encode(),
        VDV.replace("2026-11-26T07:30:05+01:00", "yesterday").encode(),
        ITXPT_DOOR.replace("20</Door", "9e9</Door").encode(),
        ITXPT_DOOR.replace("<DoorId>1</DoorId>", "").encode(),
    ],
)
def test_what_is_no_message_of_a_dialect_is_refused(dialect: str, payload: bytes) -> None:
    with pytest.raises(UnreadableError):
        DIALECTS[dialect](payload, UTC_CUMULATIVE)


def reason_of(dialect: str, payload: bytes) -> str | None:
    """Why a dialect refuses bytes; anything but a refusal comes through."""
    try:
        DIALECTS[dialect](payload, UTC_CUMULATIVE)
    except UnreadableError as refused:
        return refused.reason
    return None


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
@given(payload=st.binary(max_size=200))
def test_no_bytes_break_a_dialect(dialect: str, payload: bytes) -> None:
    reasons = {None, "wrong_form", "invalid_xml", "invalid_json"}
    assert reason_of(dialect, payload) in reasons


@pytest.mark.parametrize("text", [VDV, ITXPT_DOOR])
@given(st.data())
def test_no_cut_or_changed_document_breaks_a_dialect(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text) - 1))
    length = data.draw(st.integers(0, 30))
    instead = data.draw(st.text(max_size=8))
    payload = (text[:place] + instead + text[place + length :]).encode(errors="surrogatepass")
    for dialect in ("vdv301", "itxpt"):
        assert reason_of(dialect, payload) in {None, "wrong_form", "invalid_xml"}


VDV_WRONG = """<AllData><TimeStamp><Value>2026-11-26T08:00:00</Value></TimeStamp>
<CountingData><DoorID><Value>hinten</Value></DoorID>
<Count><In><Value>-3</Value></In><Out><Value>0</Value></Out></Count></CountingData></AllData>"""
WALTTI_WRONG = """{"APC": {"countingSystemId": "a", "messageId": "m", "tst": "2026-11-26T08:00:00Z",
"vehiclecounts": {"countquality": "regular", "doorcounts": [
{"door": "1", "count": [{"class": "adult", "in": 1, "out": 0}]},
{"door": "hinten", "count": [{"class": "adult", "in": -1, "out": 0}]}]}}}"""


@pytest.mark.parametrize(
    ("dialect", "payload"),
    [
        ("vdv301", VDV_WRONG),
        ("itxpt", ITXPT_DOOR.replace(">1</DoorId>", ">hinten</DoorId>").replace(">20<", ">viele<")),
        ("waltti-apc", WALTTI_WRONG),
    ],
)
def test_what_is_wrong_at_a_door_is_told_with_its_name(dialect: str, payload: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        DIALECTS[dialect](payload.encode(), UTC_CUMULATIVE)
    assert caught.value.reason == "wrong_form"
    assert caught.value.detail.startswith("door hinten: ")
