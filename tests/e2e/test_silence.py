# SPDX-License-Identifier: EUPL-1.2
"""What a sign shows when nobody knows, and that this differs from full and from closed."""

import shutil
import time
from collections.abc import Iterator

import pytest

from e2e.conftest import MakeTown
from e2e.messages import HALLE, chirpstack, sensors
from e2e.town import Town

HEARTBEAT_LIMIT_S = 6
SILENT, FULL, CLOSED = "ratshof", "pr-trotha", "neustadt-centrum"


@pytest.fixture(scope="module")
def town(make_town: MakeTown, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Halle, but one lot's sensors must speak every six seconds and another one is closed."""
    folder = tmp_path_factory.mktemp("silence")
    city = folder / "city"
    shutil.copytree(HALLE, city)
    lots = city / "parking" / "lots.yaml"
    entries = lots.read_text(encoding="utf-8").split("  - lot_id: ")
    lots.write_text("  - lot_id: ".join(_changed(entry) for entry in entries), encoding="utf-8")
    with make_town(folder, city) as town:
        yield town


def _changed(entry: str) -> str:
    lot_id = entry.partition("\n")[0]
    if lot_id == SILENT:
        return entry.replace("heartbeat_limit_s: 7200", f"heartbeat_limit_s: {HEARTBEAT_LIMIT_S}")
    return entry.replace("opening: 24/7", 'opening: "off"') if lot_id == CLOSED else entry


def test_sign_of_silent_sensors_loses_its_number_by_itself(town: Town) -> None:
    sign_id = f"{SILENT}-einfahrt"
    bays = [sensor for sensor in sensors(SILENT) if sensor.kind == "general"]
    with town.watching(sign_id) as events:
        town.send(chirpstack(sensor, occupied=False) for sensor in bays)
        counted = town.until(sign_id, lambda shown: shown["free"] == len(bays))
        heard_at = time.monotonic()
        silent = town.until(sign_id, lambda shown: shown["state"] == "unknown")
        assert HEARTBEAT_LIMIT_S - 3 < time.monotonic() - heard_at < HEARTBEAT_LIMIT_S + 3
        assert (counted["state"], silent["free"], silent["text"]) == ("free", None, "P")
        assert town.text(sign_id) == "P\n"
        deadline = time.monotonic() + 10
        while events[-1]["state"] != "unknown":
            assert time.monotonic() < deadline
            time.sleep(0.02)
    retained = town.retained(sign_id)
    assert (retained["state"], retained["free"], retained["text"]) == ("unknown", None, "P")
    states = town.rows(
        f"select distinct state from parking.bay_state where bay_id like '{SILENT}-%'"
    )
    assert states == [{"state": "unknown"}]
    # It speaks again: the number comes back.
    town.send(chirpstack(sensor, occupied=False) for sensor in bays)
    town.until(sign_id, lambda shown: shown["free"] == len(bays))


def test_closed_is_not_full_is_not_unknown(town: Town) -> None:
    for lot_id in (FULL, CLOSED):
        town.send(chirpstack(each, occupied=lot_id == FULL) for each in sensors(lot_id))
    full = town.until(f"{FULL}-einfahrt", lambda shown: shown["state"] == "full")
    closed = town.sign(f"{CLOSED}-einfahrt")
    # Nobody has ever heard of this one.
    unknown = town.sign("hauptbahnhof-einfahrt")
    assert (full["free"], full["text"]) == (0, "BESETZT")
    assert (closed["state"], closed["free"], closed["text"]) == ("closed", None, "ZU")
    assert (unknown["state"], unknown["free"], unknown["text"]) == ("unknown", None, "P")
    shown = [town.text(f"{lot}-einfahrt") for lot in (FULL, CLOSED, "hauptbahnhof")]
    assert shown == ["BESETZT\n", "ZU\n", "P\n"]
