# SPDX-License-Identifier: EUPL-1.2
"""From a state on the broker to a receipt of the stand-in, and what happens where that fails."""

import ssl
import time
from contextlib import ExitStack
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from open_data_publisher.deliveries.courier import Courier
from open_data_publisher.deliveries.press import Press
from open_data_publisher.deliveries.targets import FILE, read_targets
from open_data_publisher.domain.deliveries import Payload
from stadttakt_runtime.database import Database
from stadttakt_simulators.mobilithek.authority import Authority
from stadttakt_simulators.mobilithek.faults import Faults
from support.deliveries import (
    P12_PASSWORD,
    STATUS,
    TABLE,
    DeliveryWorld,
    mobilithek,
    now,
    parkapi,
    real_lot,
    serving,
    until,
)
from support.keys import bearer
from support.service import running, start, wait_for
from support.stack import free_ports


@pytest.fixture
def world(tmp_path: Path, database_url: str, mqtt_url: str) -> DeliveryWorld:
    return DeliveryWorld(tmp_path, database_url, mqtt_url)


def newest(world: DeliveryWorld, feed: str = STATUS) -> Any:
    rows = world.rows(
        "select status, http_status, error, attempts, receipt from opendata.delivery"
        f" where feed = '{feed}' order by number desc limit 1"
    )
    return rows[0] if rows else (None,) * 5


def test_static_and_live_offers_reach_the_mobilithek_and_receipts_tell_of_it(
    world: DeliveryWorld,
) -> None:
    with serving(world.stand_in) as port:
        world.declare(mobilithek(port, gzip=True))
        with running("open_data_publisher", **world.settings) as client:
            world.tell(real_lot(free=12))
            until(lambda: world.taken("table") and world.taken("status"))
            world.tell(real_lot(free=7))
            until(lambda: b"VacantSpaces>7<" in world.taken("status")[-1])
            until(lambda: newest(world)[0] == "delivered")
            assert len(world.taken("table")) == 1
            keys = bearer(world.database_url, "deliveries:read")
            page = client.get("/v1/deliveries", params={"feed": STATUS, "limit": 1}, headers=keys)
            (shown,) = page.json()["items"]
            assert set(shown) == {
                "delivery_id", "target", "feed", "sent_at", "status", "http_status", "bytes",
                "sha256", "attempts", "receipt",
            }  # fmt: skip
            assert (shown["target"], shown["status"], shown["http_status"]) == (
                "mobilithek",
                "delivered",
                200,
            )
            older = client.get(
                "/v1/deliveries",
                params={"feed": STATUS, "cursor": page.json()["next_cursor"]},
                headers=keys,
            ).json()["items"]
            assert shown["delivery_id"] not in {each["delivery_id"] for each in older}
            whole = client.get(f"/v1/deliveries/{shown['delivery_id']}", headers=keys).json()
            sent = client.get(whole["payload"], headers=keys)
            assert sent.content == world.taken("status")[-1]
            assert sent.headers["content-type"] == "application/xml"
            assert len(sent.content) == shown["bytes"]
            assert world.stand_in.broker.newest("status").digest == shown["sha256"]  # type: ignore[union-attr]
    assert world.alerts() == []


def test_what_is_pushed_says_so_and_what_is_fetched_says_that(world: DeliveryWorld) -> None:
    offer = {"feed": "datex2-v3-parking-status", "publication_id": "status", "at_most_every_s": 1}
    with serving(world.stand_in) as port:
        world.declare(mobilithek(port, offers=[offer]))
        with running("open_data_publisher", **world.settings) as client:
            world.tell(real_lot())
            (pushed, *_) = until(lambda: world.taken("status"))
            fetched = wait_for(client, "/feeds/datex2/v3/parking-status.xml", 200).content
    assert b"Protocol>snapshotPush<" in pushed
    assert b"Protocol>snapshotPull<" in fetched


def test_without_targets_nothing_is_delivered(world: DeliveryWorld) -> None:
    with running("open_data_publisher", **world.settings) as client:
        wait_for(client, "/ready", 200)
        world.tell(real_lot())
        wait_for(client, "/feeds/datex2/light.json", 200)
        keys = bearer(world.database_url, "deliveries:read")
        assert client.get("/v1/targets", headers=keys).json() == {"items": []}
        assert client.get("/v1/deliveries", headers=keys).json()["items"] == []
        assert client.get("/v1/deliveries").status_code == 401


def test_the_first_failure_alarms_and_the_next_success_clears_it(world: DeliveryWorld) -> None:
    with serving(world.stand_in) as port:
        world.declare(mobilithek(port))
        world.stand_in.faults = Faults(status=503)
        with running("open_data_publisher", **world.settings) as client:
            world.tell(real_lot(free=12))
            until(lambda: world.alerts() == [("delivery-failed", "mobilithek")])
            until(lambda: newest(world, TABLE)[:3] == ("failing", 503, "status"))
            keys = bearer(world.database_url, "deliveries:read")
            (alert,) = client.get("/v1/alerts", headers=keys).json()["items"]
            assert alert["details"]["http_status"] == 503
            world.stand_in.faults = Faults()
            until(lambda: world.alerts() == [], within_s=40)
            assert newest(world)[0] == "delivered"


def test_after_an_outage_live_is_the_newest_and_no_static_version_is_skipped(
    world: DeliveryWorld,
) -> None:
    (port,) = free_ports(1)
    world.declare(mobilithek(port))
    with running("open_data_publisher", **world.settings):
        for capacity in (40, 41, 42):
            world.tell(real_lot(capacity=capacity, free=capacity - 30))
            until(lambda n=capacity - 39: count(world, TABLE) == n)  # type: ignore[misc]
        until(lambda: newest(world)[:3] == ("failing", None, "not_reached"))
    with serving(world.stand_in, port), running("open_data_publisher", **world.settings):
        until(lambda: len(world.taken("table")) == 3, within_s=60)
        until(lambda: world.taken("status"), within_s=60)
        until(lambda: world.alerts() == [], within_s=60)
    spaces = [body.split(b"NumberOfSpaces>")[1].split(b"<")[0] for body in world.taken("table")]
    assert spaces == [b"40", b"41", b"42"]
    assert b"VacantSpaces>12<" in world.taken("status")[0]
    assert count(world, STATUS) <= 2


class Arriving:
    """A press whose feeds tell another lot each time one arrives."""

    lots = 0

    def content(self, feed_id: str, _now: datetime, *, simulated: bool) -> bytes:
        return f"{feed_id} {simulated} {self.lots}".encode()

    async def print(self, feed_id: str, now: datetime, *, simulated: bool) -> Payload:
        told = self.content(feed_id, now, simulated=simulated)
        return Payload(sha256(told).digest(), "text/xml", len(told), told, told, simulated)


async def test_first_table_waits_for_a_city_that_arrives_lot_by_lot(world: DeliveryWorld) -> None:
    world.declare(mobilithek(1))
    (target,) = read_targets(world.city / FILE, world.secrets).targets
    press = Arriving()
    async with Database.open(world.database_url, schema="opendata") as database:
        courier = Courier(database, cast("Press", press), target, may_send=lambda: False)
        begin = now()
        for second in range(10):
            press.lots += 1
            await courier.queue(begin + timedelta(seconds=second))
        assert (count(world, TABLE), count(world, STATUS)) == (0, 1)
        await courier.queue(begin + timedelta(seconds=14))
        assert count(world, TABLE) == 1
        press.lots += 1
        await courier.queue(begin + timedelta(seconds=15))
        assert count(world, TABLE) == 2


def count(world: DeliveryWorld, feed: str) -> int:
    (row,) = world.rows(f"select count(*) from opendata.delivery where feed = '{feed}'")
    return int(row[0])


def test_the_service_killed_amid_a_push_sends_it_again(world: DeliveryWorld) -> None:
    with serving(world.stand_in) as port:
        world.declare(mobilithek(port, timeout_s=30))
        world.stand_in.faults = Faults(wait_s=20)
        (http,) = free_ports(1)
        process = start("open_data_publisher", STADTTAKT_HTTP_PORT=str(http), **world.settings)
        try:
            world.tell(real_lot(free=12))
            until(lambda: newest(world, TABLE)[0] == "sending", within_s=40)
        finally:
            process.kill()
            process.communicate()
        world.stand_in.faults = Faults()
        with running("open_data_publisher", **world.settings):
            until(lambda: newest(world, TABLE)[0] == "delivered")
            until(lambda: newest(world)[0] == "delivered")
        assert newest(world, TABLE)[3] == 2
    rows = world.rows("select count(*) from opendata.delivery where done_at is null")
    assert rows == [(0,)]


@pytest.mark.parametrize(
    ("more", "fault", "error"),
    [
        ({"certificate": {"p12_file": "halle.p12", "password_file": "wrong"}}, {}, "credentials_unusable"),
        ({"certificate": {"p12_file": "absent.p12", "password_file": "wrong"}}, {}, "credentials_unusable"),
        ({"certificate": {"p12_file": "foreign.p12", "password_file": "halle.password"}}, {}, "tls broken_off"),
        ({"ca_file": "foreign.pem"}, {}, "tls"),
        ({}, {"certificate": "foreign"}, "tls"),
        ({"timeout_s": 0.5}, {"wait_s": 30}, "timeout"),
        ({}, {"reset": "before"}, "broken_off"),
        ({}, {"reset": "after"}, "broken_off"),
        ({}, {"status": 403}, "status"),
    ],
)  # fmt: skip
def test_whatever_goes_wrong_is_told_and_nothing_is_lost(
    world: DeliveryWorld, more: dict[str, Any], fault: dict[str, Any], error: str
) -> None:
    foreign = Authority.new("foreign")
    world.keep("wrong", b"not the password")
    world.keep("foreign.p12", foreign.issue("halle-machine").p12(P12_PASSWORD))
    world.keep("foreign.pem", foreign.certificate_pem)
    with serving(world.stand_in) as port:
        world.declare(mobilithek(port, **more))
        world.stand_in.faults = Faults(**fault)
        with running("open_data_publisher", **world.settings) as client:
            world.tell(real_lot())
            until(lambda: (newest(world, TABLE)[2] or "-") in error.split())
            assert newest(world, TABLE)[0] == "failing"
            assert newest(world, TABLE)[4]
            assert world.alerts() == [("delivery-failed", "mobilithek")]
            assert client.get("/ready").status_code == 200
        assert P12_PASSWORD not in str(world.rows("select receipt from opendata.delivery"))
    rows = world.rows("select count(*) from opendata.delivery where done_at is null")
    assert rows == [(2,)]


def test_an_answer_without_an_end_is_cut_off(world: DeliveryWorld) -> None:
    with serving(world.stand_in) as port:
        world.declare(mobilithek(port))
        world.stand_in.faults = Faults(flood=True)
        with running("open_data_publisher", **world.settings):
            world.tell(real_lot())
            until(lambda: newest(world, TABLE)[0] == "delivered")
    assert len(newest(world, TABLE)[4]) == 4000


def test_a_renewed_certificate_holds_from_the_next_delivery_on(world: DeliveryWorld) -> None:
    foreign = Authority.new("foreign").issue("halle-machine").p12(P12_PASSWORD)
    right = (world.secrets / "halle.p12").read_bytes()
    world.keep("halle.p12", foreign)
    with serving(world.stand_in) as port:
        world.declare(mobilithek(port))
        with running("open_data_publisher", **world.settings):
            world.tell(real_lot())
            until(lambda: newest(world, TABLE)[2] in {"tls", "broken_off"})
            world.keep("halle.p12", right)
            until(lambda: newest(world, TABLE)[0] == "delivered", within_s=40)


def test_a_certificate_in_pem_with_an_encrypted_key_is_taken(world: DeliveryWorld) -> None:
    machine = world.authority.issue("halle-machine")
    world.keep("halle.pem", machine.certificate_pem)
    world.keep("halle.key", machine.key_pem(P12_PASSWORD))
    pem = {"cert_file": "halle.pem", "key_file": "halle.key", "password_file": "halle.password"}
    with serving(world.stand_in) as port:
        world.declare(mobilithek(port, certificate=pem))
        with running("open_data_publisher", **world.settings):
            world.tell(real_lot())
            until(lambda: newest(world, TABLE)[0] == "delivered")


def test_a_certificate_that_ends_soon_is_told_of(world: DeliveryWorld) -> None:
    short = world.authority.issue("halle-machine", timedelta(days=20))
    world.keep("halle.p12", short.p12(P12_PASSWORD))
    with serving(world.stand_in) as port:
        world.declare(mobilithek(port))
        with running("open_data_publisher", **world.settings) as client:
            until(lambda: world.alerts() == [("certificate-ends", "mobilithek")])
            keys = bearer(world.database_url, "deliveries:read")
            (target,) = client.get("/v1/targets", headers=keys).json()["items"]
    assert target["certificate_ends_at"].startswith((now() + timedelta(days=20)).date().isoformat())


def test_a_parkapi_gets_its_sites_and_what_it_refuses_is_told(world: DeliveryWorld) -> None:
    with serving(world.stand_in) as port:
        world.declare(parkapi(port))
        with running("open_data_publisher", **world.settings):
            world.tell(real_lot(free=12))
            until(lambda: newest(world, "parkapi-v3-parking-sites")[0] == "delivered")
            assert b'"realtime_free_capacity":12' in world.taken("parking-sites")[-1]
            world.keep("parkapi.password", b"old")
            world.tell(real_lot(free=3))
            until(lambda: newest(world, "parkapi-v3-parking-sites")[1] == 401)
            assert world.alerts() == [("delivery-failed", "mobidata")]


def test_nothing_simulated_reaches_a_real_target(world: DeliveryWorld) -> None:
    with serving(world.stand_in) as port:
        world.declare(mobilithek(port), parkapi(port, simulated=True))
        with running("open_data_publisher", **world.settings):
            world.tell(real_lot(lot_id="demo", simulated=True))
            until(lambda: world.taken("parking-sites"))
            assert world.taken("table") == []
            world.tell(real_lot(lot_id="markt"))
            until(lambda: world.taken("status"))
    assert b"demo" not in b"".join(world.taken("table") + world.taken("status"))
    assert b"demo" in world.taken("parking-sites")[-1]


def test_publish_now_delivers_at_once_and_the_same_request_again_is_the_same(
    world: DeliveryWorld,
) -> None:
    with serving(world.stand_in) as port:
        world.declare(mobilithek(port))
        with running("open_data_publisher", **world.settings) as client:
            world.tell(real_lot())
            until(lambda: world.taken("table") and world.taken("status"))
            until(lambda: newest(world)[0] == "delivered")
            writer = bearer(world.database_url, "deliveries:write")
            once = {**writer, "idempotency-key": "k-1"}
            asked: httpx.Response = client.post(
                "/v1/deliveries", json={"target": "mobilithek", "feeds": [TABLE]}, headers=once
            )
            assert asked.status_code == 202
            again = client.post(
                "/v1/deliveries", json={"target": "mobilithek", "feeds": [TABLE]}, headers=once
            )
            assert again.content == asked.content
            until(lambda: len(world.taken("table")) == 2)
            time.sleep(1.5)
            assert len(world.taken("table")) == 2
            every = client.post("/v1/targets/mobilithek:publish", headers=writer)
            assert {each["feed"] for each in every.json()["items"]} == {TABLE, STATUS}
            until(lambda: len(world.taken("table")) == 3)
            for body, code in (
                ({"target": "nobody"}, 422),
                ({"target": "mobilithek", "feeds": ["unheard-of"]}, 422),
                ({"target": "mobilithek", "more": 1}, 422),
            ):
                assert client.post("/v1/deliveries", json=body, headers=writer).status_code == code
            assert client.post("/v1/targets/nobody:publish", headers=writer).status_code == 404
            reader = bearer(world.database_url, "deliveries:read")
            refused = client.post("/v1/deliveries", json={"target": "mobilithek"}, headers=reader)
            assert (refused.status_code, refused.json()["scope"]) == (403, "deliveries:write")


def test_two_instances_deliver_once_and_the_other_takes_over(world: DeliveryWorld) -> None:
    with serving(world.stand_in) as port:
        world.declare(mobilithek(port))
        with ExitStack() as first:
            one = first.enter_context(running("open_data_publisher", **world.settings))
            wait_for(one, "/ready", 200)
            with running("open_data_publisher", **world.settings) as other:
                world.tell(real_lot(free=12))
                until(lambda: world.taken("table") and world.taken("status"))
                assert other.get("/ready").status_code == 503
                time.sleep(2)
                assert (len(world.taken("table")), len(world.taken("status"))) == (1, 1)
                assert world.rows("select count(*) from opendata.past") == [(1,)]
                first.close()
                wait_for(other, "/ready", 200)
                world.tell(real_lot(free=5))
                until(lambda: b"VacantSpaces>5<" in world.taken("status")[-1])
                assert len(world.taken("table")) == 1


def test_the_stand_in_behaves_as_a_subscriber_expects(world: DeliveryWorld) -> None:
    with serving(world.stand_in) as port:
        world.declare(mobilithek(port))
        with running("open_data_publisher", **world.settings):
            world.tell(real_lot())
            until(lambda: world.taken("status"))
        subscriber = world.authority.issue("subscriber")
        world.keep("s.pem", subscriber.certificate_pem + subscriber.key_pem())
        base = f"https://127.0.0.1:{port}/mobilithek/api/v1.0"
        context = ssl.create_default_context(cafile=world.secrets / "ca.pem")
        with httpx.Client(verify=context) as nobody:
            assert nobody.get(f"{base}/subscription?subscriptionID=status").status_code == 400
        context.load_cert_chain(world.secrets / "s.pem")
        with httpx.Client(verify=context, base_url=base) as client:
            path = "/subscription/status/clientPullService?subscriptionID=status"
            found = client.get(path)
            assert found.content == world.taken("status")[-1]
            assert found.headers["content-encoding"] == "gzip"
            since = {"if-modified-since": found.headers["last-modified"]}
            assert client.get(path, headers=since).status_code == 304
            assert client.get(path, headers={"accept-encoding": "identity"}).status_code == 400
            assert client.get("/subscription?subscriptionId=nothing").status_code == 404
            xml = {"content-type": "application/xml"}
            foreign = client.post("/publication/status", content=b"<a/>", headers=xml)
            assert foreign.status_code == 403
            assert (
                client.post("/publication/other", content=b"<a/>", headers=xml).status_code == 404
            )
