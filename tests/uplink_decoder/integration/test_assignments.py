# SPDX-License-Identifier: EUPL-1.2
"""What devices watched over time: swapped sensors, corrected periods, what follows for uplinks."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from support.asking import Ask

OLD, NEW = "0200000000000001", "02000000000000bb"
BAY = {"kind": "bay", "id": "lot-01"}
FOLLOWED_S = 2.5


def payload(*, occupied: bool) -> str:
    return base64.b64encode(bytes([occupied])).decode()


def moment(hours: float) -> datetime:
    return (datetime.now(tz=UTC) + timedelta(hours=hours)).replace(microsecond=0)


async def call(ask: Ask, method: str, path: str, **options: Any) -> Any:
    return await ask(method, f"/v1/devices/{path}", "devices:write", **options)


async def history(ask: Ask, dev_eui: str) -> list[dict[str, Any]]:
    answer = await ask("GET", f"/v1/devices/{dev_eui}/assignments", "devices:read")
    return list(answer.json()["items"])


async def bay_series(running: Any, asset_id: str = "lot-01") -> list[tuple[datetime, str]]:
    rows = await running.rows(
        "select observed_at, dev_eui from observation"
        " where asset_id = $1 and superseded_at is null order by observed_at",
        asset_id,
    )
    return [(row["observed_at"], row["dev_eui"]) for row in rows]


async def test_bays_observations_are_one_series_across_a_swapped_sensor(
    running: Any, ask: Ask
) -> None:
    noon = moment(-3)
    before, after, late = moment(-5), moment(-1), moment(-4)
    await running.send_up(OLD, 1, payload(occupied=True), time=before.isoformat())
    await running.observation()
    swapped = await call(
        ask, "POST", f"{OLD}:swap", json={"replacement": NEW, "at": noon.isoformat()}
    )
    assert swapped.status_code == 200, swapped.text
    assert swapped.json()["old"]["status"] == "retired"
    assert swapped.json()["new"]["asset"]["id"] == "lot-01"
    assert swapped.json()["new"]["codec_id"] == "bosch-tps110"
    await asyncio.sleep(FOLLOWED_S)
    await running.send_up(NEW, 1, payload(occupied=False), time=after.isoformat())
    await running.observation()
    await running.send_up(OLD, 2, payload(occupied=False), time=late.isoformat())
    _, event = await running.observation()
    assert event["subject"] == "bay/lot-01"
    assert await bay_series(running) == [(before, OLD), (late, OLD), (after, NEW)]
    await running.send_up(OLD, 3, payload(occupied=True), time=moment(-0.5).isoformat())
    await running.until_rows("select 1 from uplink where 'no_asset' = any(flags)", 1)
    assert len(await bay_series(running)) == 3
    listed = await ask("GET", "/v1/assignments?asset=bay/lot-01", "devices:read")
    assert [(each["dev_eui"], each["valid_to"]) for each in listed.json()["items"]] == [
        (NEW, None),
        (OLD, noon.isoformat().replace("+00:00", "Z")),
    ]
    at = (noon - timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
    then = await ask("GET", f"/v1/assignments?asset=bay/lot-01&at={at}", "devices:read")
    assert [each["dev_eui"] for each in then.json()["items"]] == [OLD]


async def test_swap_recorded_late_moves_what_both_sensors_sent_meanwhile(
    running: Any, ask: Ask
) -> None:
    noon, meanwhile = moment(-3), moment(-1)
    await running.send_up(OLD, 1, payload(occupied=True), time=meanwhile.isoformat())
    await running.observation()
    await running.send_up(NEW, 1, payload(occupied=False), time=meanwhile.isoformat())
    await running.until_rows("select 1 from uplink where dev_eui = $1", 1, NEW)
    await call(ask, "POST", f"{OLD}:swap", json={"replacement": NEW, "at": noon.isoformat()})
    for _ in range(400):
        if await bay_series(running) == [(meanwhile, NEW)]:
            break
        await asyncio.sleep(0.05)
    assert await bay_series(running) == [(meanwhile, NEW)]
    kinds = await running.rows("select kind, requested_by from replay order by kind")
    assert [row["kind"] for row in kinds] == ["assignment", "registration"]
    assert kinds[0]["requested_by"].startswith("api_key:")


async def test_overlapping_assignments_of_a_device_are_refused_and_named(ask: Ask) -> None:
    wanted = {"asset": {"kind": "bay", "id": "lot-09"}, "valid_from": moment(-1).isoformat()}
    refused = await call(ask, "POST", f"{OLD}/assignments", json=wanted)
    assert (refused.status_code, refused.json()["code"]) == (409, "assignment_overlap")
    assert "bay/lot-01 from 1970-01-01" in refused.json()["detail"]
    moved = await call(ask, "POST", f"{OLD}/assignments", json={**wanted, "end_previous": True})
    assert moved.status_code == 201
    periods = await history(ask, OLD)
    assert [each["asset"]["id"] for each in periods] == ["lot-09", "lot-01"]
    assert periods[1]["valid_to"] == periods[0]["valid_from"]
    first = f"{OLD}/assignments/{periods[1]['assignment_id']}"
    longer = {"asset": BAY, "valid_from": "1970-01-01T00:00:00Z"}
    assert (await call(ask, "PUT", first, json=longer)).status_code == 409


async def test_two_devices_may_watch_one_asset(ask: Ask) -> None:
    created = await call(ask, "PUT", NEW, json={"name": "second", "asset": BAY})
    assert created.status_code == 201
    listed = await ask("GET", "/v1/devices?asset=bay/lot-01", "devices:read")
    assert [each["dev_eui"] for each in listed.json()["items"]] == [OLD, NEW]


async def test_corrected_and_removed_periods_withdraw_what_was_observed_in_them(
    running: Any, ask: Ask
) -> None:
    early, late = moment(-5), moment(-1)
    for number, time in enumerate((early, late)):
        await running.send_up(OLD, number, payload(occupied=True), time=time.isoformat())
        await running.observation()
    (period,) = await history(ask, OLD)
    path = f"{OLD}/assignments/{period['assignment_id']}"
    ended = {"asset": BAY, "valid_from": period["valid_from"], "valid_to": moment(-3).isoformat()}
    assert (await call(ask, "PUT", path, json=ended)).json()["valid_to"] is not None
    await running.until_rows("select 1 from observation where superseded_at is not null", 1)
    assert await bay_series(running) == [(early, OLD)]
    assert (await call(ask, "DELETE", path)).status_code == 204
    await running.until_rows("select 1 from observation where superseded_at is not null", 2)
    assert await bay_series(running) == []
    assert await history(ask, OLD) == []
    assert (await call(ask, "DELETE", path)).status_code == 404


async def test_device_takes_part_with_one_kind_of_observation_only(ask: Ask) -> None:
    asset = {"kind": "vehicle", "id": "tram-1", "observes": "device-presence"}
    device = (await call(ask, "PUT", NEW, json={"name": "pax", "asset": asset})).json()
    assert device["asset"]["observation_kinds"] == ["device-presence"]
    both = {"kind": "vehicle", "id": "tram-1"}
    changed = (await call(ask, "PUT", NEW, json={"name": "pax", "asset": both})).json()
    assert changed["asset"]["observation_kinds"] == ["passenger-count", "device-presence"]


async def test_retired_device_is_reinstated_with_what_it_watched(ask: Ask) -> None:
    retired = await call(ask, "POST", f"{OLD}:retire", json={"note": "battery"})
    assert (retired.json()["status"], retired.json()["asset"]) == ("retired", None)
    wanted = {"asset": BAY}
    refused = await call(ask, "POST", f"{OLD}/assignments", json=wanted)
    assert (refused.status_code, refused.json()["code"]) == (409, "retired")
    back = await call(ask, "POST", f"{OLD}:reinstate", json={})
    assert (back.json()["asset"]["id"], back.json()["asset"]["valid_to"]) == ("lot-01", None)
    changes = (await ask("GET", f"/v1/devices/{OLD}/changes", "devices:read")).json()["items"]
    assert [(each["action"], each["note"]) for each in changes] == [
        ("reinstated", None),
        ("retired", "battery"),
        ("created", None),
    ]
    assert [each["author"].partition(":")[0] for each in changes] == [
        "api_key",
        "api_key",
        "city folder",
    ]


async def test_swap_that_cannot_be_is_refused_and_changes_nothing(ask: Ask) -> None:
    same = await call(ask, "POST", f"{OLD}:swap", json={"replacement": OLD})
    busy = await call(ask, "POST", f"{OLD}:swap", json={"replacement": "0200000000000002"})
    nothing = await call(ask, "POST", "0200000000000004:swap", json={"replacement": NEW})
    later = await call(
        ask, "POST", f"{OLD}:swap", json={"replacement": NEW, "at": moment(1).isoformat()}
    )
    codes = [answer.json()["code"] for answer in (same, busy, nothing, later)]
    assert codes == [
        "validation_failed",
        "assignment_overlap",
        "nothing_to_swap",
        "validation_failed",
    ]
    assert [each["asset"]["id"] for each in await history(ask, OLD)] == ["lot-01"]


async def test_swap_repeated_with_its_key_gives_the_first_answer(ask: Ask) -> None:
    order = {"json": {"replacement": NEW}, "headers": {"idempotency-key": "swap-1"}}
    first = await call(ask, "POST", f"{OLD}:swap", **order)
    again = await call(ask, "POST", f"{OLD}:swap", **order)
    assert first.json() == again.json()
    assert len(await history(ask, NEW)) == 1


async def test_device_given_back_to_the_folder_is_the_folders(ask: Ask) -> None:
    await call(ask, "POST", f"{OLD}:retire", json={})
    released = await call(ask, "POST", f"{OLD}:release", json={})
    assert released.json()["owner"] == "city"
    await call(ask, "PUT", NEW, json={"name": "own"})
    refused = await call(ask, "POST", f"{NEW}:release", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_in_city_folder")
