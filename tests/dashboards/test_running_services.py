# SPDX-License-Identifier: EUPL-1.2
"""Panels of metrics over the six services as they run, with the simulator and a real Prometheus that asks them."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import yaml

from crash.world import migrate_servers
from dashboards.test_dashboards import BOARDS, RULES, queries
from e2e.test_documents import PORTS, PREPARED, Desk, environment, lay_out, services
from support.prometheus import prometheus_program
from support.stack import free_ports, running_stack

pytestmark = pytest.mark.timeout(600)
# The last one, the ledger's gap, is counted each minute.
WITHIN_S = 180
_OTHERS = "another program tells it"
_LATER = "it takes minutes or a night"
_RARE = "it need not happen"
_BY_DAY = "vehicles drive by the timetable"
# What has no data in the first minute of a city, and why; test_dashboards.py asks it of made-up series.
WITHOUT = {
    "stadttakt_backup_taken_timestamp_seconds": _OTHERS,
    "kubelet_volume_stats_available_bytes": _OTHERS,
    "node_filesystem_avail_bytes": _OTHERS,
    "probe_success": _OTHERS,
    "probe_ssl_earliest_cert_expiry": _OTHERS,
    'up{job=~"node': _OTHERS,
    "stadttakt_parking_forecast_seconds": _LATER,
    "stadttakt_parking_forecast_coverage": _LATER,
    "stadttakt_parking_forecast_relative_error": _LATER,
    "stadttakt_transit_forecast_error_ratio": _LATER,
    "stadttakt_transit_forecast_seconds": _LATER,
    "stadttakt_transit_trip_imbalance_persons": _LATER,
    "stadttakt_transit_folded_anew": _LATER,
    "stadttakt_uplink_radio_frames": _LATER,
    "stadttakt_transit_messages": _BY_DAY,
    "stadttakt_transit_commit_seconds": _BY_DAY,
    "stadttakt_transit_publish_lag_seconds": _BY_DAY,
    "stadttakt_transit_stop_round_seconds": _BY_DAY,
    "stadttakt:http_errors": _RARE,
    "stadttakt_parking_gate_findings": _RARE,
    "stadttakt_transit_door_findings": _RARE,
    "stadttakt_registry_forms": _RARE,
    "stadttakt_registry_mails_total": _RARE,
    "stadttakt_uplink_backfilled": _RARE,
    "stadttakt_uplink_retried": _RARE,
    "stadttakt_uplink_script_limits": _RARE,
    "stadttakt_uplink_downlinks": _RARE,
    "stadttakt_opendata_page_sources": _RARE,
    # made-up faults of the simulator may do it or not
    "stadttakt_uplink_rejected_total": _RARE,
    "stadttakt_uplink_quarantine": _RARE,
}


def expressions() -> set[str]:
    """Return all that panels ask of Prometheus, over windows that fit a minute of scrapes."""
    asked = {target["expr"] for name in BOARDS for target in queries(name, "expr")}
    return {one.replace("$__rate_interval", "20s").replace("$service", ".*") for one in asked}


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("running")
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    with running_stack() as stack, ExitStack() as running:
        ports |= {"5442": stack.postgres.port, "1893": stack.mosquitto.port}
        migrate_servers(stack)
        lay_out(folder, "https://127.0.0.1:9")
        desk = Desk(folder, environment(folder, stack), ports)
        prepared = desk.shell(PREPARED)
        assert prepared.returncode == 0, prepared.stdout
        running.enter_context(services(desk))
        city = ["--city", desk.environment["STADTTAKT_CITY"], "--mqtt-url", stack.mosquitto.url]
        # cars and vehicles go by the clock; what is sent beside them comes at night too
        for kind in (["run"], ["transit"], ["burst", "--rate", "20", "--count", "6000"]):
            command = [sys.executable, "-m", "stadttakt_simulators", *kind, *city]
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            running.callback(process.wait)
            running.callback(process.terminate)
        (port,) = free_ports(1)
        write_configuration(folder / "prometheus.yml", ports)
        command = [
            str(prometheus_program("prometheus")),
            f"--web.listen-address=127.0.0.1:{port}",
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
        ]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        running.callback(process.wait)
        running.callback(process.terminate)
        yield running.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1"))


def write_configuration(file: Path, ports: dict[str, int]) -> None:
    """Write what asks the six services each second, and evaluates the shipped rules as often."""
    targets = [
        {"targets": [f"127.0.0.1:{ports[port]}"], "labels": {"service": name}}
        for name, port in zip(SERVICES, PORTS[2:8], strict=True)
    ]
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "stadttakt", "static_configs": targets}],
    }
    file.write_text(yaml.safe_dump(configuration))


SERVICES = (
    *("uplink-decoder", "parking-occupancy", "vehicle-occupancy"),
    *("kpi-aggregator", "open-data-publisher", "measure-registry"),
)


def has_data(prometheus: httpx.Client, expression: str) -> bool:
    try:
        answer = prometheus.get("/query", params={"query": expression}).json()
    except (httpx.TransportError, ValueError):
        return False
    assert answer["status"] == "success", answer
    return any(math.isfinite(float(one["value"][1])) for one in answer["data"]["result"])


def excused(expression: str) -> bool:
    return any(re.search(rf"\b{name}", expression) for name in WITHOUT)


def test_panels_show_what_running_services_tell(prometheus: httpx.Client) -> None:
    asked = expressions()
    waiting = {one for one in asked if not excused(one)}
    assert len(waiting) > 0.7 * len(asked)
    deadline = time.monotonic() + WITHIN_S
    while waiting and time.monotonic() < deadline:
        waiting = {one for one in waiting if not has_data(prometheus, one)}
        time.sleep(0.5)
    assert waiting == set()


def test_what_is_excused_is_asked_for() -> None:
    text = "\n".join(expressions())
    assert [name for name in WITHOUT if not re.search(rf"\b{name}", text)] == []
