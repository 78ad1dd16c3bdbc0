# SPDX-License-Identifier: EUPL-1.2
"""What pods of the chart are given: memory and cores as compose gives them, and the nodes that a data centre names."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from architecture.test_compose import SERVICES, read
from helm.test_chart import of_kind
from support.helm import CHART, helm, schema_faults

EVERYTHING = {
    "commandPod": True,
    "broker": {"storePod": True},
    "database": {"bundled": True},
    "services": {"uplink-decoder": {"leaving": [2]}},
}
COMPOSE = read()["services"]


def manifests(tmp_path: Path, **values: Any) -> list[dict[str, Any]]:
    (tmp_path / "values.json").write_text(json.dumps({**EVERYTHING, **values}))
    told = helm("template", "takt", str(CHART), "--values", str(tmp_path / "values.json"))
    assert told.returncode == 0, told.stderr
    return [one for one in yaml.safe_load_all(told.stdout) if one]


def pods(found: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, one in of_kind(found, "Deployment", "StatefulSet", "Job").items():
        assert not schema_faults(one)
        yield name, one["spec"]["template"]["spec"]
    for name, one in of_kind(found, "Pod").items():
        assert not schema_faults(one)
        yield f"pod/{name}", one["spec"]


def test_every_container_says_what_it_needs_and_takes_at_most(tmp_path: Path) -> None:
    found = manifests(tmp_path)
    given = {
        name: one["resources"] for name, pod in pods(found) for one in pod["containers"]
    }  # fmt: skip
    assert {*SERVICES, "mosquitto", "prepare", "pod/stadttakt", "pod/broker-store"} < given.keys()
    given["timescaledb"] = of_kind(found, "Cluster")["timescaledb"]["spec"]["resources"]
    for name, one in given.items():
        assert one["requests"].keys() == {"cpu", "memory"}, name
        assert "memory" in one["limits"], name


def test_memory_is_what_compose_gives_and_the_database_is_not_taken_first(tmp_path: Path) -> None:
    found = manifests(tmp_path)
    for name, pod in pods(found):
        if (limit := COMPOSE.get(name, {}).get("mem_limit")) is not None:
            (container,) = pod["containers"]
            assert container["resources"]["limits"]["memory"] == limit.replace("g", "Gi").replace(
                "m", "Mi"
            ), name
    database = of_kind(found, "Cluster")["timescaledb"]["spec"]
    memory = COMPOSE["timescaledb"]["mem_limit"].replace("g", "Gi")
    limits, requests = (database["resources"][kind] for kind in ("limits", "requests"))
    assert limits["memory"] == requests["memory"] == memory


def test_database_is_told_of_its_memory_and_what_compose_tells_it(tmp_path: Path) -> None:
    told = of_kind(manifests(tmp_path), "Cluster")["timescaledb"]["spec"]["postgresql"]
    words = COMPOSE["timescaledb"]["command"][1:]
    compose = dict(one.removeprefix("--").split("=") for one in words)
    for name in ("max_connections", "timescaledb.telemetry_level"):
        assert told["parameters"][name] == compose[name]
    memory_gb = int(COMPOSE["timescaledb"]["mem_limit"].removesuffix("g"))
    assert told["parameters"]["shared_buffers"] == f"{memory_gb // 4}GB"
    assert told["parameters"]["effective_cache_size"] == f"{memory_gb * 3 // 4}GB"
    values = {"bundled": True, "parameters": {"shared_buffers": "4GB", "work_mem": "16MB"}}
    own = of_kind(manifests(tmp_path, database=values), "Cluster")["timescaledb"]["spec"]
    parameters = own["postgresql"]["parameters"]
    assert (parameters["shared_buffers"], parameters["work_mem"]) == ("4GB", "16MB")
    assert parameters["max_connections"] == "200"


def test_nodes_and_priority_that_the_values_name_hold_for_every_pod(tmp_path: Path) -> None:
    toleration = {"key": "city", "operator": "Exists"}
    selector = {"disk": "fast"}
    scheduling = {"priorityClassName": "city", "nodeSelector": selector, "tolerations": [toleration]}  # fmt: skip
    found = manifests(tmp_path, scheduling=scheduling)
    cluster = of_kind(found, "Cluster")["timescaledb"]["spec"]
    everywhere = [*pods(found), ("timescaledb", {**cluster, **cluster["affinity"]})]
    for name, pod in everywhere:
        assert pod["priorityClassName"] == "city", name
        assert pod["nodeSelector"] == selector, name
        assert toleration in pod["tolerations"], name
    parking = dict(everywhere)["parking-occupancy"]
    assert len(parking["tolerations"]) == 3


def test_every_image_is_pulled_with_the_secrets_that_the_values_name(tmp_path: Path) -> None:
    for given, wanted in ((["own", "hub"], [{"name": "own"}, {"name": "hub"}]), ([], None)):
        found = manifests(tmp_path, image={"pullSecrets": given})
        cluster = of_kind(found, "Cluster")["timescaledb"]["spec"]
        everywhere = dict([*pods(found), ("timescaledb", cluster)])
        assert {"mosquitto", "proxy", "prepare", "pod/broker-store"} < everywhere.keys()
        told = {name: pod.get("imagePullSecrets") for name, pod in everywhere.items()}
        assert told == dict.fromkeys(everywhere, wanted)
