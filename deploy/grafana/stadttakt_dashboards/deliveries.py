# SPDX-License-Identifier: EUPL-1.2
"""What leaves the house: feeds, datasets, deliveries to platforms, and who uses them."""

from __future__ import annotations

from stadttakt_dashboards.dashboard import Dashboard
from stadttakt_dashboards.panels import About, curves, number, rows
from stadttakt_dashboards.queries import Metric, Sql

DELIVERIES = [
    curves(
        About(
            "Lieferversuche",
            "Attempts within an hour, by what came of them.",
            alert="DeliveryFailing",
            line=False,
        ),
        Metric(
            "sum by (target, status) (increase(stadttakt_opendata_deliveries_total[1h]))",
            "{{target}}: {{status}}",
        ),
    ),
    curves(
        About("Offene Lieferungen", "Deliveries that are still to be made."),
        Metric("max by (target) (stadttakt_opendata_open_deliveries)", "{{target}}"),
    ),
    curves(
        About("Seit der letzten Lieferung", "Since a feed was last delivered.", "s"),
        Metric(
            "time() - max by (target, feed) (stadttakt_opendata_delivered_timestamp_seconds)",
            "{{target}}: {{feed}}",
        ),
    ),
    curves(
        About("Dauer einer Lieferung", "Time of one attempt, 95 %.", "s"),
        Metric(
            "histogram_quantile(0.95, sum by (target, le)"
            " (rate(stadttakt_opendata_delivery_seconds_bucket[1h])))",
            "{{target}}",
        ),
    ),
    number(
        About(
            "Zertifikat endet in",
            "Until when client certificates are valid.",
            "s",
            "CertificateEndsSoon",
        ),
        Metric(
            "min by (target) (stadttakt_opendata_certificate_ends_timestamp_seconds) - time()",
            "{{target}}",
        ),
        width=18,
    ),
    number(
        About(
            "Regeln der Veröffentlichung abgelehnt",
            "Whether the newest publication policy was refused and an older one holds.",
            alert="PolicyRefused",
        ),
        Metric("max(stadttakt_opendata_policy_refused)"),
        width=6,
        answers=True,
    ),
]
FEEDS = [
    curves(
        About(
            "Eingehende Zustände von Parkplätzen und Fahrzeugen",
            "States of lots and vehicles that the publisher takes; they are renewed by the clock.",
            "cps",
            "FeedStale",
        ),
        Metric(
            "sum by (kind) (rate("
            'stadttakt_opendata_states_total{kind=~"lot|vehicle"}[$__rate_interval]))',
            "{{kind}}",
        ),
    ),
    curves(
        About(
            "Eingehende Zustände von Stellplätzen und Fahrten",
            "States of bays and trips that the publisher takes: when they change.",
            "cps",
        ),
        Metric(
            "sum by (kind) (rate("
            'stadttakt_opendata_states_total{kind=~"bay|trip"}[$__rate_interval]))',
            "{{kind}}",
        ),
    ),
    curves(
        About("Alter der Feeds", "Since a feed was rendered last.", "s"),
        Metric("time() - max by (feed) (stadttakt_opendata_built_timestamp_seconds)", "{{feed}}"),
    ),
    curves(
        About("Rechenzeit der Feeds", "Rendering of one feed, 95 %.", "s"),
        Metric(
            "histogram_quantile(0.95, sum by (feed, le)"
            " (rate(stadttakt_opendata_build_seconds_bucket[1h])))",
            "{{feed}}",
        ),
    ),
    curves(
        About("Alter der Datensätze", "Since a row of a dataset changed last.", "s"),
        Metric(
            "time() - max by (dataset) (stadttakt_opendata_dataset_changed_timestamp_seconds)",
            "{{dataset}}",
        ),
    ),
    curves(
        About("Quellen der Seiten", "Readings of other services for pages within an hour."),
        Metric(
            "sum by (source, outcome) (increase(stadttakt_opendata_page_sources_total[1h]))",
            "{{source}}: {{outcome}}",
        ),
    ),
    rows(
        About("Nutzung der letzten 14 Tage", "Requests answered, by what was asked for."),
        Sql("""
            select kind as "Art", subject as "Gegenstand", sum(requests) as "Anfragen",
                   sum(requests) filter (where client = 'robot') as "davon Roboter"
              from opendata.v1_usage_day
             where day >= current_date - 14
             group by kind, subject
             order by 3 desc
             limit 100
        """),
    ),
]

DASHBOARD = Dashboard(
    "deliveries",
    "Stadttakt: Veröffentlichung und Lieferungen",
    "What leaves the house, and who uses it.",
    [("Lieferungen", DELIVERIES), ("Feeds und Datensätze", FEEDS)],
    since="now-24h",
)
