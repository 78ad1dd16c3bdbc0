# SPDX-License-Identifier: EUPL-1.2
"""deploy/prometheus: valid, every alert tested, explained, and about metrics that somebody exports."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from architecture.test_compose import SERVICES
from support.debian_program import unpacked
from support.prometheus import prometheus_program

PROJECT = Path(__file__).parents[2]
FOLDER = PROJECT / "deploy/prometheus"
RULES = FOLDER / "rules/stadttakt.yml"
CASES = sorted(Path(__file__).parent.glob("alerts*.yml"))
# What Prometheus itself, the two exporters of compose.yaml and Kubernetes export.
FOREIGN = {
    "up",
    "probe_ssl_earliest_cert_expiry",
    "probe_success",
    "kubelet_volume_stats_available_bytes",
    "kubelet_volume_stats_capacity_bytes",
    "node_filesystem_avail_bytes",
    "node_filesystem_size_bytes",
    # written by deploy/backup/taken.sh, read by the node exporter
    "stadttakt_backup_taken_timestamp_seconds",
    "stadttakt_backup_interval_seconds",
}


def promtool(*arguments: str, folder: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    command = [str(prometheus_program("promtool")), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def amtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("amtool") or (
        unpacked("alertmanager", ["prometheus-alertmanager"]) / "debian/usr/bin/amtool"
    )
    command = [str(program), *arguments]
    return subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)


def rules(key: str) -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if key in rule]


def exported() -> set[str]:
    """Return every series that services export, by the kinds of their metrics."""
    pattern = re.compile(r"(Counter|Gauge|Histogram)\(\s*\"(stadttakt_[a-z_]+)\"")
    series = set()
    for path in [*(PROJECT / "services").rglob("*.py"), *(PROJECT / "libs").rglob("*.py")]:
        for kind, name in pattern.findall(path.read_text()):
            series |= (
                {name}
                if kind != "Histogram"
                else {f"{name}_{x}" for x in ("sum", "count", "bucket")}
            )
    return series


def named(expression: str) -> set[str]:
    """Return the series and recordings that an expression names."""
    bare = re.sub(r"\{[^}]*\}|\"[^\"]*\"", "", expression)
    return {
        word
        for word in re.findall(r"[a-z_]+(?::[a-z0-9_:]+|[a-z0-9_]*)", bare)
        if word.startswith(("stadttakt", "node_", "probe_", "kubelet_")) or word == "up"
    }


def test_configuration_and_rules_are_valid() -> None:
    told = promtool("check", "config", "--syntax-only", "prometheus.yml")
    assert told.returncode == 0, told.stdout + told.stderr
    told = promtool("check", "rules", str(RULES))
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.timeout(900)
def test_alerts_fire_where_they_must_and_nowhere_else(tmp_path: Path) -> None:
    shutil.copy(RULES, tmp_path / "stadttakt.yml")
    for cases in CASES:
        shutil.copy(cases, tmp_path)
    told = promtool("test", "rules", *(each.name for each in CASES), folder=tmp_path)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("file", ["alertmanager.yml", "alertmanager.example.yml"])
def test_configuration_of_alertmanager_is_valid(file: str) -> None:
    told = amtool("check-config", file)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize(
    ("alert", "receiver"), [("Watchdog", "heartbeat"), ("ServiceAway", "on-call")]
)
def test_example_sends_alerts_to_people_and_the_watchdog_elsewhere(
    alert: str, receiver: str
) -> None:
    file = "--config.file=alertmanager.example.yml"
    told = amtool("config", "routes", "test", file, f"alertname={alert}", "service=a")
    assert told.stdout.strip() == receiver, told.stderr


def test_every_alert_has_a_case_that_fires() -> None:
    cases = [
        one
        for file in CASES
        for test in yaml.safe_load(file.read_text())["tests"]
        for one in test["alert_rule_test"]
        if one["exp_alerts"]
    ]
    assert {one["alertname"] for one in cases} == {rule["alert"] for rule in rules("alert")}


@pytest.mark.parametrize("rule", rules("alert"), ids=lambda rule: rule["alert"])
def test_alert_has_a_runbook_of_its_name(rule: dict[str, Any]) -> None:
    base, _, name = rule["annotations"]["runbook_url"].rpartition("/")
    assert base == "{{ $externalLabels.runbooks }}"
    page = PROJECT / "docs/runbooks" / name
    assert page.read_text().startswith(f"# {rule['alert']}\n")
    assert rule["labels"]["severity"] in {"none", "warning", "critical"}
    listed = (PROJECT / "docs/runbooks/README.md").read_text()
    assert f"| [{rule['alert']}]({page.name}) | {rule['labels']['severity']} |" in listed


def test_compose_tells_where_runbooks_are_read_and_alerts_bear_no_label_of_it() -> None:
    configuration = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    assert configuration["global"]["external_labels"] == {"runbooks": "${STADTTAKT_RUNBOOKS}"}
    compose = yaml.safe_load((PROJECT / "deploy/compose.yaml").read_text())
    given = compose["services"]["prometheus"]["environment"]
    assert given == {"STADTTAKT_RUNBOOKS": "${STADTTAKT_RUNBOOKS:-docs/runbooks}"}
    (dropped,) = configuration["alerting"]["alert_relabel_configs"]
    assert dropped == {"action": "labeldrop", "regex": "runbooks"}


def test_every_metric_of_a_rule_is_exported() -> None:
    recorded = {rule["record"] for rule in rules("record")}
    known = exported() | FOREIGN | recorded
    asked = {name for rule in [*rules("record"), *rules("alert")] for name in named(rule["expr"])}
    assert "stadttakt_uplink_ledger_gap" in asked
    assert not asked - known


def test_every_service_is_scraped_on_its_port() -> None:
    jobs = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    (own,) = (job for job in jobs if job["job_name"] == "stadttakt")
    scraped = {one["labels"]["service"]: one["targets"] for one in own["static_configs"]}
    assert scraped == {name: [f"{name}:{port}"] for name, port in SERVICES.items()}
