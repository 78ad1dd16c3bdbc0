# SPDX-License-Identifier: EUPL-1.2
"""Devices written over HTTP: registered, changed, retired, deleted; lost updates, owners, authors."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from support.asking import Ask
from uplink_decoder.city import apply
from uplink_decoder.settings import UplinkSettings

CITYS, NEW = "0200000000000001", "02000000000000aa"
PATH = f"/v1/devices/{NEW}"
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
    "codec_variables": {"offset": "12"},
}


async def put(ask: Ask, path: str = PATH, **changes: Any) -> Any:
    headers = changes.pop("headers", {})
    body = {**BODY, **changes}
    return await ask("PUT", path, "devices:write", json=body, headers=headers)


async def get(ask: Ask, path: str = PATH, **options: Any) -> Any:
    return await ask("GET", path, "devices:read", **options)


async def test_device_is_registered_with_all_its_fields_and_read_back(ask: Ask) -> None:
    created = await put(ask)
    assert (created.status_code, created.headers["location"]) == (201, PATH)
    device = (await get(ask)).json()
    assert {name: device[name] for name in BODY if name != "asset"} == {
        name: value for name, value in BODY.items() if name != "asset"
    }
    assert device["asset"] == {
        "kind": "bay",
        "id": "lot-90",
        "observes": None,
        "observation_kinds": ["bay-occupancy"],
        "valid_from": "1970-01-01T00:00:00Z",
        "valid_to": None,
    }
    assert (device["owner"], device["status"], device["retired_at"]) == ("operator", "silent", None)
    again = await put(ask)
    assert (again.status_code, again.json()["change"]) == (200, created.json()["change"])


async def test_what_is_left_out_is_empty_but_the_asset_stays(ask: Ask) -> None:
    await put(ask)
    changed = await ask("PUT", PATH, "devices:write", json={"name": "bare"})
    device = changed.json()
    assert (device["name"], device["codec_id"], device["tags"]) == ("bare", None, {})
    assert device["place"] is None
    assert device["asset"]["id"] == "lot-90"
    cleared = await ask("PUT", PATH, "devices:write", json={"name": "bare", "asset": None})
    assert cleared.json()["asset"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"codec_id": "no-such-codec"}, "codec_id"),
        ({"asset": {"kind": "bay", "id": "a/b"}}, "asset"),
        ({"asset": {"kind": "bay", "id": "a", "observes": "environment"}}, "asset"),
        ({"asset": {"kind": "moon", "id": "a"}}, "asset.kind"),
        ({"tags": {"a=b": "c"}}, "tags.a=b.[key]"),
        ({"tags": {"a": "b;c"}}, "tags.a"),
        ({"place": {"lat": 91, "lon": 0}}, "place.lat"),
        ({"expected_interval_s": 0}, "expected_interval_s"),
        ({"name": "\x00"}, "name"),
        ({"owner": "city"}, "owner"),
        ({"retired": True}, ""),
    ],
)
async def test_what_cannot_be_is_refused_and_names_its_field(
    ask: Ask, change: dict[str, Any], field: str
) -> None:
    refused = await put(ask, **change)
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == [field]
    assert (await get(ask)).status_code == 404


async def test_only_who_may_write_does(running: Any, ask: Ask) -> None:
    assert (await running.http.put(PATH, json=BODY)).status_code == 401
    assert (await ask("PUT", PATH, "devices:read", json=BODY)).status_code == 403
    assert (await ask("DELETE", PATH, "devices:read")).status_code == 403


async def test_second_of_two_writers_is_told_that_the_device_changed(ask: Ask) -> None:
    await put(ask)
    tag = (await get(ask)).headers["etag"]
    first = await put(ask, name="first", headers={"if-match": tag})
    second = await put(ask, name="second", headers={"if-match": tag})
    assert (first.status_code, second.status_code) == (200, 412)
    assert second.json()["code"] == "precondition_failed"
    assert (await get(ask)).json()["name"] == "first"
    removed = await ask("DELETE", PATH, "devices:write", headers={"if-match": tag})
    assert removed.status_code == 412
    only_new = await put(ask, headers={"if-none-match": "*"})
    assert only_new.status_code == 412


async def test_tag_read_before_an_uplink_still_matches_after_it(running: Any, ask: Ask) -> None:
    await put(ask)
    await asyncio.sleep(2.5)
    before = await get(ask)
    await running.send_up(NEW, 1, base64.b64encode(b"\x01").decode())
    await running.until_rows("select 1 from device where last_seen is not null", 1)
    unchanged = await get(ask, headers={"if-none-match": before.headers["etag"]})
    assert unchanged.status_code == 200
    fresh = await get(ask, headers={"if-none-match": unchanged.headers["etag"]})
    assert fresh.status_code == 304
    written = await put(ask, name="new", headers={"if-match": before.headers["etag"]})
    assert written.status_code == 200


async def test_uplinks_sent_before_are_decoded_when_the_device_is_registered(
    running: Any, ask: Ask
) -> None:
    for number in (0, 1):
        await running.send_up(NEW, number, base64.b64encode(bytes([number])).decode())
    await running.until_rows("select 1 from uplink where 'unknown_device' = any(flags)", 2)
    await put(ask)
    events = [(await running.observation())[1] for _ in (0, 1)]
    assert {event["subject"] for event in events} == {"bay/lot-90"}
    assert sorted(event["data"]["occupied"] for event in events) == [False, True]


async def test_deleted_device_keeps_its_uplinks_and_is_unknown_when_it_sends_again(
    running: Any, ask: Ask
) -> None:
    await put(ask)
    await running.until_rows("select 1 from device where origin = 'operator'", 1)
    await asyncio.sleep(2.5)
    await running.send_up(NEW, 1, base64.b64encode(b"\x01").decode())
    await running.observation()
    assert (await ask("DELETE", PATH, "devices:write")).status_code == 204
    assert (await get(ask)).status_code == 404
    assert (await ask("DELETE", PATH, "devices:write")).status_code == 404
    await running.until_rows("select 1 from uplink", 1)
    await running.until_rows("select 1 from observation where asset_id = 'lot-90'", 1)
    await asyncio.sleep(2.5)
    await running.send_up(NEW, 2, base64.b64encode(b"\x01").decode())
    await running.until_rows("select 1 from device where origin = 'seen'", 1)
    assert (await get(ask)).json()["status"] == "unknown"


async def test_writes_are_kept_with_their_author_and_what_they_changed(
    running: Any, ask: Ask
) -> None:
    await put(ask)
    await put(ask, name="renamed")
    await ask("DELETE", PATH, "devices:write")
    rows = await running.rows(
        "select action, author, before::text, after::text from device_change"
        " where dev_eui = $1 order by change",
        NEW,
    )
    assert [row["action"] for row in rows] == ["created", "changed", "deleted"]
    assert {row["author"].partition(":")[0] for row in rows} == {"api_key"}
    assert (rows[1]["before"], rows[1]["after"]) == (
        '{"name": "radar at the market"}',
        '{"name": "renamed"}',
    )


async def reapply(settings: UplinkSettings) -> list[str]:
    assert settings.city
    url = settings.database_url.get_secret_value()
    return list(await asyncio.to_thread(apply, settings.city, url))


async def test_apply_of_the_folder_leaves_what_an_operator_changed_and_says_so(
    settings: UplinkSettings, ask: Ask
) -> None:
    path = f"/v1/devices/{CITYS}"
    asset = {"kind": "bay", "id": "lot-55"}
    taken = await put(ask, path, name="moved", asset=asset)
    assert taken.json()["owner"] == "operator"
    report = await reapply(settings)
    assert report[-1] == f"1 devices left as operators changed them: {CITYS}"
    device = (await get(ask, path)).json()
    assert (device["name"], device["asset"]["id"]) == ("moved", "lot-55")


async def test_device_is_the_folders_again_when_its_line_says_the_same(
    settings: UplinkSettings, ask: Ask
) -> None:
    path = f"/v1/devices/{CITYS}"
    assert settings.city
    file = settings.city / "devices.csv"
    before = (await get(ask, path)).json()
    same = {
        name: before[name] for name in ("codec_id", "expected_interval_s", "tags", "description")
    }
    await ask("PUT", path, "devices:write", json={**same, "name": "renamed"})
    lines = file.read_text(encoding="utf-8").replace(f"{CITYS},{CITYS}", f"{CITYS},renamed")
    file.write_text(lines, encoding="utf-8")
    report = await reapply(settings)
    assert "operators" not in report[-1]
    assert (await get(ask, path)).json()["owner"] == "city"
    file.write_text(lines.replace("renamed", "folder again"), encoding="utf-8")
    await reapply(settings)
    assert (await get(ask, path)).json()["name"] == "folder again"


async def test_device_of_the_folder_is_not_deleted_over_http(ask: Ask) -> None:
    refused = await ask("DELETE", f"/v1/devices/{CITYS}", "devices:write")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_city_folder")
    retired = await ask(
        "PUT", f"/v1/devices/{CITYS}", "devices:write", json={"name": "gone", "retired": True}
    )
    assert (retired.json()["status"], retired.json()["asset"]) == ("retired", None)


async def test_second_device_of_a_bay_is_taken_with_a_warning_and_watches_it_from_now(
    ask: Ask,
) -> None:
    created = await put(ask, asset={"kind": "bay", "id": "lot-01"})
    device = created.json()
    assert created.status_code == 201
    assert [each.split(";")[0] for each in device["warnings"]] == [
        f"bay lot-01 is watched by {CITYS} too"
    ]
    assert device["asset"]["valid_from"] > "2026"
    read = await get(ask)
    assert (read.json()["warnings"], read.headers["etag"]) == ([], created.headers["etag"])


async def test_device_may_watch_its_asset_since_a_time_that_is_given(ask: Ask) -> None:
    asset = {"kind": "bay", "id": "lot-01", "valid_from": "2026-11-01T10:00:00+01:00"}
    device = (await put(ask, asset=asset)).json()
    assert device["asset"]["valid_from"] == "2026-11-01T09:00:00Z"
    assert len(device["warnings"]) == 1
    moved = {"kind": "bay", "id": "lot-92", "valid_from": "2026-11-02T10:00:00Z"}
    assert (await put(ask, asset=moved)).json()["asset"]["id"] == "lot-92"
    periods = (await get(ask, f"{PATH}/assignments")).json()["items"]
    assert [(each["asset"]["id"], each["valid_from"], each["valid_to"]) for each in periods] == [
        ("lot-92", "2026-11-02T10:00:00Z", None),
        ("lot-01", "2026-11-01T09:00:00Z", "2026-11-02T10:00:00Z"),
    ]
    refused = await put(ask, asset={**moved, "valid_from": "yesterday"})
    assert refused.status_code == 422


async def test_assignment_of_a_bay_that_others_watch_warns(ask: Ask) -> None:
    await put(ask, asset=None)
    path = f"{PATH}/assignments"
    body = {"asset": {"kind": "bay", "id": "lot-01"}}
    answer = await ask("POST", path, "devices:write", json=body)
    assert answer.status_code == 201
    assert f"watched by {CITYS} too" in answer.json()["warnings"][0]
    past = {**body["asset"], "id": "lot-93"}
    period = {
        "asset": past,
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_to": "2026-02-01T00:00:00Z",
    }
    quiet = await ask("POST", path, "devices:write", json=period)
    assert quiet.json()["warnings"] == answer.json()["warnings"]
