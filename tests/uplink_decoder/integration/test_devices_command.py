# SPDX-License-Identifier: EUPL-1.2
"""The command line of devices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from stadttakt_runtime.cli import build

ONE, TWO = "02000000000000a1", "02000000000000a2"


@pytest.fixture
def devices(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `stadttakt devices …` on the test's database."""
    monkeypatch.setenv("STADTTAKT_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> Result:
        return CliRunner().invoke(build(), ["devices", *words])

    return run


def shown(devices: Any, dev_eui: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(devices("show", dev_eui, "--json").stdout)
    return found


def test_device_is_registered_changed_and_shown_with_its_history(devices: Any) -> None:
    created = devices(
        "put", ONE.upper(), "--name", "radar", "--codec", "bosch-tps110", "--asset", "bay/lot-01",
        "--place", "51.48,11.97", "--tags", "a=b;c=d",
    )  # fmt: skip
    assert (created.exit_code, created.stdout) == (0, f"{ONE} created\n")
    again = devices("put", ONE, "--expected-interval", "3600")
    assert again.stdout == f"{ONE} changed: expected_interval_s\n"
    device = shown(devices, ONE)
    assert (device["name"], device["expected_interval_s"], device["lat"]) == ("radar", 3600, 51.48)
    assert device["tags"] == {"a": "b", "c": "d"}
    assert [(each["action"], each["author"]) for each in device["changes"]] == [
        ("changed", "command_line"),
        ("created", "command_line"),
    ]
    table = devices("show", ONE).stdout
    assert "bay/lot-01" in table
    assert "command_line" in table


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("put", "xyz"), "dev_eui"),
        (("put", ONE, "--codec", "none-such"), "there is no codec none-such"),
        (("put", ONE, "--asset", "bay/a/b"), "not the id of a bay"),
        (("put", ONE, "--expected-interval", "0"), "expected_interval_s"),
        (("put", ONE, "--place", "51.48"), "lat and lon belong together"),
        (("retire", ONE), "there is no registered device"),
        (("delete", ONE, "--yes"), "there is no device"),
        (("assign", ONE, "moon/1"), "an asset is one of"),
        (("swap", ONE, ONE), "the replacement is another device's EUI"),
        (("show", ONE), "there is no device"),
        (("list", "--status", "tired"), "a status is one of"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_1(
    devices: Any, words: tuple[str, ...], reason: str
) -> None:
    refused = devices(*words)
    assert refused.exit_code == 1
    assert reason in refused.stderr
    assert "Traceback" not in refused.output


def test_sensor_is_swapped_and_the_old_one_retired(devices: Any) -> None:
    devices("put", ONE, "--name", "old", "--codec", "bosch-tps110", "--asset", "bay/lot-01")
    swapped = devices("swap", ONE, TWO, "--at", "2026-11-20T12:00:00", "--note", "broken")
    assert swapped.stdout == f"{ONE} retired\n{TWO} created\n"
    old, new = shown(devices, ONE), shown(devices, TWO)
    assert old["status"] == "retired"
    assert new["asset_id"] == "lot-01"
    assert old["assignments"][0]["valid_to"] == new["assignments"][0]["valid_from"]
    assert old["assignments"][0]["valid_to"] == "2026-11-20T12:00:00Z"
    assert new["changes"][0]["note"] == "broken"
    nothing = devices("swap", ONE, TWO)
    assert nothing.exit_code == 1
    assert "watches nothing" in nothing.stderr


def test_device_is_assigned_unassigned_retired_reinstated_and_deleted(devices: Any) -> None:
    devices("put", ONE, "--name", "x")
    devices("assign", ONE, "bay/lot-01", "--at", "2026-11-01")
    devices("assign", ONE, "bay/lot-02", "--at", "2026-11-02")
    assert [each["asset_id"] for each in shown(devices, ONE)["assignments"]] == ["lot-02", "lot-01"]
    devices("unassign", ONE)
    assert shown(devices, ONE)["asset_id"] is None
    assert devices("retire", ONE, "--note", "lost").stdout == f"{ONE} retired\n"
    refused = devices("assign", ONE, "bay/lot-03")
    assert "reinstate it first" in refused.stderr
    assert devices("reinstate", ONE).stdout == f"{ONE} reinstated\n"
    assert devices("delete", ONE, "--yes").stdout == f"{ONE} deleted\n"
    assert devices("show", ONE).exit_code == 1


def test_export_imported_again_changes_nothing(devices: Any, tmp_path: Path) -> None:
    devices("put", ONE, "--name", "=1+1", "--asset", "bay/lot-01", "--tags", "a=b")
    devices("put", TWO, "--name", "two")
    devices("retire", TWO)
    file = tmp_path / "devices.csv"
    assert devices("export", str(file)).exit_code == 0
    assert devices("export").stdout.splitlines() == file.read_text().splitlines()
    done = devices("import", str(file))
    assert done.exit_code == 0
    counts = dict(line.split() for line in done.stdout.splitlines()[1:])
    assert counts == {
        "created": "0",
        "changed": "0",
        "unchanged": "2",
        "retired": "0",
        "reinstated": "0",
    }


def test_import_names_every_wrong_line_and_imports_nothing(devices: Any, tmp_path: Path) -> None:
    file = tmp_path / "devices.csv"
    file.write_text(f"dev_eui,name,codec_id\n{ONE},a,\nxyz,b,\n", encoding="utf-8")
    refused = devices("import", str(file))
    assert refused.exit_code == 1
    assert "3" in refused.stdout
    assert "dev_eui" in refused.stdout
    file.write_text(f"dev_eui,name,codec_id\n{ONE},a,\n{TWO},b,none-such\n", encoding="utf-8")
    refused = devices("import", str(file))
    assert "there is no codec 'none-such'" in refused.stdout
    assert devices("list", "--json").stdout.strip() == "[]"


def test_dry_run_tells_and_writes_nothing(devices: Any, tmp_path: Path) -> None:
    file = tmp_path / "devices.csv"
    file.write_text(f"dev_eui,name\n{ONE},a\n", encoding="utf-8")
    tried = devices("import", "--dry-run", str(file))
    assert "dry run: nothing is written" in tried.stdout
    assert "created" in tried.stdout
    assert devices("list", "--json").stdout.strip() == "[]"


def test_every_device_that_is_listed_can_be_shown_where_nobody_sees_the_width(
    devices: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for device in (ONE, TWO):
        devices("put", device, "--name", "radar at the southern end", "--codec", "bosch-tps110",
                "--asset", "bay/friedemann-bach-platz-01")  # fmt: skip
    monkeypatch.setenv("COLUMNS", "80")
    printed = devices("list").stdout
    listed = [line.split()[0] for line in printed.splitlines() if line.startswith("02")]
    assert [devices("show", device).exit_code for device in listed] == [0, 0]


def test_list_follows_its_filters(devices: Any) -> None:
    devices("put", ONE, "--name", "north", "--asset", "bay/lot-01", "--tags", "pole=4")
    devices("put", TWO, "--name", "south", "--asset", "vehicle/tram-1")
    for words in (("--text", "nor"), ("--asset", "bay"), ("--tag", "pole=4"), ("--tag", "pole")):
        found = json.loads(devices("list", *words, "--json").stdout)
        assert [each["dev_eui"] for each in found] == [ONE]
    assert "south" in devices("list", "--asset", "vehicle/tram-1").stdout
    limited = devices("list", "--limit", "1")
    assert "more than 1" in limited.stderr
