# SPDX-License-Identifier: EUPL-1.2
"""The chart: valid for helm and Kubernetes, and understood by every service."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from architecture.test_settings import SERVICES as SETTINGS
from stadttakt_local.images.build import IMAGES
from stadttakt_runtime.cli import build
from stadttakt_runtime.mqtt import MqttOptions
from support.documents import blocks
from support.helm import CHART, FOREIGN, helm, rendered, schema_faults

PROJECT = CHART.parents[1]
VALUES = sorted(path.name for path in (CHART / "ci").glob("*.yaml"))
PORTS = {name: port for name, port in IMAGES.items() if name != "all"}
each_set = pytest.mark.parametrize("values", VALUES)
WORKLOADS = {"Deployment", "StatefulSet", "Job"}
SECRETS = "/run/secrets/stadttakt"
READ_BY_LIBRARIES = {
    *("STADTTAKT_SECRET_FILES", "FORWARDED_ALLOW_IPS", "PGSSLMODE", "PGSSLROOTCERT"),
}


def of_kind(manifests: Sequence[dict[str, Any]], *kinds: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in manifests if one["kind"] in kinds}


GIVEN = {"oidc-client-secret": "s3cret", "smtp-url": "smtps://stadttakt:pw@mail.example:465"}


def container(workload: dict[str, Any]) -> dict[str, Any]:
    (only,) = workload["spec"]["template"]["spec"]["containers"]
    result: dict[str, Any] = only
    return result


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the cluster's secret is made of."""
    folder = tmp_path_factory.mktemp("setup")
    halle = str(PROJECT / "deploy/cities/halle")
    arguments = ["setup", halle, "--into", str(folder), "--broker", "mqtt://mosquitto:1883"]
    database = ["--database", "postgresql://stadttakt@timescaledb-rw:5432/stadttakt"]
    assert CliRunner().invoke(build(), [*arguments, *database]).exit_code == 0
    key = str(folder / "secrets/registry-contact-key")
    assert CliRunner().invoke(build(), ["registry", "new-key", key]).exit_code == 0
    return folder


@each_set
def test_helm_finds_nothing_to_complain_about(values: str) -> None:
    told = helm("lint", "--strict", str(CHART), "--values", str(CHART / "ci" / values))
    assert told.returncode == 0, told.stdout + told.stderr


@each_set
def test_every_manifest_is_valid_by_kubernetes_own_schemas(values: str) -> None:
    manifests = rendered(values)
    own = [one for one in manifests if one["apiVersion"] not in FOREIGN]
    assert len(own) > 10
    for manifest in own:
        assert not schema_faults(manifest), (manifest["kind"], manifest["metadata"]["name"])


def test_the_check_would_find_an_unknown_key() -> None:
    service = next(one for one in rendered() if one["kind"] == "Service")
    assert schema_faults({**service, "spec": {**service["spec"], "portz": []}})


@each_set
@pytest.mark.parametrize("name", PORTS)
def test_service_understands_what_it_is_given(
    values: str, name: str, setup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workload = of_kind(rendered(values), "Deployment", "StatefulSet")[name]
    model = SETTINGS[name]
    known = {
        f"{prefix}{field}".upper()
        for prefix in ("STADTTAKT_", str(model.model_config.get("env_prefix")))
        for field in model.model_fields
    }
    for variable in container(workload)["env"]:
        assert variable["name"] in known | READ_BY_LIBRARIES
        monkeypatch.setenv(variable["name"], variable.get("value", "3"))
    volumes = {one["name"]: one for one in workload["spec"]["template"]["spec"]["volumes"]}
    for item in volumes["secrets"]["secret"]["items"]:
        made = setup / "secrets" / item["key"]
        # what others give the city is empty after setup
        text = made.read_text() if made.exists() else ""
        (tmp_path / item["path"]).write_text(text or GIVEN[item["key"]])
    monkeypatch.setenv("STADTTAKT_SECRET_FILES", str(tmp_path))
    settings = model()
    mqtt = MqttOptions.from_settings(settings, client_id="c")
    assert (mqtt.host, mqtt.username) == ("mosquitto", name)
    schema = str(model.model_config.get("env_prefix")).split("_")[1].lower()
    password = (setup / f"secrets/database-password.{schema}").read_text()
    own = f"postgresql://{schema}_login:{password}@timescaledb-rw:5432/stadttakt"
    assert settings.database_url.get_secret_value() == own
    assert settings.http_port == PORTS[name] == container(workload)["ports"][0]["containerPort"]
    assert settings.http_host == "0.0.0.0"
    if workload["kind"] == "StatefulSet":
        assert settings.instance == "3"
    if values == "production.yaml":
        understood_in_production(name, settings)


def understood_in_production(name: str, settings: Any) -> None:
    assert settings.oidc_scope_claim == "realm_access.roles"
    if name in {"kpi-aggregator", "measure-registry", "vehicle-occupancy"}:
        assert settings.oidc_client_secret.get_secret_value() == "s3cret"
        assert settings.oidc_roles == {"Stadtplanung": {"registry:rate"}}
    else:
        assert settings.oidc_client_secret is None
    if name == "open-data-publisher":
        assert settings.ideas_url == "https://takt.example/ideen"
        assert settings.public_url == "https://takt.example"
    if name == "kpi-aggregator":
        assert settings.pseudonym_secret is not None
    if name == "vehicle-occupancy":
        assert settings.public_url == "https://takt.example"
    if name == "measure-registry":
        assert settings.public_url == "https://takt.example/ideen"
        assert settings.mail_from == "Ideen <ideen@stadt.example>"
        assert settings.smtp_url.get_secret_value() == GIVEN["smtp-url"]


def test_mails_without_an_address_of_the_pages_are_refused_by_the_chart() -> None:
    alone = "mail.smtp=true,networkPolicies.egress.enabled=false"
    told = helm("template", "takt", str(CHART), "--set", alone)
    assert told.returncode != 0
    assert "mail.smtp needs ideasUrl or an ingress" in told.stderr


@pytest.mark.parametrize("name", ["measure-registry", "vehicle-occupancy"])
def test_who_limits_by_address_takes_it_from_whom_the_chart_trusts(name: str) -> None:
    service = of_kind(rendered("small.yaml"), "Deployment")[name]
    env = {one["name"]: one.get("value") for one in container(service)["env"]}
    assert env["FORWARDED_ALLOW_IPS"] == "*"


WAYS_IN = [
    block.text
    for block in blocks()
    if block.document == "docs/how-to/install-kubernetes.md"
    if block.language == "yaml" and "takt.example" in block.text
]


@pytest.mark.parametrize("shown", WAYS_IN)
def test_pages_are_told_where_each_way_in_of_the_guide_leads_to_them(shown: str) -> None:
    values = [f"--set-json={name}={json.dumps(one)}" for name, one in yaml.safe_load(shown).items()]
    told = helm("template", "takt", str(CHART), *values)
    assert told.returncode == 0, told.stderr
    manifests = [one for one in yaml.safe_load_all(told.stdout) if one]
    assert len(of_kind(manifests, "Ingress")) == shown.count("ingress: ")
    services = of_kind(manifests, "Deployment")
    addresses = {
        one["name"].removeprefix("STADTTAKT_"): one["value"]
        for service in services.values()
        for one in container(service).get("env", ())
        if one["name"].endswith(("PUBLIC_URL", "PORTAL_URL", "IDEAS_URL"))
    }
    portal = "https://takt.example"
    assert addresses == {
        **dict.fromkeys(("OPENDATA_PUBLIC_URL", "TRANSIT_PUBLIC_URL"), portal),
        **dict.fromkeys(("KPI_PORTAL_URL", "REGISTRY_PORTAL_URL"), portal),
        **dict.fromkeys(("OPENDATA_IDEAS_URL", "REGISTRY_PUBLIC_URL"), f"{portal}/ideen"),
        "KPI_PUBLIC_URL": f"{portal}/kpi",
    }
    lets_in = of_kind(manifests, "NetworkPolicy")["proxy"]["spec"]["ingress"]
    assert lets_in


def test_the_guide_shows_three_ways_in() -> None:
    assert len(WAYS_IN) == 3


def test_decoders_share_the_work_under_names_that_stay() -> None:
    decoder = of_kind(rendered("production.yaml"), "StatefulSet")["uplink-decoder"]
    env = {one["name"]: one for one in container(decoder)["env"]}
    assert decoder["spec"]["replicas"] == 4
    assert env["STADTTAKT_UPLINK_SHARED_SUBSCRIPTION"]["value"] == "decoders"
    path = env["STADTTAKT_INSTANCE"]["valueFrom"]["fieldRef"]["fieldPath"]
    assert path == "metadata.labels['apps.kubernetes.io/pod-index']"
    single = of_kind(rendered("small.yaml"), "StatefulSet")["uplink-decoder"]
    assert "STADTTAKT_UPLINK_SHARED_SUBSCRIPTION" not in str(container(single)["env"])


def test_replica_that_was_taken_away_is_drained_before_its_session_ends() -> None:
    manifests = rendered("shrunk.yaml")
    decoder = of_kind(manifests, "StatefulSet")["uplink-decoder"]
    grace = decoder["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    for number in ("2", "3"):
        job = of_kind(manifests, "Job")[f"uplink-decoder-leaving-{number}"]
        assert job["metadata"]["annotations"]["helm.sh/hook"] == "post-upgrade"
        given = {one["name"]: one["value"] for one in container(job)["env"]}
        assert given["STADTTAKT_INSTANCE"] == number
        assert given["STADTTAKT_UPLINK_LEAVE"] == "true"
        own = {one["name"]: one.get("value") for one in container(decoder)["env"]}
        shared = "STADTTAKT_UPLINK_SHARED_SUBSCRIPTION"
        assert given[shared] == own[shared]
        waits = re.search(r"sleep (\d+)", container(job)["command"][-1])
        assert waits is not None
        assert int(waits[1]) > grace
    assert not any("leaving" in name for name in of_kind(rendered("production.yaml"), "Job"))


@each_set
def test_nothing_runs_as_root_or_writes_its_root(values: str) -> None:
    for workload in of_kind(rendered(values), *WORKLOADS).values():
        pod = workload["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert not pod["automountServiceAccountToken"]
        context = container(workload)["securityContext"]
        assert context["readOnlyRootFilesystem"]
        assert context["capabilities"] == {"drop": ["ALL"]}


@each_set
def test_what_selects_pods_finds_them(values: str) -> None:
    manifests = rendered(values)
    pods = [
        one["spec"]["template"]["metadata"]["labels"]
        for one in of_kind(manifests, *WORKLOADS).values()
    ]
    for one in of_kind(manifests, "Service").values():
        assert any(one["spec"]["selector"].items() <= labels.items() for labels in pods)
    for one in of_kind(manifests, "PodDisruptionBudget").values():
        wanted = one["spec"]["selector"]["matchLabels"].items()
        assert any(wanted <= labels.items() for labels in pods)


def test_publisher_finds_what_it_delivers_with() -> None:
    publisher = of_kind(rendered("production.yaml"), "Deployment")["open-data-publisher"]
    env = {one["name"]: one.get("value") for one in container(publisher)["env"]}
    mounts = {one["name"]: one["mountPath"] for one in container(publisher)["volumeMounts"]}
    assert env["STADTTAKT_OPENDATA_SECRETS"] == mounts["deliveries"]
    volumes = {one["name"]: one for one in publisher["spec"]["template"]["spec"]["volumes"]}
    assert volumes["deliveries"]["secret"]["secretName"] == "stadttakt-deliveries"
    for name in ("small.yaml", "external.yaml"):
        assert "deliveries" not in str(of_kind(rendered(name), "Deployment"))
    others = [
        one
        for name, one in of_kind(rendered("production.yaml"), *WORKLOADS).items()
        if name != "open-data-publisher"
    ]
    assert "deliveries" not in str(others)


def test_only_services_and_named_namespaces_reach_the_bundled_broker() -> None:
    policy = of_kind(rendered("production.yaml"), "NetworkPolicy")["mosquitto"]
    rule, outside = policy["spec"]["ingress"]
    assert outside == {
        "ports": [{"port": "mqtts"}],
        "from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}],
    }
    assert rule["ports"] == [{"port": "mqtts"}]
    release, namespace, _ = rule["from"]
    assert namespace["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "chirpstack"
    }
    wanted = release["podSelector"]["matchLabels"].items()
    for name in PORTS:
        workload = of_kind(rendered("production.yaml"), "Deployment", "StatefulSet")[name]
        assert wanted <= workload["spec"]["template"]["metadata"]["labels"].items()
    assert "mosquitto" not in of_kind(rendered("small.yaml"), "NetworkPolicy")


def test_only_services_grafana_and_the_operator_reach_the_bundled_database() -> None:
    manifests = rendered("production.yaml")
    policy = of_kind(manifests, "NetworkPolicy")["timescaledb"]
    cluster = of_kind(manifests, "Cluster")["timescaledb"]["metadata"]["name"]
    assert policy["spec"]["podSelector"]["matchLabels"] == {"cnpg.io/cluster": cluster}
    reached = {
        (str(one), port["port"])
        for rule in policy["spec"]["ingress"]
        for one in rule["from"]
        for port in rule["ports"]
    }
    assert ("{'podSelector': {'matchLabels': {'stadttakt/release': 'takt'}}}", 5432) in reached
    assert all("stadttakt/release" not in one or port == 5432 for one, port in reached)
    assert any("cnpg-system" in one and port == 8000 for one, port in reached)
    assert "timescaledb" not in of_kind(rendered("external.yaml"), "NetworkPolicy")


def test_external_broker_is_not_bundled() -> None:
    assert "mosquitto" in of_kind(rendered("small.yaml"), "StatefulSet")
    manifests = rendered("external.yaml")
    assert not any(one["metadata"]["name"] == "mosquitto" for one in manifests)


def test_disruptions_leave_an_instance_where_all_are_ready() -> None:
    budgets = of_kind(rendered("production.yaml"), "PodDisruptionBudget")
    assert set(budgets) == {"uplink-decoder", "proxy"}
    assert all(one["spec"]["maxUnavailable"] == 1 for one in budgets.values())


@each_set
def test_whoever_has_one_active_instance_runs_once_under_one_session(values: str) -> None:
    services = of_kind(rendered(values), "Deployment")
    assert set(services) == {*PORTS, "proxy"} - {"uplink-decoder"}
    del services["proxy"]
    for one in services.values():
        assert (one["spec"]["replicas"], one["spec"]["strategy"]) == (1, {"type": "Recreate"})
        assert "STADTTAKT_INSTANCE" not in str(container(one)["env"])
        tolerated = one["spec"]["template"]["spec"]["tolerations"]
        assert {each["key"].rpartition("/")[2] for each in tolerated} == {
            "not-ready", "unreachable",
        }  # fmt: skip
        assert {each["tolerationSeconds"] for each in tolerated} == {30}


def test_probes_restart_by_live_and_route_by_ready() -> None:
    for name in PORTS:
        one = container(of_kind(rendered(), "Deployment", "StatefulSet")[name])
        assert one["livenessProbe"]["httpGet"]["path"] == "/live"
        assert one["readinessProbe"]["httpGet"]["path"] == "/ready"


def test_migrations_run_before_services_of_a_new_version() -> None:
    job = of_kind(rendered(), "Job")["prepare"]
    assert "pre-upgrade" in job["metadata"]["annotations"]["helm.sh/hook"]
    steps = container(job)["command"][-1].split("; ")
    assert [step.split()[1] for step in steps] == ["migrate", "logins", "reader", "city"]
    (secrets,) = (one for one in job["spec"]["template"]["spec"]["volumes"] if "secret" in one)
    mounted = {f"{SECRETS}/{item['path']}" for item in secrets["secret"]["items"]}
    assert steps[2].split()[-1] in mounted


def test_configuration_is_the_one_of_compose() -> None:
    for name in ("mosquitto.conf", "run.sh"):
        assert (CHART / "files" / name).read_bytes() == (
            PROJECT / "deploy/mosquitto" / name
        ).read_bytes()
    rules = of_kind(rendered("production.yaml"), "PrometheusRule")["stadttakt"]
    shipped = (PROJECT / "deploy/prometheus/rules/stadttakt.yml").read_text()
    shipped = shipped.replace("{{ $externalLabels.runbooks }}", "docs/runbooks")
    assert rules["spec"] == yaml.safe_load(shipped)


def test_dashboards_are_those_of_grafana_as_code() -> None:
    maps = of_kind(rendered("production.yaml"), "ConfigMap")
    files = {path.stem: path for path in (PROJECT / "deploy/grafana/dashboards").glob("*.json")}
    shown = {name: one for name, one in maps.items() if "-dashboard-" in name}
    assert set(shown) == {f"stadttakt-dashboard-{name}" for name in files}
    for name, path in files.items():
        one = shown[f"stadttakt-dashboard-{name}"]
        assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert one["data"] == {path.name: path.read_text(encoding="utf-8")}
    source = maps["stadttakt-datasource"]
    assert source["metadata"]["labels"]["grafana_datasource"] == "1"
    (database,) = yaml.safe_load(source["data"]["stadttakt.yaml"])["datasources"]
    assert (database["uid"], database["user"]) == ("timescaledb", "grafana")
    assert not any("dashboard" in name for name in of_kind(rendered("small.yaml"), "ConfigMap"))


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"services": {"kpi-aggregator": {"replicas": 2}}}, "kpi-aggregator runs once"),
        ({"services": {"kpi-aggregator": {"replicaz": 2}}}, "replicaz"),
        (
            {"services": {"parking-occupancy": {"replicas": 2, "stateful": True}}},
            "parking-occupancy runs once",
        ),
        ({"broker": {"storage": "much"}}, "storage"),
        ({"broker": {"outside": {"type": "NodePort"}}}, "tls.secretName"),
        ({"broker": {"tls": {"only": True}}}, "tls.secretName"),
        ({"services": {"kpi-aggregator": {"env": {"PATH": "x"}}}}, "PATH"),
        ({"services": {"uplink-decoder": {"leaving": [1]}}}, "still there"),
        ({"proxy": {"pull": True}}, "tls.secretName"),
        ({"proxy": {"outside": {"type": "LoadBalancer"}}}, "tls.secretName"),
        ({"proxy": {"trusted": ["everybody"]}}, "trusted"),
        ({"ingress": {"enabled": True}}, "ingressNamespace"),
        ({"ingress": {"enabled": True}, "proxy": {"enabled": False}}, "leads to the proxy"),
    ],
)
def test_values_that_make_no_sense_are_refused(
    bad: dict[str, Any], said: str, tmp_path: Path
) -> None:
    (tmp_path / "bad.json").write_text(json.dumps(bad))
    told = helm("template", "takt", str(CHART), "--values", str(tmp_path / "bad.json"))
    assert told.returncode != 0
    assert said in told.stderr
