# SPDX-License-Identifier: EUPL-1.2
"""The chart's proxy: compose's own, run in a real nginx as it is rendered; what leads to it, and whom it lets in."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from helm.test_chart import PROJECT, container, of_kind
from helm.test_egress import ports, selects, ways_of
from proxy.echo import echoing
from proxy.running import RunningProxy, hosts, running_proxy
from support.authority import Authority
from support.helm import CHART, helm, rendered

VISITOR = "203.0.113.9"
FORWARDED = {"x-forwarded-for": f"198.51.100.1, {VISITOR}", "x-client-cert": "forged"}


def template(*values: str) -> list[dict[str, Any]]:
    options = [part for one in values for part in ("--set", one)]
    told = helm("template", "takt", str(CHART), *options)
    assert told.returncode == 0, told.stderr
    return [one for one in yaml.safe_load_all(told.stdout) if one]


def files_of(manifests: list[dict[str, Any]]) -> dict[str, str]:
    """Return what the pod finds below the folder that it starts from, by where it lies there."""
    deployment = of_kind(manifests, "Deployment")["proxy"]
    volumes = {one["name"]: one for one in deployment["spec"]["template"]["spec"]["volumes"]}
    data = of_kind(manifests, "ConfigMap")["proxy"]["data"]
    items = volumes["configuration"]["configMap"]["items"]
    return {one["path"]: data[one["key"]] for one in items}


@pytest.fixture(scope="module")
def services() -> Iterator[dict[str, int]]:
    with echoing() as found:
        yield found


@pytest.fixture(scope="module")
def running(
    services: dict[str, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningProxy]:
    manifests = template("proxy.trusted={127.0.0.0/8}", "proxy.tls.secretName=own")
    with running_proxy(services, tmp_path_factory.mktemp("proxy"), files_of(manifests)) as proxy:
        yield proxy


@pytest.mark.parametrize(
    ("asked", "service", "passed_on"),
    [
        ("/", "opendata", "/"),
        ("/api/parking/v1/signs/a%2Fb?limit=2", "parking", "/v1/signs/a%2Fb?limit=2"),
        ("/api/uplink/v1/devices", "uplink", "/v1/devices"),
        ("/leitstelle", "transit", "/leitstelle"),
        ("/kpi/", "kpi", "/"),
        ("/ideen/massnahmen", "registry", "/massnahmen"),
    ],
)
def test_behind_an_ingress_each_service_is_asked_for_the_visitor(
    running: RunningProxy, services: dict[str, int], asked: str, service: str, passed_on: str
) -> None:
    answer = httpx.get(f"http://127.0.0.1:{running.plain_port}{asked}", headers=FORWARDED)
    path, headers = answer.text.splitlines()
    assert (answer.headers["x-service"], path) == (str(services[service]), passed_on)
    told = literal_eval(headers)
    assert (told["x-forwarded-for"], told["x-forwarded-proto"]) == (VISITOR, "https")
    assert told["x-client-cert"] is None


@pytest.mark.parametrize("path", ["/metrics", "/api/parking/metrics", "/kpi/ready"])
def test_behind_an_ingress_nobody_sees_what_the_platform_alone_may(
    running: RunningProxy, path: str
) -> None:
    assert httpx.get(f"http://127.0.0.1:{running.plain_port}{path}").status_code == 404


def test_limits_count_visitors_and_not_the_controller(
    services: dict[str, int], tmp_path: Path
) -> None:
    files = files_of(template("proxy.trusted={127.0.0.0/8}"))
    tls = template("proxy.tls.secretName=own")
    # to tell when nginx is there, the tests ask by TLS
    files["place/tls.conf"] = files_of(tls)["place/tls.conf"]
    with running_proxy(services, tmp_path, files) as proxy:
        address = f"http://127.0.0.1:{proxy.plain_port}/"

        def asks(visitor: str) -> set[int]:
            with httpx.Client(headers={"x-forwarded-for": visitor}) as client:
                return {client.get(address).status_code for _ in range(230)}

        assert asks(VISITOR) == {200, 429}
        assert httpx.get(address, headers={"x-forwarded-for": "203.0.113.10"}).status_code == 200


def test_who_comes_by_tls_of_the_proxys_own_is_whom_it_sees(running: RunningProxy) -> None:
    trusted = running.trusting(running.authority)
    address = f"https://127.0.0.1:{running.port}/"
    told = literal_eval(httpx.get(address, headers=FORWARDED, verify=trusted).text.splitlines()[1])
    assert told["x-forwarded-for"] == "127.0.0.1"
    trusted.load_cert_chain(*certificate(running.folder))
    address = f"https://127.0.0.1:{running.pull_port}/pull/siri-vm"
    told = literal_eval(httpx.get(address, headers=FORWARDED, verify=trusted).text.splitlines()[1])
    assert told["x-client-cert"].startswith("-----BEGIN")


def certificate(folder: Path) -> list[Path]:
    files = [folder / "client.pem", folder / "client.key"]
    for file, content in zip(files, Authority("platforms").issue("platform"), strict=True):
        file.write_bytes(content)
    return files


def test_who_is_not_trusted_tells_of_no_other_visitor(
    services: dict[str, int], tmp_path: Path
) -> None:
    manifests = template("proxy.trusted={192.0.2.0/24}", "proxy.tls.secretName=own")
    with running_proxy(services, tmp_path, files_of(manifests)) as proxy:
        answer = httpx.get(f"http://127.0.0.1:{proxy.plain_port}/", headers=FORWARDED)
    assert literal_eval(answer.text.splitlines()[1])["x-forwarded-for"] == "127.0.0.1"


def test_proxy_is_the_one_of_compose_and_knows_every_service() -> None:
    files = files_of(list(rendered("production.yaml")))
    for name in ("nginx.conf", "served.conf", "run.sh", "place/tls.conf"):
        assert files[name].rstrip() == (PROJECT / "deploy/proxy" / name).read_text().rstrip()
    for name, host in hosts().items():
        service = of_kind(rendered("production.yaml"), "Service")[host]["spec"]["ports"][0]
        upstream = f"upstream {name} {{ server {host}:{service['port']}; }}"
        assert upstream in files["place/services.conf"].splitlines()
    pod = container(of_kind(rendered("production.yaml"), "Deployment")["proxy"])
    compose = yaml.safe_load((PROJECT / "deploy/compose.yaml").read_text())["services"]["proxy"]
    assert (pod["image"], pod["command"]) == (compose["image"], compose["command"])
    mounts = {one["mountPath"] for one in pod["volumeMounts"]}
    assert {"/etc/stadttakt", "/tls", "/tmp"} == mounts
    assert "place/tls.conf" not in files_of(list(rendered("small.yaml")))


def test_an_ingress_of_any_class_is_one_path_to_the_proxy() -> None:
    (ingress,) = of_kind(rendered("production.yaml"), "Ingress").values()
    (rule,) = ingress["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert (ingress["spec"]["ingressClassName"], rule["host"]) == ("traefik", "takt.example")
    assert (path["path"], path["pathType"]) == ("/", "Prefix")
    target = path["backend"]["service"]
    service = of_kind(rendered("production.yaml"), "Service")[target["name"]]["spec"]
    (port,) = (one for one in service["ports"] if one["name"] == target["port"]["name"])
    pod = container(of_kind(rendered("production.yaml"), "Deployment")["proxy"])
    at = {one["name"]: one["containerPort"] for one in pod["ports"]}
    files = files_of(list(rendered("production.yaml")))
    assert f"listen {at[port['targetPort']]};" in files["place/plain.conf"]
    for one in of_kind(rendered("production.yaml"), "Service")["proxy-outside"]["spec"]["ports"]:
        assert f"listen {at[one['targetPort']]}" in files["place/tls.conf"]
    set_of = "ingress.enabled=true,networkPolicies.ingressNamespace=x"
    (own,) = of_kind(template(set_of), "Ingress").values()
    assert "ingressClassName" not in own["spec"]


def asked_by(name: str, manifests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what a pod's policies let in."""
    pods = of_kind(manifests, "Deployment", "StatefulSet")
    labels = pods[name]["spec"]["template"]["metadata"]["labels"]
    policies = of_kind(manifests, "NetworkPolicy").values()
    of_pod = [
        one for one in policies if "Ingress" in one["spec"]["policyTypes"] and selects(one, labels)
    ]
    assert of_pod
    return [rule for one in of_pod for rule in one["spec"]["ingress"] or ()]


def test_the_proxy_asks_the_services_and_whoever_comes_asks_the_proxy() -> None:
    production = list(rendered("production.yaml"))
    assert ports(ways_of("proxy", "production.yaml")) == {53, *range(8101, 8107)}
    proxy = of_kind(production, "Deployment")["proxy"]
    labels = proxy["spec"]["template"]["metadata"]["labels"]
    for name in hosts().values():
        peers = [peer for rule in asked_by(name, production) for peer in rule["from"]]
        selected = [one["podSelector"]["matchLabels"] for one in peers if "podSelector" in one]
        assert any(one.items() <= labels.items() for one in selected), name
        assert "traefik" not in str(peers)
    within = {"kubernetes.io/metadata.name": "traefik"}
    (rule,) = (rule for rule in asked_by("proxy", production) if "traefik" in str(rule))
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": within}}]
    assert {"port": "http"} in rule["ports"]
    assert {"port": "metrics"} not in rule["ports"]
    (watching,) = (rule for rule in asked_by("proxy", production) if "monitoring" in str(rule))
    assert [one["port"] for one in watching["ports"]] == ["metrics", "https"]
    (outside,) = (rule for rule in asked_by("proxy", production) if "from" not in rule)
    assert [one["port"] for one in outside["ports"]] == ["redirect", "https", "pull"]


def test_nobody_but_prometheus_reaches_a_proxy_to_which_nothing_leads() -> None:
    (rule,) = asked_by("proxy", template())
    assert rule["ports"] == [{"port": "metrics"}]
    assert "monitoring" in str(rule["from"])


def test_prometheus_asks_the_proxy_where_it_tells_of_refusals() -> None:
    production = list(rendered("production.yaml"))
    monitor = of_kind(production, "ServiceMonitor")["proxy"]["spec"]
    (endpoint,) = monitor["endpoints"]
    service = of_kind(production, "Service")["proxy"]
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    (port,) = (one for one in service["spec"]["ports"] if one["name"] == endpoint["port"])
    pod = container(of_kind(production, "Deployment")["proxy"])
    (at,) = (one["containerPort"] for one in pod["ports"] if one["name"] == port["targetPort"])
    assert f"listen {at};" in files_of(production)["nginx.conf"]
    jobs = yaml.safe_load((PROJECT / "deploy/prometheus/prometheus.yml").read_text())
    (own,) = (one for one in jobs["scrape_configs"] if one["job_name"] == "proxy")
    assert own["static_configs"] == [{"targets": [f"proxy:{at}"]}]


def test_a_proxy_of_the_data_centres_own_reaches_the_services_itself() -> None:
    manifests = template("proxy.enabled=false", "networkPolicies.ingressNamespace=gateway")
    assert not any(one["metadata"]["name"].startswith("proxy") for one in manifests)
    assert "gateway" in str(asked_by("parking-occupancy", manifests))
