# SPDX-License-Identifier: EUPL-1.2
"""The first look: what is away, what is lost, what is about to end."""

from __future__ import annotations

from stadttakt_dashboards.dashboard import Dashboard
from stadttakt_dashboards.panels import About, curves, number
from stadttakt_dashboards.queries import Metric

STATE = [
    number(
        About(
            "Dienste erreichbar", "Whether each service answers Prometheus.", alert="ServiceAway"
        ),
        Metric(
            'min by (service) (up{job="stadttakt"}) or 0 * (stadttakt:service_absent == 1)',
            "{{service}}",
        ),
        width=6,
        answers=True,
    ),
    number(
        About("Aktive Instanzen", "Active instances of each pair: one.", alert="NoLeader"),
        Metric("sum by (schema) (stadttakt_leader)", "{{schema}}"),
        width=6,
    ),
    number(
        About("Sitzung am Broker", "Whether each session is up.", alert="BrokerAway"),
        Metric("min by (client_id) (stadttakt_mqtt_connected)", "{{client_id}}"),
        width=6,
        answers=True,
    ),
    number(
        About(
            "Adressen erreichbar",
            "Whether addresses with TLS answer as clients see them.",
            alert="EndpointAway",
        ),
        Metric("min by (instance) (probe_success)", "{{instance}}"),
        width=6,
        answers=True,
    ),
]
COUNTS = [
    number(
        About("Ausgelöste Alarme", "Alerts of Prometheus that fire.", "short"),
        Metric('sum(ALERTS{alertstate="firing",alertname!="Watchdog"}) or vector(0)'),
    ),
    number(
        About("Offene Hinweise", "Alerts that services found out themselves: GET /v1/alerts."),
        Metric("sum(stadttakt_alerts_open)"),
    ),
    number(
        About(
            "Verschollene Nachrichten",
            "Received, and neither stored, nor a duplicate, nor quarantined, nor in flight.",
            alert="LedgerGap",
        ),
        Metric("sum(max by (source) (stadttakt_uplink_ledger_gap))"),
    ),
    number(
        About("Stumme Geräte", "Share of devices that are silent.", "percentunit", "DevicesSilent"),
        Metric("stadttakt:devices_silent:ratio"),
    ),
    number(
        About("Schilder ohne Zahl", "Signs whose answer has run out.", alert="SignWithdrawn"),
        Metric("max(stadttakt_parking_withdrawn_signs)"),
    ),
    number(
        About("Fahrzeuge ohne Daten", "Vehicles whose load nobody knows."),
        Metric("max(stadttakt_transit_vehicles_without_data)"),
    ),
]
FLOW = [
    curves(
        About("Aufgenommene Nachrichten", "Messages that services take from the broker.", "cps"),
        Metric("sum by (service) (stadttakt:taken_from_broker:rate5m)", "{{service}}"),
    ),
    curves(
        About("Anfragen", "HTTP requests that services answer.", "reqps"),
        Metric(
            "sum by (service) (rate(stadttakt_http_requests_total[$__rate_interval]))",
            "{{service}}",
        ),
    ),
    curves(
        About("Offene Hinweise nach Art", "Open alerts of the services, by kind."),
        Metric("sum by (kind) (stadttakt_alerts_open)", "{{kind}}"),
        stacked=True,
    ),
    curves(
        About(
            "Freier Plattenplatz",
            "Free share of each file system and volume.",
            "percentunit",
            "DiskFull",
        ),
        Metric(
            'node_filesystem_avail_bytes{fstype!~"tmpfs|overlay|squashfs"}'
            ' / node_filesystem_size_bytes{fstype!~"tmpfs|overlay|squashfs"}',
            "{{mountpoint}}",
        ),
        Metric(
            "kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes",
            "{{persistentvolumeclaim}}",
        ),
    ),
]
ENDS = [
    number(
        About(
            "Zertifikate enden in",
            "Time until the certificates of addresses and deliveries end.",
            "s",
            "CertificateEndsSoon",
        ),
        Metric("probe_ssl_earliest_cert_expiry - time()", "{{instance}}"),
        Metric("stadttakt_opendata_certificate_ends_timestamp_seconds - time()", "{{target}}"),
        width=6,
    ),
    number(
        About(
            "Alter der Sicherung",
            "Age of the newest copy, in parts of the time between two.",
            "percentunit",
            "BackupOld",
        ),
        Metric(
            "(time() - stadttakt_backup_taken_timestamp_seconds) / stadttakt_backup_interval_seconds",
            "{{backup}}",
        ),
        width=4,
    ),
    number(
        About(
            "Alarme werden geprüft",
            "Whether Prometheus looks at the rules.",
            alert="Watchdog",
            line=False,
        ),
        Metric('sum(ALERTS{alertname="Watchdog"})'),
        width=4,
    ),
    number(
        About("Erwartete Spitzen heute", "Peaks above the comfort limit still to come."),
        Metric("max(stadttakt_transit_peaks_expected)"),
        width=5,
    ),
    number(
        About("Offene Lieferungen", "Deliveries to platforms that are still to be made."),
        Metric("sum(stadttakt_opendata_open_deliveries)"),
        width=5,
    ),
]

DASHBOARD = Dashboard(
    "overview",
    "Stadttakt: Überblick",
    "What is away, what is lost, what is about to end.",
    [("Zustand", [*STATE, *COUNTS]), ("Fluss", FLOW), ("Fristen", ENDS)],
)
