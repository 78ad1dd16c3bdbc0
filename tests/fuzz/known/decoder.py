# SPDX-License-Identifier: EUPL-1.2
"""The uplink decoder with devices, codecs, uplinks, and everything that is done about them."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from fuzz.answering import Target
from fuzz.running import HALLE, SECRET, Place, apply_city, target
from fuzz.walking import CSV, Walk
from stadttakt_messages.catalogue import BY_NAME
from stadttakt_runtime.clock import utc_now

SECRETS = dict.fromkeys(
    (
        "STADTTAKT_UPLINK_WEBHOOK_SECRET_STADTWERKE",
        "STADTTAKT_UPLINK_WEBHOOK_SECRET_TTS",
        "STADTTAKT_UPLINK_STORAGE_KEY",
    ),
    SECRET,
)
MORE_SOURCES = """
  - source_id: partner
    dialect: canonical
    topics: ["partner/#"]
    rights: all
  - source_id: stored
    dialect: tts
    topics: ["stored/v3/+/devices/+/up"]
    storage: {base_url: "http://127.0.0.1:9", application: parking, api_key_variable: STADTTAKT_UPLINK_STORAGE_KEY}
"""
"""A partner who sends events, and a network server with a storage that does not answer."""
DEVICE, NEW, GONE, OTHER = (
    "0200484c00010001",
    "02000000000000aa",
    "02000000000000ab",
    "02000000000000ac",
)
BODY: dict[str, Any] = {
    "name": "radar at the market",
    "codec_id": "bosch-tps110",
    "asset": {"kind": "bay", "id": "lot-90"},
    "expected_interval_s": 3600,
    "tags": {"district": "Altstadt", "pole": "4"},
    "description": "north side",
    "maker": "Bosch",
    "model": "TPS110",
    "place": {"lat": 51.4829, "lon": 11.969},
}
SOURCE = "function decodeUplink(input) { return { data: { level: input.bytes[0] } }; }"
CODEC = {
    "language": "javascript",
    "source": SOURCE,
    "vectors": [{"f_port": 1, "bytes": "07", "expected": {"level": 7}}],
}
WHY = {"author_role": "operator", "reason": "sent by a test rig"}
ASSET = "market-square"
ASSETS = f"asset_id,kind,name,lat,lon,height_m,description\n{ASSET},environment,Markt,51.4826,11.97,3.5,\n"


@contextmanager
def running(url: str, place: Place) -> Iterator[Target]:
    """Yield the decoder of a Halle with two more sources and an asset."""
    city = place.folder / "city"
    shutil.copytree(HALLE, city)
    with Path(city / "sources.yaml").open("a", encoding="utf-8") as file:
        file.write(MORE_SOURCES)
    (city / "assets.csv").write_text(ASSETS, encoding="utf-8")
    apply_city(url, city)
    settings = {**SECRETS, "STADTTAKT_CITY": str(city)}
    with target("uplink_decoder", url, place.mqtt_url, **settings) as found:
        yield found


def walk(way: Walk) -> None:
    """Ask for everything once."""
    _messages(way)
    _devices(way)
    _periods(way)
    _codecs(way)
    _quarantine(way)
    _downlinks(way)
    _replays(way)
    _backfills(way)
    way.ask_all_readable({"dev_eui": DEVICE, "asset": f"bay/{BODY['asset']['id']}"})


def _uplink(dev_eui: str, f_cnt: int) -> dict[str, Any]:
    return {
        "deduplicationId": f"{dev_eui}-{f_cnt}",
        "time": utc_now().isoformat(),
        "deviceInfo": {"devEui": dev_eui, "applicationId": "5147ad00-0000-4000-8000-00000000000a"},
        "fCnt": f_cnt,
        "fPort": 1,
        "data": base64.b64encode(bytes([f_cnt % 2])).decode(),
        "rxInfo": [{"gatewayId": "0016c001f1427f6e", "rssi": -56, "snr": 12.0}],
    }


def _messages(way: Walk) -> None:
    for number in range(8):
        way.ask("POST /v1/webhooks/chirpstack", {"event": "up"}, _uplink(DEVICE, number))
    for number in range(4):
        way.ask("POST /v1/webhooks/chirpstack", {"event": "up"}, {"no": f"uplink {number}"})
    received = utc_now().isoformat()
    uplink = {
        "end_device_ids": {"device_id": "d", "dev_eui": OTHER.upper()},
        "received_at": received,
        "uplink_message": {"session_key_id": "AZ", "f_port": 1, "f_cnt": 4, "frm_payload": "AQ=="},
    }
    way.ask("POST /v1/webhooks/ttn", {}, uplink)
    way.ask("POST /v1/webhooks/ttn/{event}", {"event": "up"}, uplink)
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "urn:partner:detector",
        "type": BY_NAME["bay-occupancy"].type,
        "subject": "bay/lot-01",
        "time": received,
        "dataschema": BY_NAME["bay-occupancy"].dataschema,
        "data": {"occupied": True},
    }
    partner = {"source": "partner"}
    way.ask("POST /v1/observations", partner, event, kind="application/cloudevents+json")
    text = f"time,asset_id,quantity,value,unit\n2026-03-01T12:00:00Z,{ASSET},air.temperature,5,°C\n"
    way.ask("POST /v1/observations:import", partner, text, kind=CSV)
    asset = {"asset_id": ASSET}
    way.ask("GET /v1/assets/{asset_id}", asset)
    year = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
    way.ask(
        "GET /v1/assets/{asset_id}/observations", asset | year | {"quantity": "air.temperature"}
    )
    way.ask("GET /v1/sources/{source_id}", {"source_id": "partner"})


def _devices(way: Walk) -> None:
    for dev_eui in (NEW, GONE, DEVICE):
        asset = {"kind": "bay", "id": f"lot-{dev_eui[-2:]}"}
        way.ask("PUT /v1/devices/{dev_eui}", {"dev_eui": dev_eui}, {**BODY, "asset": asset})
    way.ask("DELETE /v1/devices/{dev_eui}", {"dev_eui": GONE})
    way.offer("DELETE /v1/devices/{dev_eui}", {"dev_eui": OTHER})
    table = (
        f"dev_eui,name,codec_id,asset_kind,asset_id,tags\n{OTHER},x,bosch-tps110,bay,lot-91,a=b\n"
    )
    way.ask("POST /v1/devices:import", {}, table, kind=CSV)
    for deed in ("retire", "reinstate"):
        way.ask(f"POST /v1/devices/{{dev_eui}}:{deed}", {"dev_eui": NEW}, {"note": "moved"})
    way.ask("POST /v1/devices/{dev_eui}:release", {"dev_eui": DEVICE}, {"note": "as before"})
    for number, replacement in enumerate(("02000000000000ad", "02000000000000ae")):
        asked = way.ask if number == 0 else way.offer
        body = {"replacement": replacement, "retire": False}
        asked("POST /v1/devices/{dev_eui}:swap", {"dev_eui": OTHER}, body)


def _periods(way: Walk) -> None:
    named = {"dev_eui": "02000000000000b0"}
    way.ask("PUT /v1/devices/{dev_eui}", named, {**BODY, "asset": None})
    made = []
    for day in (1, 3, 5):
        period = {
            "valid_from": f"2026-01-0{day}T00:00:00Z",
            "valid_to": f"2026-01-0{day + 1}T00:00:00Z",
        }
        body = {"asset": {"kind": "bay", "id": "lot-92"}, **period}
        made.append((named | {"assignment_id": _numbered(way, named, body)}, body))
    of = "/v1/devices/{dev_eui}/assignments/{assignment_id}"
    way.ask(f"PUT {of}", *made[0])
    way.ask(f"DELETE {of}", made[1][0])
    way.offer(f"DELETE {of}", made[2][0])


def _numbered(way: Walk, named: dict[str, str], body: dict[str, Any]) -> str:
    made = way.ask("POST /v1/devices/{dev_eui}/assignments", named, body)
    return str(made["assignment_id"])


def _codecs(way: Walk) -> None:
    named = {"codec_id": "maker-level"}
    for source in (SOURCE, SOURCE + " "):
        way.ask("PUT /v1/codecs/{codec_id}", named, {**CODEC, "source": source})
    way.ask("POST /v1/codecs/{codec_id}:activate", named, {"version": 2})
    way.ask("POST /v1/codecs/{codec_id}/decode", named, {"f_port": 1, "bytes": "07"})
    way.ask("GET /v1/codecs/{codec_id}", named)
    way.ask("GET /v1/codecs/{codec_id}/versions", named)
    way.ask("GET /v1/codecs/{codec_id}/versions/{version}", named | {"version": 1})


def _quarantine(way: Walk) -> None:
    found = way.ask("GET /v1/quarantine", {"state": "open"})["items"]
    first, second, *left = [{"quarantine_id": each["quarantine_id"]} for each in found]
    one = "/v1/quarantine/{quarantine_id}"
    way.ask(f"GET {one}", first)
    way.ask(f"POST {one}:retry", first, {"author_role": "operator"})
    way.ask(f"POST {one}:discard", second, WHY)
    for each in left:
        way.offer(f"POST {one}:discard", each, WHY)
        way.offer(f"POST {one}:retry", each, {"author_role": "operator"})
    way.ask("POST /v1/quarantine:discard", {}, {**WHY, "filter": {"reason": "no_such_reason"}})
    way.ask("POST /v1/quarantine:retry", {}, {"filter": {"source": "partner"}})


def _downlinks(way: Walk) -> None:
    order = {"f_port": 10, "bytes": "0101ff", "note": "interval 10 min"}

    def ordered() -> dict[str, str]:
        made = way.ask("POST /v1/devices/{dev_eui}/downlinks", {"dev_eui": DEVICE}, order)
        return {"downlink_id": made["downlink_id"]}

    way.ask("GET /v1/downlinks/{downlink_id}", ordered())
    way.ask_in_time("DELETE /v1/downlinks/{downlink_id}", ordered)


def _replays(way: Walk) -> None:
    def ordered() -> dict[str, str]:
        made = way.ask("POST /v1/replays", {}, {"filter": {"dev_euis": [DEVICE]}, "dry_run": True})
        return {"replay_id": str(made["replay_id"])}

    named = ordered()
    for tail in ("", "/differences", "/differences.csv"):
        way.ask(f"GET /v1/replays/{{replay_id}}{tail}", named)
    way.ask(
        "POST /v1/replays/{replay_id}:resume",
        way.ask_in_time("POST /v1/replays/{replay_id}:cancel", ordered),
    )


def _backfills(way: Walk) -> None:
    since = (utc_now() - timedelta(hours=1)).isoformat()
    made = way.ask("POST /v1/backfills", {}, {"source_id": "stored", "from": since})
    named = {"backfill_id": made["backfill_id"]}
    way.ask("GET /v1/backfills/{backfill_id}", named)
    for deed in ("cancel", "resume"):
        way.ask(f"POST /v1/backfills/{{backfill_id}}:{deed}", named)
