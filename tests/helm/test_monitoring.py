# SPDX-License-Identifier: EUPL-1.2
"""What others find of a release: Prometheus by labels, Grafana by a name that it can resolve; and what restarts the broker."""

from typing import Any

import pytest
import yaml

from helm.test_chart import of_kind
from support.helm import CHART, helm, rendered


def template(*options: str) -> list[dict[str, Any]]:
    told = helm("template", "takt", str(CHART), *options)
    assert told.returncode == 0, told.stderr
    return [one for one in yaml.safe_load_all(told.stdout) if one]


def test_prometheus_selects_by_the_labels_that_the_values_give() -> None:
    found = of_kind(rendered("production.yaml"), "ServiceMonitor", "PrometheusRule", "Probe")
    kinds = {one["kind"] for one in rendered("production.yaml")}
    assert {"ServiceMonitor", "PrometheusRule", "Probe"} <= kinds
    for one in found.values():
        assert one["metadata"]["labels"]["release"] == "kube-prometheus-stack"
        assert one["metadata"]["labels"]["app.kubernetes.io/part-of"] == "stadttakt"
    services = of_kind(rendered("production.yaml"), "Service")
    assert not any("release" in one["metadata"]["labels"] for one in services.values())


def host_of(*options: str) -> str:
    manifests = template("--set", "monitoring.dashboards=true", *options)
    source = of_kind(manifests, "ConfigMap")["stadttakt-datasource"]["data"]["stadttakt.yaml"]
    (database,) = yaml.safe_load(source)["datasources"]
    url: str = database["url"]
    return url


def test_grafana_of_another_namespace_finds_the_database() -> None:
    assert host_of("--namespace", "takt-city") == "timescaledb-rw.takt-city:5432"
    assert host_of("--set", "monitoring.databaseHost=db.example:6432") == "db.example:6432"


def test_broker_starts_anew_when_its_files_change_and_not_else() -> None:
    def checksum(*options: str) -> str:
        pod = of_kind(template(*options), "StatefulSet")["mosquitto"]["spec"]["template"]
        told: str = pod["metadata"]["annotations"]["checksum/configuration"]
        return told

    assert checksum() == checksum("--set", "image.tag=2.0", "--set", "broker.storage=30Gi")
    assert checksum() != checksum("--set", "broker.tls.secretName=broker-tls")


@pytest.mark.parametrize("base", ["docs/runbooks", "https://git.stadt.example/runbooks"])
def test_alerts_say_where_to_read_what_to_do(base: str) -> None:
    given = ("--set", "monitoring.rules=true", "--set", f"monitoring.runbooks={base}")
    told = helm("template", "takt", str(CHART), *given, "--show-only", "templates/rules.yaml")
    (rules,) = yaml.safe_load_all(told.stdout)
    alerts = [one for group in rules["spec"]["groups"] for one in group["rules"] if "alert" in one]
    addresses = {one["annotations"]["runbook_url"].rpartition("/")[0] for one in alerts}
    assert addresses == {base}
