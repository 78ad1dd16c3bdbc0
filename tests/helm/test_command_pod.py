# SPDX-License-Identifier: EUPL-1.2
"""The pod in which an operator types `stadttakt …`: there on wish, with what `prepare` has and no more."""

from typing import Any

import pytest
import yaml

from helm.test_chart import container, of_kind
from support.helm import CHART, helm, rendered, schema_faults


def template(*values: str) -> list[dict[str, Any]]:
    files = [part for name in values for part in ("--values", str(CHART / "ci" / name))]
    told = helm("template", "takt", str(CHART), *files, "--set", "commandPod=true")
    assert told.returncode == 0, told.stderr
    return [one for one in yaml.safe_load_all(told.stdout) if one]


def secrets_of(pod: dict[str, Any]) -> list[dict[str, str]]:
    (volume,) = (one for one in pod["volumes"] if one["name"] == "secrets")
    items: list[dict[str, str]] = volume["secret"]["items"]
    return items


@pytest.mark.parametrize("values", ["production.yaml", "external.yaml"])
def test_pod_for_commands_has_what_prepare_has(values: str) -> None:
    manifests = template(values)
    pod = of_kind(manifests, "Pod")["stadttakt"]
    assert not schema_faults(pod)
    job = of_kind(manifests, "Job")["prepare"]
    prepare, own = container(job), pod["spec"]["containers"][0]
    assert secrets_of(pod["spec"]) == secrets_of(job["spec"]["template"]["spec"])
    assert own["image"] == prepare["image"]
    assert own["securityContext"] == prepare["securityContext"]
    assert pod["spec"]["securityContext"] == job["spec"]["template"]["spec"]["securityContext"]
    assert [one for one in prepare["env"] if one not in own["env"]] == []
    assert [one for one in prepare["volumeMounts"] if one not in own["volumeMounts"]] == []
    decoder = of_kind(manifests, "Service")["uplink-decoder"]["spec"]["ports"][0]["port"]
    env = {one["name"]: one["value"] for one in own["env"]}
    assert env["STADTTAKT_UPLINK_URL"] == f"http://uplink-decoder:{decoder}"


def test_pod_for_commands_reaches_database_and_decoder() -> None:
    manifests = template("production.yaml")
    policies = of_kind(manifests, "NetworkPolicy")
    labels = of_kind(manifests, "Pod")["stadttakt"]["metadata"]["labels"].items()
    assert policies["commands-egress"]["spec"]["podSelector"]["matchLabels"].items() <= labels
    ways = str(policies["commands-egress"]["spec"]["egress"])
    assert "cnpg.io/cluster" in ways
    assert "uplink-decoder" in ways
    lets_in = policies["uplink-decoder"]["spec"]["ingress"][0]["from"]
    assert any(
        one["podSelector"]["matchLabels"].items() <= labels
        for one in lets_in
        if "podSelector" in one
    )


def test_without_the_wish_nobody_but_prepare_has_the_owners_address() -> None:
    assert of_kind(rendered("production.yaml"), "Pod") == {}


def test_pod_that_is_deleted_leaves_nothing_behind() -> None:
    page = ("--show-only", "templates/command-pod.yaml", "--set", "commandPod=true")
    values = ("--values", str(CHART / "ci/production.yaml"))
    told = helm("template", "takt", str(CHART), *values, *page)
    (only,) = (one for one in yaml.safe_load_all(told.stdout) if one)
    assert (only["kind"], only["metadata"]["name"]) == ("Pod", "stadttakt")
