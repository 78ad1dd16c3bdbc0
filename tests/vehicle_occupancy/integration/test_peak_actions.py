# SPDX-License-Identifier: EUPL-1.2
"""Who did what about a peak, what that was to change, and what came of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from stadttakt_runtime.clock import utc_now
from support.counted_town import LIMIT, load, loads

from .desk import Desk
from .harness import World

PEAK = 450
EARLIER = f"out-{PEAK - 10}"


async def tomorrows_peak(desk: Desk) -> dict[str, Any]:
    period = {"from": desk.at(0, days=1).isoformat(), "to": desk.at(1500, days=1).isoformat()}
    (peak,) = (await desk.get("/v1/peaks", **period))["items"]
    return dict(peak)


async def came(desk: Desk, fullest: float) -> None:
    """Tomorrow goes as usual but for the peak's trip; then it is over."""
    day = desk.today.day + timedelta(days=1)
    told = [each for each in loads(day, 1) if each.trip_id != f"out-{PEAK}"]
    await desk.store([*told, load(day, PEAK, [40.0, fullest, 50.0])])
    await desk.forecaster.work(desk.at(240, days=2))


async def act(desk: Desk, world: World, peak: dict[str, Any], **body: Any) -> dict[str, Any]:
    answer = await post(desk, peak, await world.bearer("transit:write"), body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def post(
    desk: Desk, peak: dict[str, Any], headers: dict[str, str], body: dict[str, Any]
) -> httpx.Response:
    path = f"/v1/peaks/{peak['peak_id']}/actions"
    return await desk.client.post(path, json=body, headers=headers)


@pytest.mark.parametrize(("fullest", "capped"), [(60.0, True), (LIMIT + 2.0, False)])
async def test_what_was_chosen_is_measured_against_what_it_was_to_change(
    issued: Desk, world: World, fullest: float, *, capped: bool
) -> None:
    peak = await tomorrows_peak(issued)
    advice = await issued.get(
        "/v1/peaks/advice", date=(issued.today.day + timedelta(days=1)).isoformat()
    )
    (shift,) = [
        each
        for each in advice["items"][0]["options"]
        if (each["kind"], each["trip_id"]) == ("shift", EARLIER)
    ]
    before = utc_now()
    acted = await act(issued, world, peak, kind="shift", trip_id=EARLIER, note="Ansage")
    (action,) = acted["actions"]
    assert action["author"].startswith("api_key:")
    assert action["author_name"] == "test"
    leaves = issued.at(PEAK - 10, days=1).isoformat().replace("+00:00", "Z")
    assert action["trip"]["leaves_at"] == shift["trip"]["leaves_at"] == leaves
    assert action["taken_at"] >= before.isoformat()[:19]
    promise = action["promise"]
    assert promise["moved"] == shift["assumed_movers"] > 0
    assert promise["load"] == pytest.approx(peak["expected_load"], abs=0.1)
    assert promise["excess_after"] == pytest.approx(
        shift["expected_effect"]["excess_after"], abs=0.1
    )
    await came(issued, fullest)
    outcome = (await tomorrows_peak(issued))["outcome"]
    found = outcome["acted"]
    assert found["expected_moved"] == promise["moved"]
    assert found["expected_load"] == pytest.approx(promise["load"] - promise["moved"], abs=0.01)
    assert found["moved"] == pytest.approx(promise["load"] - fullest, abs=0.01)
    assert found["moved_min"] < found["moved"] < found["moved_max"]
    assert found["limit"] == LIMIT
    assert found["capped"] is capped
    assert found["as_expected"] is (found["moved"] >= promise["moved"])
    assert await issued.get(f"/v1/peaks/{peak['peak_id']}/outcome") == outcome


async def test_of_what_advice_does_not_name_nothing_was_expected(
    issued: Desk, world: World
) -> None:
    peak = await tomorrows_peak(issued)
    for body in (
        {"kind": "other"}, {"kind": "shift", "trip_id": f"out-{PEAK + 300}"}, {"kind": "shift"},
    ):  # fmt: skip
        acted = await act(issued, world, peak, **body)
    assert [each["promise"] for each in acted["actions"]] == [None, None, None]
    await came(issued, 60.0)
    found = (await tomorrows_peak(issued))["outcome"]["acted"]
    assert found["expected_moved"] is found["as_expected"] is None
    assert found["moved"] == pytest.approx(peak["expected_load"] - 60, abs=0.1)


async def test_without_an_action_nothing_is_said_of_effects(issued: Desk) -> None:
    await came(issued, 60.0)
    assert (await tomorrows_peak(issued))["outcome"]["acted"] is None


async def test_a_repeated_request_is_recorded_once_and_a_repeated_action_counts_once(
    issued: Desk, world: World
) -> None:
    peak, body = await tomorrows_peak(issued), {"kind": "shift", "trip_id": EARLIER}
    keyed = {**await world.bearer("transit:write"), "Idempotency-Key": "announced"}
    first, repeated = [await post(issued, peak, keyed, body) for _ in range(2)]
    assert (first.status_code, repeated.status_code) == (201, 201)
    assert repeated.content == first.content
    assert repeated.headers["idempotency-replayed"] == "true"
    other = await post(issued, peak, keyed, {"kind": "other"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    again = await act(issued, world, peak, **body)
    assert len(again["actions"]) == 2, "without a key it is another action"
    await came(issued, 60.0)
    found = (await tomorrows_peak(issued))["outcome"]["acted"]
    assert found["expected_moved"] == again["actions"][1]["promise"]["moved"] > 0


async def test_an_action_with_a_trip_that_does_not_run_on_the_day_is_refused(
    issued: Desk, world: World
) -> None:
    peak, body = await tomorrows_peak(issued), {"kind": "shift", "trip_id": "nowhere"}
    keyed = {**await world.bearer("transit:write"), "Idempotency-Key": "mistyped"}
    refused = await post(issued, peak, keyed, body)
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_trip")
    assert (await tomorrows_peak(issued))["actions"] == []
    right = await post(issued, peak, keyed, {**body, "trip_id": EARLIER})
    assert right.status_code == 201, "what was refused has not used its key"


async def test_an_action_is_of_a_time_at_which_it_can_have_been_taken(
    issued: Desk, world: World
) -> None:
    peak, headers = await tomorrows_peak(issued), await world.bearer("transit:write")
    issued_at = datetime.fromisoformat(peak["issued_at"])
    for wrong in (utc_now() + timedelta(minutes=6), issued_at - timedelta(hours=25)):
        body = {"kind": "other", "taken_at": wrong.isoformat()}
        refused = await post(issued, peak, headers, body)
        assert refused.status_code == 422, wrong
        (error,) = refused.json()["errors"]
        assert (error["field"], error["code"]) == ("taken_at", "out_of_range")
    for right in (utc_now() + timedelta(minutes=4), issued_at - timedelta(hours=23)):
        acted = await act(issued, world, peak, kind="other", taken_at=right.isoformat())
        assert datetime.fromisoformat(acted["actions"][-1]["taken_at"]) == right


async def test_what_no_database_can_hold_is_refused(issued: Desk, world: World) -> None:
    peak, headers = (
        await tomorrows_peak(issued),
        await world.bearer("transit:write", "transit:read"),
    )
    bodies: list[dict[str, Any]] = [
        {"kind": "other", "note": "a\0b"}, {"kind": "shift", "trip_id": "a\0b"},
    ]  # fmt: skip
    answers = [await post(issued, peak, headers, body) for body in bodies]
    answers.append(await post(issued, {"peak_id": "a%00b"}, headers, {"kind": "other"}))
    answers += [
        await issued.client.get(path, headers=headers)
        for path in (
            "/v1/peaks/a%00b", "/v1/peaks/a%00b/outcome", "/v1/peaks?line=7%00",
            "/v1/forecast/scores?line=7%00",
        )
    ]  # fmt: skip
    answers.append(await issued.client.delete("/v1/peaks/a%00b/actions/1", headers=headers))
    assert [each.status_code for each in answers] == 8 * [422]
