# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise, permutations
from pathlib import Path

import orjson

from parking_occupancy.city.apply import apply_city
from stadttakt_messages.envelope import CloudEvent
from stadttakt_messages.states import BayState, LotState, SignState
from stadttakt_runtime.clock import utc_now

from .harness import World, ago, eventually, observation, until, write_city


async def test_observations_become_retained_bay_lot_and_sign(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        for number in range(1, 5):
            await wire.observe(f"platz-{number}", number > 3)
        await eventually(lambda: (wire.last("sign/tor") or {}).get("free") == 3)
        await eventually(lambda: (wire.last("lot/platz") or {}).get("occupied") == 1)
        assert (await service.sign())["text"] == "3"
        wire.mqtt.stop_receiving()
        models = {"bay": BayState, "lot": LotState, "sign": SignState}
        for entity, events in wire.states.items():
            model = models[entity.split("/")[0]]
            for event in events:
                CloudEvent[model].model_validate_json(orjson.dumps(event))  # type: ignore[valid-type]
    async with world.wire("sign/#") as late:
        await eventually(lambda: late.last("sign/tor"))
        assert late.last("sign/tor") | {"valid_until": 0} == wire.last("sign/tor") | {
            "valid_until": 0
        }


async def test_lot_and_sign_say_full_at_what_the_city_calls_full(
    bare_world: World, tmp_path: Path
) -> None:
    site = "{full_at: 2, full_left_at: 3, almost_full_at: 3, almost_full_left_at: 4}"
    city = write_city(tmp_path, lot=f"    thresholds: {site}\n", sign="    min_dwell_s: 0\n")
    await asyncio.to_thread(apply_city, city, bare_world.database_url)
    async with bare_world.service() as service, bare_world.wire() as wire:
        for number in range(1, 5):
            await wire.observe(f"platz-{number}", number > 2)
        await eventually(lambda: (wire.last("lot/platz") or {}).get("occupied") == 2)
        assert wire.last("lot/platz")["state"] == "full"
        await until(service.sign, lambda sign: (sign["state"], sign["free"]) == ("full", 2))


async def test_every_accepted_observation_is_stored_once_with_its_uplink(world: World) -> None:
    uplink = "11f3a1de-0000-4000-8000-000000000001"
    payload = observation("platz-1", occupied=True, event_id=f"{uplink}:0", simulated=True)
    async with world.service() as service, world.wire() as wire:
        for _ in range(3):
            await wire.send(payload, "platz-1")
        await eventually(lambda: (wire.last("bay/platz-1") or {}).get("state") == "occupied")
        rows = await service.fetch("select * from parking.bay_event")
        assert [(str(row["uplink_id"]), row["reading"], row["simulated"]) for row in rows] == [
            (uplink, "occupied", True)
        ]
        await eventually(lambda: wire.last("sign/tor")["simulated"])
        assert (wire.states["bay/platz-1"][-1] or {})["simulated"] is True


async def test_any_order_of_arrival_ends_in_the_same_state(
    bare_world: World, tmp_path: Path
) -> None:
    events = [("a", 40, False), ("b", 30, True), ("c", 20, False), ("d", 10, False)]
    orders = list(permutations(events))[::4]
    city = write_city(tmp_path, bays=len(orders))
    await asyncio.to_thread(apply_city, city, bare_world.database_url)
    now = utc_now()
    async with bare_world.service() as service, bare_world.wire("bay/#") as wire:
        for number, order in enumerate(orders, 1):
            for name, age_s, occupied in [*order, order[0]]:
                at = now - timedelta(seconds=age_s)
                await wire.observe(f"platz-{number}", occupied, at=at, event_id=f"{name}{number}")
        await until(
            lambda: service.fetch("select count(*) from parking.bay_event"),
            lambda rows: rows[0][0] == len(orders) * len(events),
        )
        items = (await service.get("/v1/bays?limit=1000")).json()["items"]
        ended = {(i["state"], i["since"], i["measured_at"]) for i in items}
        assert len(ended) == 1
        state, since, measured = ended.pop()
        assert (state, _posix(since), _posix(measured)) == (
            "free",
            now.timestamp() - 20,
            now.timestamp() - 10,
        )


def _posix(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def test_late_observation_stored_before_a_restart_still_splits_the_run(world: World) -> None:
    old, middle, new = ago(90), ago(60), ago(30)
    async with world.service() as service, world.wire("bay/#") as wire:
        for at in (old, new):
            await wire.observe("platz-1", occupied=False, at=at)
        await eventually(lambda: len(wire.states.get("bay/platz-1", [])) > 1)
        assert _posix((await service.get("/v1/bays/platz-1")).json()["since"]) == old.timestamp()
    async with world.service() as service, world.wire("bay/#") as wire:
        await wire.observe("platz-1", occupied=True, at=middle)
        bay = await until(
            lambda: service.get("/v1/bays/platz-1"),
            lambda answer: _posix(answer.json()["since"]) == new.timestamp(),
        )
        assert bay.json()["state"] == "free"


async def test_silent_sensors_make_the_sign_lose_its_number_by_itself(
    bare_world: World, tmp_path: Path
) -> None:
    city = write_city(tmp_path, bays=4, limit_s=2)
    await asyncio.to_thread(apply_city, city, bare_world.database_url)
    async with bare_world.service() as service, bare_world.wire() as wire:
        for number in range(1, 5):
            await wire.observe(f"platz-{number}", occupied=False)
        shown = await until(service.sign, lambda sign: sign["free"] == 4)
        heard = utc_now().timestamp()
        assert _posix(shown["valid_until"]) <= heard + 2
        sign = await until(service.sign, lambda sign: sign["state"] == "unknown")
        assert 1.5 < utc_now().timestamp() - heard < 3
        assert (sign["text"], sign["free"]) == ("P", None)
        await eventually(lambda: (wire.last("sign/tor") or {}).get("text") == "P")
        await eventually(lambda: (wire.last("bay/platz-1") or {}).get("state") == "unknown")
        assert (await service.get("/v1/lots/platz")).json()["free_max"] is None
        assert (await service.get("/v1/signs/tor", accept="text/plain")).text == "P\n"


async def test_retained_state_is_renewed_well_before_its_validity_is_over(
    bare_world: World, tmp_path: Path
) -> None:
    city = write_city(tmp_path, sign="    hold_s: 4\n")
    await asyncio.to_thread(apply_city, city, bare_world.database_url)
    async with bare_world.service(), bare_world.wire("sign/#") as wire:

        def computed() -> list[float]:
            signs = [event["data"] for event in wire.states.get("sign/tor", []) if event]
            assert [each["sequence"] for each in signs] == sorted(
                each["sequence"] for each in signs
            )
            # A connection publishes again what is shown: the same sequence, the same sign.
            distinct = {each["sequence"]: _posix(each["computed_at"]) for each in signs}
            return list(distinct.values())

        await eventually(lambda: len(computed()) >= 3)
        assert all(1.6 < later - earlier < 3.5 for earlier, later in pairwise(computed()))


async def test_personal_bays_are_counted_nowhere_and_published_nowhere(
    bare_world: World, tmp_path: Path
) -> None:
    personal = "platz-p,platz,disabled_assigned,51.48,11.96,\nplatz-r,platz,resident,51.48,11.96,\n"
    city = write_city(tmp_path, bays=2, extra_bays=personal)
    await asyncio.to_thread(apply_city, city, bare_world.database_url)
    async with bare_world.service() as service, bare_world.wire() as wire:
        for bay in ("platz-p", "platz-r", "platz-1", "platz-2"):
            await wire.observe(bay, occupied=False)
        await until(service.sign, lambda sign: sign["free"] == 2)
        lot = (await service.get("/v1/lots/platz")).json()
        assert (lot["capacity"], list(lot["by_kind"])) == (2, ["general"])
        listed = (await service.get("/v1/lots/platz/bays")).json()["items"]
        assert [bay["bay_id"] for bay in listed] == ["platz-1", "platz-2"]
        assert (await service.get("/v1/bays/platz-p")).status_code == 404
        await eventually(lambda: wire.last("bay/platz-2"))
        assert {"bay/platz-p", "bay/platz-r"}.isdisjoint(wire.states)
        seen = await service.fetch("select bay_id from parking.v1_bay order by 1")
        assert [row["bay_id"] for row in seen] == ["platz-1", "platz-2"]
