# SPDX-License-Identifier: EUPL-1.2
"""Several real brokers: each connection is down, refused and back by itself; nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from runtime.integration.secured import password_line, secured
from stadttakt_local.mosquitto import Mosquitto
from support.asking import Ask, asker, downlink_in_state
from support.authority import Authority
from support.partners import (
    BAYS,
    DEVICE,
    UP_TOPIC,
    add_partner,
    connected,
    feed_of,
    send_by,
    told,
    up,
)
from support.stack import fresh_broker
from uplink_decoder.settings import UplinkSettings
from uplink_decoder.storage.downlinks import NEWEST_UPLINK

# paho leaves the socket of a failed handshake to the garbage collector, which says so.
left_open = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)
OF_COUNTY = "select f_cnt from uplink where source_id = 'county' order by f_cnt"
OCCUPIED = "AQ=="


@pytest.fixture
def partner() -> Iterator[Mosquitto]:
    with fresh_broker() as broker:
        yield broker


def asking(running: Any, settings: UplinkSettings) -> Ask:
    return asker(running.http, settings.database_url.get_secret_value())


async def source_of(running: Any, settings: UplinkSettings, name: str = "county") -> Any:
    await running.decoder.source_watch.look()
    answer = await asking(running, settings)("GET", f"/v1/sources/{name}", "uplinks:read")
    assert answer.status_code == 200
    return answer.json()


async def platform_works(running: Any, number: int) -> None:
    await running.send_up(DEVICE, number, OCCUPIED)
    _, event = await running.observation()
    assert event["source"].endswith("/cs")


async def test_broker_that_is_down_at_the_start_holds_up_nobody_and_is_taken_when_it_comes(
    start: Any, settings: UplinkSettings, partner: Mosquitto
) -> None:
    add_partner(settings, partner)
    async with start() as running:
        await platform_works(running, 1)
        await told(running, "nobody listens there")
        found = await source_of(running, settings)
        assert (found["status"], found["connected"]) == ("down", False)
        assert found["broker"] == f"127.0.0.1:{partner.port}"
        assert "nobody listens there" in found["last_error"]
        partner.start()
        await connected(running)
        await send_by(partner, UP_TOPIC, up(1))
        _, event = await running.observation()
        assert event["source"].endswith("/county")
        found = await source_of(running, settings)
        assert (found["status"], found["connected"], found["backlog"]) == ("connected", True, 0)
        assert found["instances"][0]["received"] == 1
        assert found["last_message_at"] is not None


async def test_broker_that_is_killed_and_comes_back_delivers_what_it_had(
    start: Any, settings: UplinkSettings, partner: Mosquitto
) -> None:
    add_partner(settings, partner)
    partner.start()
    async with start() as running:
        await connected(running)
    # The decoder is away; its session is at the partner's broker.
    await send_by(partner, UP_TOPIC, *(up(number) for number in range(5)))
    # What it acknowledged in the last turn of its loop a broker may forget: docs/decisions/0002.
    await asyncio.sleep(0.2)
    partner.kill()
    async with start() as running:
        await platform_works(running, 1)
        partner.start()
        rows = await running.until_rows(OF_COUNTY, 5)
        assert [row["f_cnt"] for row in rows] == [0, 1, 2, 3, 4]
        partner.kill()
        await platform_works_after(running, 2)
        partner.start()
        await connected(running)
        await send_by(partner, UP_TOPIC, up(5))
        await running.until_rows(OF_COUNTY, 6)
        await running.decoder.pipeline.note_ledger()
        (line,) = await running.rows(
            "select sum(received) as received, sum(stored) as stored,"
            " sum(received - stored - duplicate - quarantined - in_flight) as gap"
            " from ledger where source_id = 'county'"
        )
        assert (line["stored"], line["gap"]) == (6, 0)


async def platform_works_after(running: Any, number: int) -> None:
    """As `platform_works`, where a partner's observations may still come before."""
    await running.send_up(DEVICE, number, OCCUPIED)
    while True:
        _, event = await running.observation()
        if event["source"].endswith("/cs"):
            return


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_login_of_a_partner_is_by_variable_and_a_wrong_one_is_told(
    start: Any, settings: UplinkSettings, partner: Mosquitto, monkeypatch: Any, protocol: str
) -> None:
    files = {"passwords": password_line("app@county", "p:w/ä").encode()}
    lines = ("allow_anonymous false", "password_file {folder}/passwords")
    login = {"username": "app@county", "password_variable": "COUNTY_KEY", "protocol": protocol}
    with secured(partner, *lines, files=files) as broker:
        add_partner(settings, broker, broker=login)
        monkeypatch.setenv("COUNTY_KEY", "guess")
        async with start() as running:
            await told(running, "ot authori")
            await platform_works(running, 1)
            assert "guess" not in str(await source_of(running, settings))
        monkeypatch.setenv("COUNTY_KEY", "p:w/ä")
        async with start() as running:
            await connected(running)


async def test_secret_that_is_not_there_yet_is_looked_for_again(
    start: Any, settings: UplinkSettings, partner: Mosquitto, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("uplink_decoder.feeds.feed.LOOK_AGAIN_S", 0.1)
    add_partner(settings, partner, broker={"username": "u", "password_file": "county.key"})
    partner.start()
    async with start() as running:
        await told(running, "county.key: No such file")
        await platform_works(running, 1)
        assert (await source_of(running, settings))["status"] == "down"
        assert settings.city
        (settings.city / "county.key").write_text("secret\n", encoding="utf-8")
        await connected(running)


@left_open
async def test_broker_over_tls_is_trusted_by_its_authority_alone(
    start: Any, settings: UplinkSettings, partner: Mosquitto
) -> None:
    assert settings.city
    authority, somebody = Authority("County"), Authority("Somebody")
    certificate, key = authority.issue("broker")
    files = {"ca.pem": authority.certificate, "cert.pem": certificate, "key.pem": key}
    lines = (
        "cafile {folder}/ca.pem",
        "certfile {folder}/cert.pem",
        "keyfile {folder}/key.pem",
        "require_certificate true",
    )
    own, own_key = authority.issue("city")
    contents = {
        "ca.pem": authority.certificate,
        "other.pem": somebody.certificate,
        "own.pem": own,
        "own.key": own_key,
    }
    for name, content in contents.items():
        (settings.city / name).write_bytes(content)
    with secured(partner, *lines, files=files) as broker:
        url = f"mqtts://127.0.0.1:{broker.port}"
        ours = {"cert_file": "own.pem", "key_file": "own.key"}
        for name, ca_file in (("county", "ca.pem"), ("bad", "other.pem"), ("none", "gone.pem")):
            tls = {"ca_file": ca_file, **ours}
            add_partner(settings, broker, name, broker={"url": url, "tls": tls})
        async with start() as running:
            await connected(running)
            await told(running, "certificate is not trusted", "bad")
            await told(running, "gone.pem: No such file", "none")
            await platform_works(running, 1)
            assert feed_of(running).is_connected


async def test_tts_over_3_1_1_at_qos_0_and_downlinks_to_its_own_broker(
    start: Any, settings: UplinkSettings, partner: Mosquitto
) -> None:
    add_partner(settings, partner, dialect="tts", broker={"username": "parking@county"})
    partner.start()
    message = {
        "end_device_ids": {
            "device_id": "bay-7",
            "dev_eui": DEVICE.upper(),
            "application_ids": {"application_id": "parking"},
        },
        "uplink_message": {
            "session_key_id": "AZ",
            "f_port": 1,
            "f_cnt": 4,
            "frm_payload": "AQ==",
            "network_ids": {"tenant_id": "county"},
        },
    }
    topic = "v3/parking@county/devices/bay-7"
    async with start() as running, aiomqtt.Client("127.0.0.1", partner.port) as server:
        await connected(running)
        await server.subscribe(f"{topic}/down/push", qos=1)
        await send_by(partner, f"{topic}/up", message, qos=0)
        _, event = await running.observation()
        assert event["source"].endswith("/county")
        order = {"f_port": 10, "bytes": "0101ff"}
        ask = asking(running, settings)
        path = f"/v1/devices/{DEVICE}/downlinks"
        answer = await ask("POST", path, "devices:write", json=order)
        async with asyncio.timeout(10):
            pushed = await anext(aiter(server.messages))
        assert str(pushed.topic) == f"{topic}/down/push"
        await downlink_in_state(ask, answer.json()["downlink_id"], "handed_over")


async def test_alert_is_raised_while_a_broker_is_away_and_cleared_when_it_is_back(
    start: Any, settings: UplinkSettings, partner: Mosquitto
) -> None:
    add_partner(settings, partner)
    open_ones = "select kind, alert_id, severity, details from alert where cleared_at is null"
    async with start() as running:
        watch = running.decoder.source_watch
        await told(running, "nobody listens there")
        await watch.look()
        await watch.settle()
        assert await running.rows(open_ones) == []
        watch._down_after = timedelta(0)
        await watch.settle()
        (alert,) = await running.rows(open_ones)
        assert (alert["kind"], alert["alert_id"]) == ("source-down", "county")
        assert (alert["severity"], "nobody listens" in alert["details"]) == ("critical", True)
        partner.start()
        await connected(running)
        await watch.look()
        await watch.settle()
        assert await running.rows(open_ones) == []


async def test_partner_of_whom_nothing_comes_any_more_is_told_until_it_does(
    running: Any, settings: UplinkSettings
) -> None:
    watch = running.decoder.source_watch
    topic = "partner/x"
    await running.send(topic, b"{")
    await running.until_rows("select 1 from quarantine", 1)
    await watch.look()
    await watch.settle()
    open_ones = "select kind, alert_id from alert where cleared_at is null"
    assert await running.rows(open_ones) == []
    long_ago = "update source_state set last_message_at = now() - interval '25 hours'"
    await running.connection.execute(long_ago)
    watch._meters.clear()
    running.decoder.pipeline.ledger.entered.clear()
    await running.connection.execute(long_ago)
    await watch.settle()
    assert await running.rows(open_ones) == [{"kind": "partner-silent", "alert_id": "partner"}]
    assert (await source_of(running, settings, "partner"))["status"] == "silent"
    await running.send(topic, b"{}")
    await running.until_rows("select 1 from quarantine", 2)
    await watch.look()
    await watch.settle()
    assert await running.rows(open_ones) == []


async def test_decoders_of_a_group_share_a_partners_messages(
    start: Any, settings: UplinkSettings, partner: Mosquitto
) -> None:
    add_partner(settings, partner)
    partner.start()
    group = {"shared_subscription": "decoders"}
    first = settings.model_copy(update=group)
    second = settings.model_copy(update={**group, "instance": f"{settings.instance}-b"})
    async with start(first) as one, start(second) as two:
        await connected(one)
        await connected(two)
        await send_by(partner, UP_TOPIC, *(up(number) for number in range(100)))
        await one.until_rows(OF_COUNTY, 100)
        for running in (one, two):
            await running.decoder.pipeline.note_ledger()
        lines = await one.rows(
            "select writer, received, stored, duplicate from ledger where source_id = 'county'"
        )
        assert len(lines) == 2
        assert sum(line["received"] for line in lines) == 100
        assert all(line["stored"] for line in lines)
        await two.decoder.source_watch.look()
        found = await source_of(one, settings)
        assert len(found["instances"]) == 2


async def test_partner_speaks_for_its_assets_only_whatever_topic_it_uses(
    start: Any, settings: UplinkSettings, partner: Mosquitto
) -> None:
    rights = [{**BAYS[0], "assets": ["lot-02"]}]
    add_partner(settings, partner, rights=rights)
    partner.start()
    async with start() as running:
        await connected(running)
        await send_by(partner, UP_TOPIC, up(1))
        (held,) = await running.until_rows("select reason, source_id from quarantine", 1)
        assert held == {"reason": "no_right", "source_id": "county"}
        found = await source_of(running, settings)
        assert found["rights"] == rights
        assert await running.rows("select 1 from observation") == []


async def test_partner_without_right_moves_neither_state_nor_downlinks_of_a_device(
    start: Any, settings: UplinkSettings, partner: Mosquitto
) -> None:
    partner.start()
    add_partner(settings, partner, rights=[{"kinds": ["environment"]}])
    async with start() as running:
        await running.send_up(DEVICE, 1, OCCUPIED)
        await running.observation()
        await connected(running)
        status = {"deduplicationId": "s", "deviceInfo": {"devEui": DEVICE}, "batteryLevel": 1}
        await send_by(partner, UP_TOPIC, up(9999))
        await send_by(partner, UP_TOPIC.replace("/up", "/status"), status)
        held = await running.until_rows("select reason from quarantine", 2)
        assert [row["reason"] for row in held] == ["no_right", "no_right"]
        assert await running.rows("select 1 from device_event") == []
        (newest,) = await running.rows(NEWEST_UPLINK, DEVICE)
        assert newest["source_id"] == "cs"
        seen = running.decoder.pipeline.seen.get(DEVICE)
        assert seen is None or seen[1] == "cs"
        standing = "select last_source, battery_percent from device where dev_eui = $1"
        (device,) = await running.rows(standing, DEVICE)
        assert device["last_source"] in {None, "cs"}
        assert device["battery_percent"] is None


async def test_every_source_of_the_city_is_listed_with_how_it_is(
    running: Any, settings: UplinkSettings, ask: Ask
) -> None:
    await running.send_up(DEVICE, 1, OCCUPIED)
    await running.observation()
    await running.decoder.source_watch.look()
    body = (await ask("GET", "/v1/sources", "uplinks:read")).json()
    by_id = {item["source_id"]: item for item in body["items"]}
    assert list(by_id) == ["cs", "tts", "sim", "partner", "narrow"]
    assert (by_id["cs"]["broker"], by_id["cs"]["rights"]) == ("platform", "all")
    assert (by_id["cs"]["webhook"], by_id["sim"]["webhook"]) == (True, False)
    assert by_id["sim"]["silent_after_s"] is None
    assert by_id["cs"]["last_message_at"] is not None
    assert by_id["tts"]["last_message_at"] is None
    assert "secret-of-chirpstack" not in str(body)
    assert (await ask("GET", "/v1/sources/nobody", "uplinks:read")).status_code == 404
    assert (await ask("GET", "/v1/sources/NO", "uplinks:read")).status_code == 422
    assert (await ask("GET", "/v1/sources", "devices:read")).status_code == 403
    assert (await running.http.get("/v1/sources")).status_code == 401
