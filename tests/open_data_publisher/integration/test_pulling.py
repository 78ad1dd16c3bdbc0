# SPDX-License-Identifier: EUPL-1.2
"""A platform that fetches: its certificate in the header of a proxy, and what it is told."""

import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from stadttakt_simulators.mobilithek.authority import Authority
from support.deliveries import STATUS, TABLE, DeliveryWorld, real_lot
from support.service import running, wait_for

PATH = f"/pull/{STATUS}"
NAME = "platform"


@pytest.fixture
def world(tmp_path: Path, database_url: str, mqtt_url: str) -> DeliveryWorld:
    return DeliveryWorld(tmp_path, database_url, mqtt_url)


def shown(authority: Authority, name: str = NAME, days: int = 30) -> dict[str, str]:
    certificate = authority.issue(name, timedelta(days=days)).certificate_pem
    return {"x-client-cert": quote(certificate)}


def test_a_platform_with_its_certificate_fetches_and_is_told_when_nothing_changed(
    world: DeliveryWorld,
) -> None:
    world.declare(pull={"ca_file": "ca.pem", "common_names": [NAME], "feeds": [STATUS]})
    with running("open_data_publisher", **world.settings) as client:
        wait_for(client, "/ready", 200)
        headers = shown(world.authority)
        assert client.get(PATH, headers=headers).status_code == 503
        world.tell(real_lot(free=12), real_lot(lot_id="demo", simulated=True))
        wait_for(client, "/feeds/parkapi/v3/parking-sites", 200)
        time.sleep(1.2)
        found = client.get(PATH, headers=headers)
        assert found.status_code == 200
        assert b"VacantSpaces>12<" in found.content
        assert b"demo" not in found.content
        assert found.headers["content-encoding"] == "gzip"
        time.sleep(1.2)
        since = {"if-modified-since": client.get(PATH, headers=headers).headers["last-modified"]}
        assert client.get(PATH, headers={**headers, **since}).status_code == 304
        tagged = {"if-none-match": client.get(PATH, headers=headers).headers["etag"]}
        assert client.get(PATH, headers={**headers, **tagged}).status_code == 304
        world.tell(real_lot(free=3))
        time.sleep(1.2)
        assert b"VacantSpaces>3<" in client.get(PATH, headers={**headers, **since}).content


def test_nobody_else_fetches(world: DeliveryWorld) -> None:
    world.declare(pull={"ca_file": "ca.pem", "common_names": [NAME], "feeds": [STATUS]})
    with running("open_data_publisher", **world.settings) as client:
        wait_for(client, "/ready", 200)
        world.tell(real_lot())
        for headers in (
            {},
            {"x-client-cert": "nonsense%00%ff"},
            shown(world.authority, "somebody"),
            shown(Authority.new("foreign")),
            shown(world.authority, days=-2),
        ):
            answer = client.get(PATH, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "caller_refused"), headers
        assert client.get(f"/pull/{TABLE}", headers=shown(world.authority)).status_code == 404


def test_a_header_from_elsewhere_than_the_proxy_is_worth_nothing(world: DeliveryWorld) -> None:
    world.declare(
        pull={
            "ca_file": "ca.pem",
            "common_names": [NAME],
            "feeds": [STATUS],
            "proxies": ["192.0.2.0/24"],
        }
    )
    with running("open_data_publisher", **world.settings) as client:
        answer = client.get(PATH, headers=shown(world.authority))
    assert (answer.status_code, answer.json()["detail"]) == (403, "not from a proxy of ours")
