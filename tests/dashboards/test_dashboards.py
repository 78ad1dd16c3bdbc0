# SPDX-License-Identifier: EUPL-1.2
"""Grafana's dashboards: generated, explained, with the alerts' thresholds, and every query answers."""

from __future__ import annotations

import json
import math
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml
from psycopg.conninfo import make_conninfo
from typer.testing import CliRunner

from dashboards.content import fill
from dashboards.series import STEP_S, open_metrics
from stadttakt_dashboards.__main__ import FOLDER
from stadttakt_dashboards.all import DASHBOARDS
from stadttakt_runtime.cli import build
from support.prometheus import prometheus_program
from support.stack import free_ports

PROJECT = Path(__file__).parents[2]
RULES = PROJECT / "deploy/prometheus/rules/stadttakt.yml"
BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
PANELS = [panel for board in BOARDS.values() for panel in board["panels"] if panel["type"] != "row"]
each_board = pytest.mark.parametrize("name", BOARDS)
RUNBOOKS = "{{ $externalLabels.runbooks }}"
ALERT = re.compile(r" Alert (\w+): (docs/runbooks/[a-z-]+\.md)$")
TITLE = re.compile(r"[A-ZÄÖÜ]\w*(,?[ -][\w%-]+)*")


def rules(key: str) -> dict[str, dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule[key]: rule for group in groups for rule in group["rules"] if key in rule}


def shown_alerts() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for panel in PANELS:
        if alert := ALERT.search(panel["description"]):
            found.setdefault(alert[1], []).append(panel)
    return found


def test_files_are_what_the_code_makes() -> None:
    assert {each.name for each in DASHBOARDS} == set(BOARDS)
    for each in DASHBOARDS:
        assert (FOLDER / f"{each.name}.json").read_text(encoding="utf-8") == each.to_json()


def test_what_the_platform_does_is_all_shown() -> None:
    wanted = {
        *("overview", "ingest", "devices", "parking", "vehicles"),
        *("forecasts", "deliveries", "indicators", "internals"),
    }
    assert set(BOARDS) == wanted
    assert len({board["uid"] for board in BOARDS.values()}) == len(BOARDS)


def test_panels_have_a_german_title_an_english_description_and_a_unit() -> None:
    assert len(PANELS) > 80
    for panel in PANELS:
        assert TITLE.fullmatch(panel["title"]), panel["title"]
        assert re.match(r"[A-Z0-9].{10,}\.( Alert .*)?$", panel["description"]), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


@each_board
def test_panels_fill_the_grid_and_do_not_overlap(name: str) -> None:
    taken = set()
    for panel in BOARDS[name]["panels"]:
        at = panel["gridPos"]
        fields = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert not fields & taken
        taken |= fields


def test_every_alert_is_shown_with_its_page() -> None:
    alerts = rules("alert")
    shown = shown_alerts()
    assert set(shown) == set(alerts)
    for name, panels in shown.items():
        for panel in panels:
            found = ALERT.search(panel["description"])
            assert found is not None
            address = alerts[name]["annotations"]["runbook_url"]
            assert found[2].removeprefix("docs/runbooks") == address.removeprefix(RUNBOOKS)


def test_thresholds_are_those_of_the_rules() -> None:
    for name, panels in shown_alerts().items():
        expression = re.sub(r"\{[^}]*\}|\[[^]]*\]", "", rules("alert")[name]["expr"])
        products = re.findall(r"[<>=]=? (\d[\d.]*(?: \* \d+)?)", expression)
        limits = [math.prod(float(each) for each in one.split(" * ")) for one in products]
        for panel in panels:
            steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
            values = [step["value"] for step in steps if step["value"] is not None]
            for value in values:
                assert any(math.isclose(value, one, abs_tol=2e-6) for one in limits), (name, value)
            colours = {step["color"] for step in steps}
            severity = rules("alert")[name]["labels"]["severity"]
            assert not values or {"critical": "red", "warning": "orange"}[severity] in colours
    with_line = {"LedgerGap", "DevicesSilent", "CertificateEndsSoon", "DiskFull", "BackupOld"}
    for name in with_line:
        (first, *_) = shown_alerts()[name]
        assert len(first["fieldConfig"]["defaults"]["thresholds"]["steps"]) > 1


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A Prometheus with two hours of every declared series, and the shipped rules."""
    folder = tmp_path_factory.mktemp("prometheus")
    now = int(time.time())
    (folder / "series.txt").write_text(open_metrics(now))
    promtool = [str(prometheus_program("promtool")), "tsdb", "create-blocks-from", "openmetrics"]
    made = subprocess.run(
        [*promtool, "series.txt", "data"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stdout + made.stderr
    configuration = {"global": {"evaluation_interval": "1s"}, "rule_files": [str(RULES)]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    (port,) = free_ports(1)
    command = [
        str(prometheus_program("prometheus")),
        f"--web.listen-address=127.0.0.1:{port}",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1") as client:
            wait_for_rules(client, folder / "log")
            yield client
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for_rules(client: httpx.Client, log: Path) -> None:
    """Wait until each recording was made once, and alerts were looked at."""
    asked = '{__name__=~"stadttakt:.*"} or ALERTS{alertname="Watchdog"}'
    wanted = {*rules("record"), "ALERTS"}
    missing, deadline = wanted, time.monotonic() + 240
    while missing and time.monotonic() < deadline:
        try:
            answer = client.get("/query", params={"query": asked})
            found = answer.json()["data"]["result"]
            missing = wanted - {one["metric"]["__name__"] for one in found}
        except (httpx.TransportError, ValueError):
            pass
        time.sleep(0.2)
    assert not missing, log.read_text()


def queries(name: str, key: str) -> list[dict[str, Any]]:
    panels = BOARDS[name]["panels"]
    targets = [target for panel in panels for target in panel.get("targets", ())]
    assert targets
    return [target for target in targets if key in target]


@each_board
def test_metrics_of_panels_have_data(prometheus: httpx.Client, name: str) -> None:
    for target in queries(name, "expr"):
        expression = target["expr"].replace("$__rate_interval", f"{4 * STEP_S}s")
        expression = expression.replace("$service", ".*")
        assert "$" not in expression
        now = time.time()
        asked = {"query": expression, "start": now - 1800, "end": now, "step": STEP_S}
        answer = prometheus.get("/query_range", params=asked).json()
        assert answer["status"] == "success", answer
        values = [float(value) for one in answer["data"]["result"] for _, value in one["values"]]
        assert any(math.isfinite(value) for value in values), expression


def test_metric_that_nobody_exports_has_no_data(prometheus: httpx.Client) -> None:
    asked = {"query": 'stadttakt_uplink_messages_total{outcome="vanished"}'}
    assert prometheus.get("/query", params=asked).json()["data"]["result"] == []


@pytest.fixture(scope="module")
def reader(stack: Any, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A connection of Grafana's login to a database with some content."""
    name = "dashboards"
    owner = psycopg.conninfo.conninfo_to_dict(stack.postgres.url)["user"]
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as admin:
        admin.execute(f"create database {name} owner {owner} template {migrated}")
    url = make_conninfo(stack.postgres.url, dbname=name)
    fill(url)
    password = tmp_path_factory.mktemp("secrets") / "password"
    password.write_text("of grafana\n")
    address = re.sub(r"/[^/]*$", f"/{name}", stack.postgres.url)
    command = ["reader", "grafana", str(password), "--database-url", address]
    for _ in range(2):
        outcome = CliRunner().invoke(build(), command)
        assert outcome.exit_code == 0, outcome.output
    conninfo = make_conninfo(url, user="grafana", password="of grafana")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        yield connection
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as admin:
        admin.execute(f"drop database {name} with (force)")
        admin.execute("drop role grafana")


@each_board
def test_queries_of_panels_have_rows(reader: Any, name: str) -> None:
    between = r"\1 between now() - interval '1 year' and now()"
    for target in queries(name, "rawSql"):
        statement = re.sub(r"\$__timeFilter\((\w+)\)", between, target["rawSql"])
        assert "$" not in statement
        cursor = reader.execute(statement)
        names = [column.name for column in cursor.description]
        found = cursor.fetchall()
        assert found, statement
        if target["format"] == "time_series":
            assert names[0] == "time"
            assert all(row[0].tzinfo is not None for row in found)
            assert any(row[-1] is not None for row in found)


@pytest.mark.parametrize(
    "statement",
    [
        "select * from transit.vehicle_state",
        "select * from registry.idea",
        "select * from platform.api_key",
        "create table public.mine (a int)",
        "set role parking",
    ],
)
def test_reader_reads_nothing_but_what_is_published(reader: Any, statement: str) -> None:
    with pytest.raises(
        (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)
    ):
        reader.execute(statement)


@pytest.mark.parametrize(("name", "said"), [("parking", "no reader"), ("Grafana;", "needs a name")])
def test_reader_takes_no_name_of_a_role_that_is_something_else(
    reader: Any, stack: Any, tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "password").write_text("p")
    command = ["reader", name, str(tmp_path / "password"), "--database-url", stack.postgres.url]
    outcome = CliRunner().invoke(build(), command)
    assert outcome.exit_code == 1
    assert said in outcome.output


def test_sources_are_those_that_are_provisioned() -> None:
    folder = PROJECT / "deploy/grafana/provisioning"
    sources = yaml.safe_load((folder / "datasources/stadttakt.yaml").read_text())["datasources"]
    known = {(one["type"], one["uid"]) for one in sources}
    asked = {
        (target["datasource"]["type"], target["datasource"]["uid"])
        for panel in PANELS
        for target in panel["targets"]
    }
    assert asked == known
    assert {one.get("user") for one in sources} == {None, "grafana"}
    (provider,) = yaml.safe_load((folder / "dashboards/stadttakt.yaml").read_text())["providers"]
    compose = (PROJECT / "deploy/compose.yaml").read_text()
    assert f"- ./grafana/dashboards:{provider['options']['path']}:ro" in compose
