# SPDX-License-Identifier: EUPL-1.2
"""TLS in the chart: where the broker listens, whom it lets in from outside, and whose word clients take."""

from typing import Any

import pytest
import yaml

from helm.test_chart import container, of_kind
from support.helm import CHART, helm, rendered

CLIENTS = ("Deployment", "StatefulSet", "Job")


def listeners(values: str) -> str:
    told: str = of_kind(rendered(values), "ConfigMap")["mosquitto"]["data"]["listeners.conf"]
    return told


def mounted(workload: dict[str, Any]) -> dict[str, str]:
    """Return the secret behind each path of a workload."""
    volumes = {one["name"]: one for one in workload["spec"]["template"]["spec"]["volumes"]}
    return {
        one["mountPath"]: volumes[one["name"]]["secret"]["secretName"]
        for one in container(workload)["volumeMounts"]
        if "secret" in volumes.get(one["name"], {})
    }


def test_broker_listens_with_tls_alone_where_the_values_say_so() -> None:
    assert "listener 8883" in listeners("production.yaml")
    assert "1883" not in listeners("production.yaml")
    assert listeners("small.yaml").split() == ["listener", "1883"]


def test_every_file_that_the_broker_is_told_of_is_mounted() -> None:
    broker = of_kind(rendered("production.yaml"), "StatefulSet")["mosquitto"]
    paths = {one["mountPath"] for one in container(broker)["volumeMounts"]}
    configuration = of_kind(rendered("production.yaml"), "ConfigMap")["mosquitto"]["data"]
    named = [
        word
        for text in configuration.values()
        for word in (*text.split(), *container(broker)["command"])
        if word.startswith("/mosquitto/")
    ]
    assert len(named) > 5
    assert [one for one in named if not any(one.startswith(path) for path in paths)] == []
    assert mounted(broker)["/mosquitto/tls"] == "broker-tls"


def test_a_way_in_from_outside_has_tls_and_the_networks_that_are_named() -> None:
    outside = of_kind(rendered("production.yaml"), "Service")["mosquitto-outside"]["spec"]
    assert (outside["type"], outside["externalTrafficPolicy"]) == ("LoadBalancer", "Local")
    assert [one["port"] for one in outside["ports"]] == [8883]
    assert outside["loadBalancerSourceRanges"] == ["192.0.2.0/24"]
    assert "mosquitto-outside" not in of_kind(rendered("small.yaml"), "Service")


@pytest.mark.parametrize(
    ("values", "database", "broker"),
    [("production.yaml", "timescaledb-ca", "broker-tls"), ("small.yaml", None, None)],
)
def test_clients_trust_the_authorities_that_are_given(
    values: str, database: str | None, broker: str | None
) -> None:
    workloads = of_kind(rendered(values), *CLIENTS)
    del workloads["mosquitto"], workloads["proxy"]
    assert {"prepare", "uplink-decoder", "measure-registry"} < set(workloads)
    for workload in workloads.values():
        env = {one["name"]: one.get("value") for one in container(workload)["env"]}
        secrets = mounted(workload)
        assert env.get("PGSSLMODE") == ("verify-full" if database else None)
        for variable, secret in (("PGSSLROOTCERT", database), ("STADTTAKT_MQTT_CA_FILE", broker)):
            folder = (env.get(variable) or "").removesuffix("/ca.crt")
            assert secrets.get(folder) == secret


def test_bundled_database_lets_nobody_in_without_tls() -> None:
    (cluster,) = of_kind(rendered("production.yaml"), "Cluster").values()
    # the operator's own: hostssl for replicas before it, `host all all all` behind it
    assert cluster["spec"]["postgresql"]["pg_hba"] == ["hostnossl all all all reject"]


@pytest.mark.parametrize(
    ("mode", "checked"), [(None, True), ("verify-ca", True), ("require", False), ("disable", False)]
)
def test_grafana_checks_the_databases_certificate_unless_told_otherwise(
    mode: str | None, *, checked: bool
) -> None:
    given = "monitoring.dashboards=true" + (f",monitoring.databaseTls={mode}" if mode else "")
    told = helm("template", "takt", str(CHART), "--set", given)
    maps = of_kind([one for one in yaml.safe_load_all(told.stdout) if one], "ConfigMap")
    provisioned = yaml.safe_load(maps["stadttakt-datasource"]["data"]["stadttakt.yaml"])
    (source,) = provisioned["datasources"]
    assert source["jsonData"]["sslmode"] == (mode or "verify-full")
    method = source["jsonData"].get("tlsConfigurationMethod")
    assert method == ("file-content" if checked else None)
    authority = source["secureJsonData"].get("tlsCACert")
    assert authority == ("$GRAFANA_DATABASE_CA" if checked else None)


def test_addresses_with_tls_are_watched_where_an_exporter_is_named() -> None:
    (probe,) = of_kind(rendered("production.yaml"), "Probe").values()
    shipped = yaml.safe_load((CHART.parents[1] / "deploy/prometheus/blackbox.yml").read_text())
    assert probe["spec"]["module"] in shipped["modules"]
    assert probe["spec"]["targets"]["staticConfig"]["static"] == [
        *("takt.example:443", "proxy.default:443", "mosquitto.default:8883"),
        "timescaledb-rw.default:5432",
    ]
    assert of_kind(rendered("small.yaml"), "Probe") == {}
