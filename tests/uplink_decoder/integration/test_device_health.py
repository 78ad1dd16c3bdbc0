# SPDX-License-Identifier: EUPL-1.2
"""The health of devices and gateways over HTTP, in the view, on the command line, and as alerts."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from stadttakt_runtime.cli import build
from stadttakt_runtime.clock import utc_now
from support.asking import Ask
from uplink_decoder.alerting.watch import Watch
from uplink_decoder.settings import UplinkSettings
from uplink_decoder.sources import SourceTable
from uplink_decoder.storage import ledger

OCCUPIED = base64.b64encode(b"\x01").decode()
DEVICE, OTHER = "0200000000000001", "0200000000000002"
HEALTH = f"/v1/devices/{DEVICE}/health"
NEAR = {
    "gatewayId": "g-near",
    "rssi": -60,
    "snr": 9.0,
    "location": {"latitude": 51.5, "longitude": 12},
}
FAR = {"gatewayId": "g-far", "rssi": -118, "snr": -7.5}


def ago(**span: float) -> datetime:
    return datetime.now(tz=UTC) - timedelta(**span)


async def heard(running: Any, device: str, f_cnt: int, at: datetime, **fields: Any) -> None:
    lora = {"modulation": {"lora": {"spreadingFactor": 9}}}
    usual = {"time": at.isoformat(), "devAddr": "01", "rxInfo": [NEAR, FAR], "txInfo": lora}
    await running.send_up(device, f_cnt, OCCUPIED, **{**usual, **fields})


async def counted(running: Any) -> None:
    """Wait until the pipeline has taken note of what it committed."""
    while any(running.decoder.pipeline.ledger.in_flight().values()):  # noqa: ASYNC110 (books tell nobody)
        await asyncio.sleep(0.005)


async def examined(running: Any, uplinks: int) -> None:
    await running.until_rows("select 1 from uplink", uplinks)
    await counted(running)
    await running.decoder._note_seen()
    await running.decoder.examiner.note_heard()
    await running.decoder.examiner.examine_all()


async def alerts(running: Any) -> list[tuple[str, str]]:
    rows = await running.rows(
        "select kind, alert_id from alert where cleared_at is null order by 1, 2"
    )
    return [(row["kind"], row["alert_id"]) for row in rows]


async def test_health_tells_reception_and_loss(running: Any, ask: Ask) -> None:
    for f_cnt, hours in ((1, 30), (2, 3), (5, 2), (6, 1)):
        await heard(running, DEVICE, f_cnt, ago(hours=hours))
    await examined(running, 4)
    found = (await ask("GET", HEALTH, "devices:read")).json()
    assert found["status"] == "active"
    day, week = found["day"], found["week"]
    assert (day["frames"], day["lost"], day["expected"], day["loss"]) == (3, 2, 5, 0.4)
    assert (week["frames"], week["lost"]) == (4, 2)
    assert day["spreading_factors"] == {"9": 3}
    assert (day["best"]["rssi_best"], day["best"]["rssi_mean"]) == (-60, -60)
    assert (day["best"]["snr_best"], day["best"]["rssi_worst"]) == (9, None)
    assert [(g["gateway_id"], g["frames"], g["rssi_best"]) for g in week["gateways"]] == [
        ("g-near", 4, -60),
        ("g-far", 4, -118),
    ]


async def test_health_tells_events_and_battery_and_the_list_shows_them(
    running: Any, ask: Ask
) -> None:
    await heard(running, DEVICE, 6, ago(hours=1))
    event = f"application/a/device/{DEVICE}/event"
    for number in range(2):
        code = {"code": "UPLINK_F_CNT_RETRANSMISSION", "context": {"n": number}}
        await running.send(f"{event}/log", {"time": ago(hours=1).isoformat(), **code})
    await running.send(
        f"{event}/status",
        {
            "deduplicationId": "s",
            "time": ago(hours=1).isoformat(),
            "margin": 9,
            "batteryLevel": 71.5,
        },
    )
    await running.until_rows("select 1 from device_event", 3)
    await examined(running, 1)
    found = (await ask("GET", HEALTH, "devices:read")).json()
    assert [(e["kind"], e["code"], e["count"]) for e in found["events"]] == [
        ("log", "UPLINK_F_CNT_RETRANSMISSION", 2),
        ("status", None, 1),
    ]
    link = {name: value for name, value in found["link"].items() if name != "at"}
    assert link == {"margin_db": 9, "battery_percent": 71.5, "is_powered": False}
    battery = found["battery"]
    assert (battery["percent"], battery["ends_at"], battery["withheld"]) == (
        71.5,
        None,
        "too_few_days",
    )
    listed = (await ask("GET", "/v1/devices?limit=1", "devices:read")).json()["items"][0]
    assert listed["battery"] == {"millivolt": None, "percent": 72}
    assert listed["radio"] == {
        "f_cnt": 6,
        "gateways": 2,
        "best_rssi": -60,
        "best_snr": 9,
        "spreading_factor": 9,
    }


async def test_history_tells_hours_and_days(running: Any, ask: Ask) -> None:
    for f_cnt, hours in ((1, 50), (2, 26), (4, 25), (5, 1)):
        await heard(running, DEVICE, f_cnt, ago(hours=hours))
    await examined(running, 4)
    since, until = (f"{ago(hours=hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (100, 0))
    query = f"?from={since}&to={until}&bucket="
    by_hour = (await ask("GET", f"{HEALTH}/history{query}1h", "devices:read")).json()
    assert [(item["frames"], item["lost"]) for item in by_hour["items"]] == [
        (1, 0),
        (1, 0),
        (1, 1),
        (1, 0),
    ]
    by_day = (await ask("GET", f"{HEALTH}/history{query}1d", "devices:read")).json()
    assert sum(item["frames"] for item in by_day["items"]) == 4
    assert sum(item["lost"] for item in by_day["items"]) == 1
    default = (await ask("GET", f"{HEALTH}/history", "devices:read")).json()
    assert [item["frames"] for item in default["items"]] == [1]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/devices/0200000000000099/health", 404),
        ("/v1/devices/0200000000000099/health/history", 404),
        (f"{HEALTH}/history?bucket=1m", 422),
        (f"{HEALTH}/history?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", 422),
        (f"{HEALTH}/history?from=2020-01-01T00:00:00Z", 422),
        (f"{HEALTH}/history?to=1900-01-01T00:00:00Z", 200),
        (f"{HEALTH}/history?from=%00", 422),
        ("/v1/devices/%00/health", 422),
        ("/v1/gateways?limit=0", 422),
        ("/v1/gateways?cursor=x", 422),
    ],
)
async def test_senseless_question_is_a_problem(ask: Ask, path: str, status: int) -> None:
    answer = await ask("GET", path, "devices:read")
    assert answer.status_code == status
    assert status == 200 or answer.headers["content-type"] == "application/problem+json"


async def test_health_needs_a_scope(running: Any, ask: Ask) -> None:
    for path in (HEALTH, f"{HEALTH}/history", "/v1/gateways"):
        assert (await running.http.get(path)).status_code == 401
        assert (await ask("GET", path, "kpi:write")).status_code == 403


async def test_gateways_are_listed_with_what_they_heard(running: Any, ask: Ask) -> None:
    await heard(running, DEVICE, 1, ago(hours=2))
    await heard(running, OTHER, 1, ago(hours=1), rxInfo=[NEAR])
    await examined(running, 2)
    first = (await ask("GET", "/v1/gateways?limit=1", "devices:read")).json()
    cursor = first["next_cursor"]
    second = (await ask("GET", f"/v1/gateways?limit=1&cursor={cursor}", "devices:read")).json()
    far, near = first["items"][0], second["items"][0]
    assert second["next_cursor"] is None
    assert (far["gateway_id"], far["devices_day"], far["frames_day"]) == ("g-far", 1, 1)
    assert (near["gateway_id"], near["devices_day"], near["lat"]) == ("g-near", 2, 51.5)
    assert (near["silent"], near["is_foreign"]) == (False, False)


async def test_view_of_health_is_what_others_may_read(
    running: Any, settings: UplinkSettings
) -> None:
    await heard(running, DEVICE, 1, ago(minutes=90))
    await heard(running, DEVICE, 4, ago(minutes=1))
    await examined(running, 2)
    url = settings.database_url.get_secret_value()
    connection = await asyncpg.connect(url, server_settings={"role": "parking"})
    rows = await connection.fetch("select * from uplink.v1_device_health order by dev_eui")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetch("select * from uplink.device_health")
    await connection.close()
    assert list(rows[0].keys()) == [
        "dev_eui",
        "name",
        "status",
        "last_seen",
        "battery_mv",
        "battery_percent",
        "battery_ends_at",
        "frames_day",
        "lost_day",
        "codec_errors_day",
        "best_rssi_day",
        "best_snr_day",
        "examined_at",
    ]
    row = rows[0]
    assert (row["dev_eui"], row["status"], row["frames_day"], row["lost_day"]) == (
        DEVICE,
        "active",
        2,
        2,
    )
    assert rows[1]["status"] == "silent"


async def test_silent_device_is_told_once_and_cleared_when_heard(running: Any, ask: Ask) -> None:
    await heard(running, DEVICE, 1, ago(minutes=1))
    await heard(running, OTHER, 1, ago(minutes=1))
    await examined(running, 2)
    watch = running.decoder.watch
    now = utc_now()
    for minutes in range(0, 130, 4):
        # OTHER goes on sending, so that neither source nor gateway is silent.
        await running.connection.execute(
            "update device set last_seen = $1 where dev_eui = $2",
            now + timedelta(minutes=minutes),
            OTHER,
        )
        await watch.look(now + timedelta(minutes=minutes), slow=False)
    assert await alerts(running) == [("device-silent", DEVICE)]
    (raised,) = await running.rows("select details::text as details from alert")
    assert json.loads(raised["details"])["expected_interval_s"] == 3600
    await running.connection.execute(
        "update device set last_seen = $1 where dev_eui = $2", now + timedelta(hours=3), DEVICE
    )
    await watch.look(now + timedelta(hours=3), slow=False)
    assert await alerts(running) == []
    assert len(await running.rows("select 1 from alert")) == 1


async def test_source_that_fails_is_one_alert_and_its_devices_none(running: Any) -> None:
    await running.connection.execute(
        "insert into device (dev_eui, name, origin, expected_interval_s, last_seen, last_source)"
        " select 'd' || n, 'd' || n, 'city', 600, now(), 'cs' from generate_series(1, 300) n"
    )
    watch, now = running.decoder.watch, utc_now()
    for minutes in range(0, 120, 3):
        await watch.look(now + timedelta(minutes=minutes), slow=False)
    assert await alerts(running) == [("source-silent", "cs")]
    assert len(await running.rows("select 1 from alert")) == 1
    # It comes back: devices are heard one after the other, and none is told silent meanwhile.
    back = now + timedelta(minutes=120)
    for minute in range(20):
        await running.connection.execute(
            "update device set last_seen = $1 where dev_eui like 'd%' and"
            " substr(dev_eui, 2)::int % 10 = $2",
            back + timedelta(minutes=minute),
            minute % 10,
        )
        await watch.look(back + timedelta(minutes=minute), slow=False)
    assert await alerts(running) == []
    assert len(await running.rows("select 1 from alert")) == 1


async def test_nobody_watching_for_hours_raises_nothing(running: Any) -> None:
    await heard(running, DEVICE, 1, ago(minutes=1))
    await examined(running, 1)
    watch, now = running.decoder.watch, utc_now()
    await watch.look(now, slow=False)
    await watch.look(now + timedelta(hours=5), slow=False)
    assert await alerts(running) == []


async def test_loss_and_weak_batteries_are_told_and_cleared(running: Any) -> None:
    for f_cnt in range(0, 60, 2):
        await heard(running, DEVICE, f_cnt, ago(minutes=60 - f_cnt))
    await examined(running, 30)
    await running.connection.execute(
        "update device set battery_percent = 12 where dev_eui = $1", OTHER
    )
    watch = running.decoder.watch
    await watch.look(utc_now(), slow=True)
    assert await alerts(running) == [("battery-low", OTHER), ("radio-loss", DEVICE)]
    await running.connection.execute(
        "update device set battery_percent = 90 where dev_eui = $1", OTHER
    )
    await watch.look(utc_now() + timedelta(days=2), slow=True)
    assert ("radio-loss", DEVICE) not in await alerts(running)
    assert ("battery-low", OTHER) not in await alerts(running)


async def test_battery_that_falls_for_weeks_is_foreseen(running: Any, ask: Ask) -> None:
    now = utc_now()
    await running.connection.executemany(
        "insert into device_health_hour (dev_eui, hour, source_id, simulated, frames, lost,"
        " lost_long, repeated, resets, sessions, codec_errors, spreading, battery_mv, track)"
        " values ($1, $2, 'cs', false, 1, 0, 0, 0, 0, 0, 0, '{}', $3, '{}')",
        [(DEVICE, now - timedelta(days=day), 2600 + 10 * day) for day in range(40)],
    )
    await running.connection.execute(
        "insert into device_health (dev_eui, examined_at, battery_at, battery_mv)"
        " values ($1, now(), now(), 2800)",
        DEVICE,
    )
    await running.decoder.watch.look(now, slow=True)
    assert await alerts(running) == [("battery-ends-soon", DEVICE)]
    battery = (await ask("GET", HEALTH, "devices:read")).json()["battery"]
    assert battery["trend_mv_per_day"] == pytest.approx(-10, abs=0.1)
    ends_at = datetime.fromisoformat(battery["ends_at"])
    assert abs(ends_at - now - timedelta(days=20)) < timedelta(days=2)
    assert battery["withheld"] is None


async def test_gap_in_the_ledger_is_an_alert_until_it_is_over(
    running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await running.connection.execute(
        "insert into ledger values (date_trunc('hour', now()), 'cs', 'up', 'w',"
        " gen_random_uuid(), 7, 4, 0, 0, 0)"
    )
    await running.decoder._database.persist(running.decoder._settle_ledger)
    assert await alerts(running) == [("ledger-gap", "cs")]
    (row,) = await running.rows("select details::text as details from alert")
    assert json.loads(row["details"]) == {"source": "cs", "messages": 3}
    await running.connection.execute("update ledger set stored = 7 where writer = 'w'")
    await running.decoder._database.persist(running.decoder._settle_ledger)
    assert await alerts(running) == []
    assert await ledger.gaps(running.connection, ago(days=1)) == {"cs": 0}


async def test_command_lists_health(running: Any, settings: UplinkSettings) -> None:
    await heard(running, DEVICE, 1, ago(minutes=61))
    await heard(running, DEVICE, 3, ago(minutes=1))
    await examined(running, 2)
    environment = {"STADTTAKT_DATABASE_URL": settings.database_url.get_secret_value()}

    def invoke(*arguments: str) -> Any:
        return CliRunner().invoke(build(), ["devices", "health", *arguments], env=environment)

    async def command(*arguments: str) -> Any:
        return await asyncio.to_thread(invoke, *arguments)

    found = await command("--json", "--dev-eui", DEVICE)
    (device,) = json.loads(found.stdout)
    assert (device["status"], device["frames_day"], device["lost_day"]) == ("active", 2, 1)
    assert device["radio"]["spreading_factor"] == 9
    table = await command("--status", "silent")
    assert OTHER in table.stdout
    assert DEVICE not in table.stdout
    assert (await command("--status", "ill")).exit_code == 1
    assert (await command("--dev-eui", "0200000000000099")).exit_code == 1


async def test_operator_sets_how_many_intervals_a_device_may_be_unheard(
    running: Any, settings: UplinkSettings, ask: Ask
) -> None:
    await heard(running, DEVICE, 1, ago(minutes=1))
    await examined(running, 1)
    await running.connection.execute(
        "update device set last_seen = now() - interval '150 minutes' where dev_eui = $1", DEVICE
    )
    for intervals, status in ((2.0, "silent"), (3.0, "active")):
        changed = settings.model_copy(update={"silent_after_intervals": intervals})
        watch = Watch(running.decoder._database, SourceTable(()), changed)
        await watch.look(utc_now(), slow=False)
        found = (await ask("GET", HEALTH, "devices:read")).json()
        assert (found["status"], found["silent_after_s"]) == (status, 3600 * intervals)


async def test_hours_of_health_are_kept_as_long_as_is_set(running: Any) -> None:
    for days in (500, 300):
        await running.connection.execute(
            "insert into device_gateway_hour (dev_eui, gateway_id, hour, frames)"
            " values ($1, 'g', now() - make_interval(days => $2), 1)",
            DEVICE,
            days,
        )
    await running.decoder._drop_old()
    assert len(await running.rows("select 1 from device_gateway_hour")) == 1
