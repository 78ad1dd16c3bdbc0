# SPDX-License-Identifier: EUPL-1.2
"""What containers of deploy/compose.yaml may: rights, memory, and what an operator may set beside."""

import re

import pytest

from architecture.test_compose import PROJECT, READS_AS, SERVICES, read
from architecture.test_settings import SERVICES as SETTINGS
from stadttakt_local.left_over import STOP_S
from stadttakt_local.supervisor import DRAIN_S, FIRST_S
from stadttakt_runtime.service import LEAVES_AT_MOST_S


def test_nothing_writes_its_root_or_gains_rights() -> None:
    services = read()["services"]
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    # the database's entry point alone becomes somebody else
    assert {name for name, one in services.items() if "cap_add" in one} == {"timescaledb"}
    # its own user may send itself the signal that has it read its files anew
    assert services["mosquitto"]["user"] == f"{READS_AS['eclipse-mosquitto']}:1883"


def megabytes(limit: str) -> int:
    return int(limit[:-1]) * {"m": 1, "g": 1024}[limit[-1]]


def test_limits_of_memory_hold_twice_what_a_city_needs_and_are_set_by_variables() -> None:
    services = read()["services"]
    assert all("mem_limit" in one for name, one in services.items() if one.get("restart"))
    names = {**{name: name for name in SERVICES}, "database": "timescaledb", "broker": "mosquitto"}
    row = re.compile(r"^\| 10,000 \|.*\| ([a-z-]+) \| [0-9.]+ \| ([0-9,]+) \|", re.MULTILINE)
    page = (PROJECT / "docs/how-to/sizing.md").read_text()
    needed = {part: int(memory.replace(",", "")) for part, memory in row.findall(page)}
    assert needed.keys() == {*names, "all"}
    for part, name in names.items():
        assert megabytes(services[name]["mem_limit"]) >= 2 * needed[part], name
    given = read(
        STADTTAKT_SERVICE_MEMORY="3g",
        STADTTAKT_DATABASE_MEMORY="16g",
        STADTTAKT_BROKER_MEMORY="5g",
        STADTTAKT_MONITORING_MEMORY="2g",
    )["services"]
    assert {given[name]["mem_limit"] for name in SERVICES} == {"3g"}
    others = ("timescaledb", "mosquitto", "prometheus", "grafana")
    assert [given[name]["mem_limit"] for name in others] == ["16g", "5g", "2g", "2g"]


def test_who_runs_on_has_a_limit_of_cores_except_database_and_broker_which_come_first() -> None:
    running = {name: one for name, one in read()["services"].items() if one.get("restart")}
    assert {name for name, one in running.items() if "cpus" not in one} == {
        "timescaledb",
        "mosquitto",
    }
    assert all(running[name]["cpu_shares"] > 1024 for name in ("timescaledb", "mosquitto"))
    given = read(STADTTAKT_SERVICE_CPUS="1.5")["services"]
    assert {given[name]["cpus"] for name in SERVICES} == {1.5}


def test_nobody_kills_a_service_before_it_has_left() -> None:
    services = read()["services"]
    granted = {services[name]["stop_grace_period"] for name in SERVICES}
    assert {int(each.removesuffix("s")) > LEAVES_AT_MOST_S for each in granted} == {True}
    assert DRAIN_S > LEAVES_AT_MOST_S
    assert STOP_S > DRAIN_S + FIRST_S


def test_further_settings_come_from_a_file_whose_example_services_understand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in SERVICES:
        (file,) = read(STADTTAKT_SETUP="/srv/setup")["services"][name]["env_file"]
        assert file == {"path": "/srv/setup/services.env", "required": False}
    page = (PROJECT / "docs/how-to/install-one-server.md").read_text()
    (example,) = re.findall(r"^```text\n(STADTTAKT_.*?)^```", page, re.MULTILINE | re.DOTALL)
    given = dict(line.split("=") for line in example.splitlines())
    monkeypatch.setenv("STADTTAKT_CITY", "/city")
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
        (name,) = (
            name
            for name, model in SETTINGS.items()
            if variable.startswith(prefix := str(model.model_config["env_prefix"]))
            and variable.removeprefix(prefix).lower() in model.model_fields
        )
        environment = read()["services"][name]["environment"]
        assert variable not in environment, "what stands in the file wins"
        field = variable.removeprefix(str(SETTINGS[name].model_config["env_prefix"])).lower()
        assert getattr(SETTINGS[name](), field) == int(value)


def test_archiving_is_off_unless_it_is_asked_for() -> None:
    def told(**variables: str) -> tuple[list[str], list[str]]:
        database = read(**variables)["services"]["timescaledb"]
        options = [one for one in database["command"] if re.match(r"--archive_(mode|timeout)", one)]
        return options, [one for one in database["volumes"] if one.endswith(":/archive")]

    assert told() == (["--archive_mode=off", "--archive_timeout=0"], ["archive:/archive"])
    asked = {"MODE": "on", "TIMEOUT": "60s", "FOLDER": "/mnt/archive"}
    assert told(**{f"STADTTAKT_ARCHIVE_{name}": value for name, value in asked.items()}) == (
        ["--archive_mode=on", "--archive_timeout=60s"],
        ["/mnt/archive:/archive"],
    )
