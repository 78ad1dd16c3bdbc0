# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt deliveries`: what was delivered, sent bytes, and "publish now" without a key."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from open_data_publisher.commands import app
from support.deliveries import (
    STATUS,
    TABLE,
    DeliveryWorld,
    mobilithek,
    real_lot,
    serving,
    until,
)
from support.service import running


@pytest.fixture
def world(tmp_path: Path, database_url: str, mqtt_url: str) -> DeliveryWorld:
    return DeliveryWorld(tmp_path, database_url, mqtt_url)


def run(world: DeliveryWorld, *arguments: str, fails: bool = False) -> Result:
    environment = {
        "STADTTAKT_DATABASE_URL": world.database_url,
        "STADTTAKT_CITY": str(world.city),
        "COLUMNS": "80",
    }
    outcome = CliRunner().invoke(app, list(arguments), env=environment)
    assert (outcome.exit_code != 0) == fails, outcome.output
    return outcome


def listed(world: DeliveryWorld, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(world, "list", "--json", *arguments).stdout)
    return found


def test_receipts_are_listed_and_what_was_sent_is_given(
    world: DeliveryWorld, tmp_path: Path
) -> None:
    with serving(world.stand_in) as port:
        world.declare(mobilithek(port))
        with running("open_data_publisher", **world.settings):
            world.tell(real_lot(free=12))
            until(lambda: listed(world, "--feed", STATUS, "--status", "delivered"))
            (row,) = listed(world, "--feed", STATUS, "--limit", "1")
            assert (row["target"], row["http_status"]) == ("mobilithek", 200)
            assert row["delivery_id"] in run(world, "list", "--feed", STATUS).stdout
            assert (
                run(world, "payload", row["delivery_id"]).stdout_bytes == world.taken("status")[-1]
            )
            file = tmp_path / "status.xml"
            said = run(world, "payload", row["delivery_id"], "--to", str(file)).stdout
            assert f"{row['bytes']} bytes" in said
            assert file.read_bytes() == world.taken("status")[-1]
            before = len(world.taken("table"))
            (queued,) = json.loads(
                run(world, "publish", "mobilithek", "--feed", TABLE, "--json").stdout
            )
            assert queued["feed"] == TABLE
            until(lambda: len(world.taken("table")) == before + 1)
            assert {each["feed"] for each in listed(world)} == {TABLE, STATUS}


def test_what_is_waiting_is_hurried_not_queued_twice(world: DeliveryWorld) -> None:
    with serving(world.stand_in) as port:
        world.declare(mobilithek(port))
        first = json.loads(run(world, "publish", "mobilithek", "--json").stdout)
        again = json.loads(run(world, "publish", "mobilithek", "--json").stdout)
    assert first == again
    assert len(listed(world)) == len(first) == 2


def test_what_is_not_there_is_said(world: DeliveryWorld) -> None:
    assert listed(world) == []
    assert "there is no target x: none is declared" in run(world, "publish", "x", fails=True).stderr
    world.declare(mobilithek(1))
    told = run(world, "publish", "mobilithek", "--feed", "siri-vm", fails=True).stderr
    assert "mobilithek does not get siri-vm" in told
    unknown = str(uuid.uuid4())
    assert f"there is no delivery {unknown}" in run(world, "payload", unknown, fails=True).stderr
    (waiting, _) = json.loads(run(world, "publish", "mobilithek", "--json").stdout)
    told = run(world, "payload", waiting["delivery_id"], fails=True).stderr
    assert "nothing was sent yet" in told
