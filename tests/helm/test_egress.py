# SPDX-License-Identifier: EUPL-1.2
"""Where pods may send: each to what it needs, and nowhere else."""

import json
from typing import Any

import pytest
import yaml

from helm.test_chart import PORTS, VALUES, WORKLOADS, of_kind
from support.helm import CHART, helm, rendered

Rules = list[dict[str, Any]]
DATABASE = {"podSelector": {"matchLabels": {"cnpg.io/cluster": "timescaledb"}}}


def selects(policy: dict[str, Any], labels: dict[str, str]) -> bool:
    """Tell whether a policy is about pods with these labels (Kubernetes, LabelSelector)."""
    selector = policy["spec"]["podSelector"]
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    among = (
        one["operator"] == "In" and labels.get(one["key"]) in one["values"]
        for one in selector.get("matchExpressions", ())
    )
    return wanted and all(among)


def ways_of(name: str, *values: str) -> Rules:
    """Return where pods of a workload may send; at least one policy must deny them the rest."""
    manifests = rendered(*values)
    labels = of_kind(manifests, *WORKLOADS)[name]["spec"]["template"]["metadata"]["labels"]
    policies = [
        one
        for one in of_kind(manifests, "NetworkPolicy").values()
        if "Egress" in one["spec"]["policyTypes"] and selects(one, labels)
    ]
    assert policies, name
    return [rule for one in policies for rule in one["spec"]["egress"]]


def ports(rules: Rules) -> set[int]:
    return {port["port"] for rule in rules for port in rule["ports"]}


def addresses(rules: Rules) -> set[str]:
    blocks = (peer.get("ipBlock") for rule in rules for peer in rule.get("to", ()))
    return {block["cidr"] for block in blocks if block} - {"169.254.20.10/32"}


@pytest.mark.parametrize("values", [one for one in VALUES if one != "small.yaml"])
def test_no_pod_may_send_wherever_it_likes(values: str) -> None:
    for name in of_kind(rendered(values), *WORKLOADS):
        rules = ways_of(name, values)
        assert all(rule.get("ports") for rule in rules), name
        assert "0.0.0.0/0" not in str(rules)


def test_service_reaches_names_database_and_broker() -> None:
    for name in PORTS:
        rules = ways_of(name, "production.yaml")
        assert {53, 5432, 8883} <= ports(rules)
        assert any(DATABASE in rule.get("to", ()) and {"port": 5432} in rule["ports"] for rule in rules)  # fmt: skip


def test_each_service_reaches_outside_what_it_alone_needs() -> None:
    login = "192.0.2.10/32"
    more = {
        "measure-registry": "192.0.2.25/32",
        "open-data-publisher": "198.51.100.0/24",
        "uplink-decoder": "203.0.113.7/32",
    }
    for name in PORTS:
        own = {more[name]} if name in more else set()
        assert addresses(ways_of(name, "production.yaml")) == {login, *own}, name


def test_publisher_alone_asks_the_other_services() -> None:
    asks = {name for name in PORTS if ports(ways_of(name, "production.yaml")) & set(PORTS.values())}
    assert asks == {"open-data-publisher"}
    asked = set(PORTS.values()) - {PORTS["open-data-publisher"]}
    assert asked < ports(ways_of("open-data-publisher", "production.yaml"))


def test_broker_sends_to_nobody_and_prepare_to_the_database_alone() -> None:
    assert ports(ways_of("mosquitto", "production.yaml")) == {53}
    assert ports(ways_of("prepare", "production.yaml")) == {53, 5432}
    assert ports(ways_of("prepare", "external.yaml")) == {53, 6432}


def test_replica_that_leaves_reaches_what_its_service_reaches() -> None:
    leaving = ways_of("uplink-decoder-leaving-2", "shrunk.yaml")
    assert leaving == ways_of("uplink-decoder", "shrunk.yaml")


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("oidc.issuer=https://login.example", "egress.login"),
        ("mail.smtp=true,ideasUrl=https://a.example/ideen", "egress.mail"),
        ("tracing.endpoint=http://collector:4318", "egress.tracing"),
        ("deliveries.secretName=deliveries", "egress.deliveries"),
    ],
)
def test_what_would_be_shut_out_is_refused_by_the_chart(given: str, missing: str) -> None:
    told = helm("template", "takt", str(CHART), "--set", given)
    assert (told.returncode, f"needs networkPolicies.{missing}" in told.stderr) == (1, True)
    told = helm(
        "template", "takt", str(CHART), "--set", f"{given},networkPolicies.egress.enabled=false"
    )
    assert told.returncode == 0, told.stderr
    assert "Egress" not in told.stdout


def test_a_cluster_whose_server_of_names_is_elsewhere_says_where() -> None:
    openshift = "[{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: openshift-dns}}}], ports: [{port: 5353, protocol: UDP}, {port: 5353, protocol: TCP}]}]"  # fmt: skip
    names = yaml.safe_load(openshift)
    told = helm("template", "x", str(CHART), "--set-json", f"networkPolicies.egress.names={json.dumps(names)}")  # fmt: skip
    policies = of_kind([one for one in yaml.safe_load_all(told.stdout) if one], "NetworkPolicy")
    assert policies["egress"]["spec"]["egress"] == names
