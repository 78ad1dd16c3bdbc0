# SPDX-License-Identifier: EUPL-1.2
"""What services do inside: requests, transactions, sessions, memory."""

from __future__ import annotations

from stadttakt_dashboards.dashboard import Dashboard
from stadttakt_dashboards.panels import About, curves
from stadttakt_dashboards.queries import Metric

OF = '{service=~"$service"}'
HTTP = [
    curves(
        About("Anfragen nach Antwort", "Requests answered, by status.", "reqps"),
        Metric(
            f"sum by (status) (rate(stadttakt_http_requests_total{OF}[$__rate_interval]))",
            "{{status}}",
        ),
        stacked=True,
    ),
    curves(
        About("Anteil mit Fehler", "Share of answers that are faults of ours.", "percentunit"),
        Metric(f"stadttakt:http_errors:ratio5m{OF}", "{{service}}"),
        Metric('0 * sum by (service) (up{job="stadttakt", service=~"$service"})', "{{service}}: 0"),
    ),
    curves(
        About("Dauer einer Antwort", "Up to the first byte, 95 %.", "s"),
        Metric(f"stadttakt:http_duration_seconds:p95_5m{OF}", "{{service}}"),
    ),
    curves(
        About("Langsame Wege", "Routes whose answers take longest, 95 %.", "s"),
        Metric(
            "topk(10, histogram_quantile(0.95, sum by (service, route, le)"
            f" (rate(stadttakt_http_request_duration_seconds_bucket{OF}[5m]))))",
            "{{service}} {{route}}",
        ),
    ),
    curves(
        About("Offene Ströme", "Readers of event streams."),
        Metric(f"sum by (stream) (stadttakt_sse_clients{OF})", "{{stream}}"),
    ),
    curves(
        About("Beendete Ströme", "Streams that were ended since their reader was slow."),
        Metric(
            f"sum by (stream) (increase(stadttakt_sse_dropped_clients_total{OF}[1h]))", "{{stream}}"
        ),
    ),
]
BELOW = [
    curves(
        About(
            "Wiederholte Transaktionen",
            "Transactions repeated within two minutes, since the database was away.",
            alert="DatabaseAway",
        ),
        Metric(f"increase(stadttakt_database_retries_total{OF}[2m])", "{{service}}"),
    ),
    curves(
        About(
            "Abweichung der Uhr",
            "By how much a machine's clock, or the database's, is ahead of the time that a service goes by.",
            "s",
            alert="ClockWrong",
        ),
        Metric(f"stadttakt_clock_off_seconds{OF}", "{{service}}: {{clock}}"),
    ),
    curves(
        About(
            "Sprünge der Zeit",
            "How often time stepped within a quarter of an hour, as the machine's clock and the database's stepped alike.",
            alert="ClockStepped",
        ),
        Metric(f"increase(stadttakt_clock_steps_total{OF}[15m])", "{{service}}"),
    ),
    curves(
        About("Dauer von Transaktionen", "Time of one batch's transaction, 95 %.", "s"),
        *(
            Metric(
                "histogram_quantile(0.95, sum by (service, le)"
                f" (rate(stadttakt_{name}_commit_seconds_bucket{OF}[$__rate_interval])))",
                "{{service}}",
            )
            for name in ("uplink", "parking", "transit")
        ),
    ),
    curves(
        About("Empfangen vom Broker", "Messages received on each session.", "cps"),
        Metric(f"rate(stadttakt_mqtt_received_total{OF}[$__rate_interval])", "{{client_id}}"),
    ),
    curves(
        About(
            "Wartet am Broker",
            "Bytes of messages that the broker holds for sessions.",
            "bytes",
            "BrokerQueueGrows",
        ),
        Metric("max(stadttakt_uplink_broker_store_bytes)", "alle Sitzungen"),
    ),
    curves(
        About(
            "Vom Broker verworfen",
            "Messages dropped within a quarter of an hour, for sessions that are full.",
            alert="BrokerDrops",
        ),
        Metric("max(increase(stadttakt_uplink_broker_dropped_messages[15m]))", "verworfen"),
    ),
    curves(
        About(
            "Archivierung scheitert",
            "1: the newest attempt to archive the database's log failed.",
            alert="ArchiveFailing",
        ),
        Metric("max(stadttakt_uplink_archive_failing)", "Protokoll der Datenbank"),
    ),
    curves(
        About(
            "Beobachter erreichbar",
            "1: Prometheus reaches whoever looks at disks, copies and certificates.",
            alert="ObserverAway",
        ),
        Metric('min by (job, instance) (up{job=~"node|certificates"})', "{{job}} {{instance}}"),
    ),
    curves(
        About("Neue Sitzungen", "Sessions begun or resumed within an hour."),
        Metric(f"increase(stadttakt_mqtt_connects_total{OF}[1h])", "{{client_id}}"),
    ),
    curves(
        About("Arbeitsspeicher", "Memory that processes hold.", "bytes"),
        Metric(f"process_resident_memory_bytes{OF}", "{{service}} {{instance}}"),
    ),
    curves(
        About("Rechenzeit", "Cores that processes keep busy."),
        Metric(
            f"rate(process_cpu_seconds_total{OF}[$__rate_interval])", "{{service}} {{instance}}"
        ),
    ),
    curves(
        About(
            "Offene Dateien",
            "Open files and connections, in parts of what is allowed.",
            "percentunit",
        ),
        Metric(f"process_open_fds{OF} / process_max_fds{OF}", "{{service}} {{instance}}"),
    ),
    curves(
        About("Führung", "1 at the active instance of a pair.", alert="NoLeader", line=False),
        Metric(f"stadttakt_leader{OF}", "{{schema}} {{instance}}"),
    ),
]

DASHBOARD = Dashboard(
    "internals",
    "Stadttakt: Innenleben der Dienste",
    "Requests, transactions, sessions, memory.",
    [("HTTP", HTTP), ("Datenbank, Broker, Prozess", BELOW)],
    by_service=True,
)
