# SPDX-License-Identifier: EUPL-1.2
"""Two hours of every series that services declare, as Prometheus takes them into its store.

Names, kinds and labels are those of the declared metrics, so a panel that asks for another gets nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from prometheus_client import REGISTRY

import kpi_aggregator.metrics
import measure_registry.metrics
import open_data_publisher.metrics
import parking_occupancy.metrics
import stadttakt_runtime.alerts.publisher
import stadttakt_runtime.database
import stadttakt_runtime.http.sse
import stadttakt_runtime.leadership.leader
import stadttakt_runtime.metrics
import stadttakt_runtime.mqtt.connection
import stadttakt_runtime.service
import uplink_decoder.javascript.metrics
import uplink_decoder.metrics
import vehicle_occupancy.metrics

OF_SERVICES = {
    "uplink-decoder": [uplink_decoder.metrics, uplink_decoder.javascript.metrics],
    "parking-occupancy": [parking_occupancy.metrics],
    "vehicle-occupancy": [vehicle_occupancy.metrics],
    "kpi-aggregator": [kpi_aggregator.metrics],
    "open-data-publisher": [open_data_publisher.metrics],
    "measure-registry": [measure_registry.metrics],
}
OF_ALL = [
    stadttakt_runtime.alerts.publisher,
    stadttakt_runtime.database,
    stadttakt_runtime.http.sse,
    stadttakt_runtime.leadership.leader,
    stadttakt_runtime.metrics,
    stadttakt_runtime.mqtt.connection,
    stadttakt_runtime.service,
]
# Labels whose values queries name; any other label has the value `some`.
VALUES = {
    ("stadttakt_uplink_messages", "outcome"): ["stored", "duplicate", "quarantined"],
    ("stadttakt_uplink_radio_frames", "outcome"): ["received", "lost"],
    ("stadttakt_uplink_devices_by_status", "status"): ["active", "silent", "retired"],
    ("stadttakt_parking_observations", "way"): ["broker", "catch_up"],
    ("stadttakt_transit_messages", "way"): ["broker", "http"],
    ("stadttakt_http_requests", "status"): ["200", "503"],
    ("stadttakt_opendata_states", "kind"): ["lot", "bay", "vehicle", "trip"],
}
FOREIGN = {
    'up{job="node",instance="node-exporter:9100"}': 1,
    'probe_success{instance="proxy:8443"}': 1,
    'kubelet_volume_stats_available_bytes{persistentvolumeclaim="timescaledb-1"}': 5e9,
    'kubelet_volume_stats_capacity_bytes{persistentvolumeclaim="timescaledb-1"}': 9e9,
    'probe_ssl_earliest_cert_expiry{instance="proxy:8443"}': 4e9,
    'stadttakt_backup_taken_timestamp_seconds{backup="copy"}': 1e9,
    'stadttakt_backup_interval_seconds{backup="copy"}': 86_400,
    'node_filesystem_avail_bytes{mountpoint="/",fstype="ext4"}': 5e9,
    'node_filesystem_size_bytes{mountpoint="/",fstype="ext4"}': 9e9,
}
PROCESS = ("resident_memory_bytes", "open_fds", "max_fds")
STEP_S = 60
SPAN_S = 7200
Series = tuple[str, float, float]
"""A series with its labels, where it begins, and by how much it grows in each step."""


def open_metrics(now: int) -> str:
    """Return the series from two hours ago until a little after now."""
    times = range(now - SPAN_S, now + 2 * STEP_S, STEP_S)
    families: dict[str, list[Series]] = {}
    for service, modules in OF_SERVICES.items():
        for collector in {id(x): x for m in [*modules, *OF_ALL] for x in declared(m)}.values():
            found = families.setdefault(f"{collector._name} {collector._type}", [])
            found += series_of(collector, service, now)
        for name, series in of_process(service):
            families.setdefault(name, []).append(series)
    for series, value in FOREIGN.items():
        families.setdefault(f"{series.split('{')[0]} gauge", []).append((series, value, 0))
    lines = []
    for family, found in families.items():
        lines.append(f"# TYPE {family}")
        for series, start, growth in found:
            lines += [f"{series} {start + growth * n} {at}" for n, at in enumerate(times)]
    return "\n".join([*lines, "# EOF", ""])


def declared(module: Any) -> list[Any]:
    """Return the metrics that a module declares."""
    registered = set(REGISTRY._collector_to_names)
    return [
        one for one in vars(module).values() if getattr(one, "_type", None) and one in registered
    ]


def of_process(service: str) -> Iterator[tuple[str, Series]]:
    labels = f'{{service="{service}",instance="i",job="stadttakt"}}'
    yield "up gauge", (f"up{labels}", 1, 0)
    for name in PROCESS:
        yield f"process_{name} gauge", (f"process_{name}{labels}", 100, 0)
    yield "process_cpu_seconds counter", (f"process_cpu_seconds_total{labels}", 0, 3)


def series_of(collector: Any, service: str, now: int) -> Iterator[Series]:
    own = collector._labelnames
    choices = [VALUES.get((collector._name, label), ["some"]) for label in own]
    for values in itertools.product(*choices):
        pairs = [("service", service), ("instance", "i"), ("job", "stadttakt")]
        pairs += list(zip(own, values, strict=True))
        labels = ",".join(f'{name}="{value}"' for name, value in pairs)
        match collector._type:
            case "counter":
                yield f"{collector._name}_total{{{labels}}}", 0, 3
            case "gauge":
                past = now - 600 if "timestamp" in collector._name else 1
                yield f"{collector._name}{{{labels}}}", past, 0
            case "histogram":
                yield from _histogram(collector, labels)


def _histogram(collector: Any, labels: str) -> Iterator[Series]:
    for number, bound in enumerate(collector._upper_bounds, start=1):
        le = "+Inf" if bound == float("inf") else bound
        yield f'{collector._name}_bucket{{{labels},le="{le}"}}', 0, number
    yield f"{collector._name}_count{{{labels}}}", 0, len(collector._upper_bounds)
    yield f"{collector._name}_sum{{{labels}}}", 0, 1
