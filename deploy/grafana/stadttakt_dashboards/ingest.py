# SPDX-License-Identifier: EUPL-1.2
"""Messages from network servers: what came, what became of it, and whether the account is even."""

from __future__ import annotations

from stadttakt_dashboards.dashboard import Dashboard
from stadttakt_dashboards.panels import About, curves
from stadttakt_dashboards.queries import Metric

LEDGER = [
    curves(
        About("Nachrichten nach Ausgang", "What became of messages.", "cps"),
        Metric(
            "sum by (outcome) (rate(stadttakt_uplink_messages_total[$__rate_interval]))",
            "{{outcome}}",
        ),
        stacked=True,
    ),
    curves(
        About("Nachrichten nach Quelle", "Messages of each source.", "cps"),
        Metric("sum by (source) (stadttakt:uplink_messages:rate5m)", "{{source}}"),
        stacked=True,
    ),
    curves(
        About(
            "Lücke im Nachrichtenbuch",
            "Messages of two days that are nowhere; anything but 0 is a fault of the decoder.",
            alert="LedgerGap",
        ),
        Metric("max by (source) (stadttakt_uplink_ledger_gap)", "{{source}}"),
    ),
    curves(
        About("Unterwegs", "Messages received and not yet acknowledged."),
        Metric("stadttakt_uplink_in_flight", "{{instance}}"),
    ),
]
QUARANTINE = [
    curves(
        About(
            "Anteil in Quarantäne",
            "Share of a source's messages of an hour that cannot be read.",
            "percentunit",
            "QuarantineRises",
        ),
        Metric("stadttakt:uplink_quarantined:ratio1h", "{{source}}"),
    ),
    curves(
        About("Offene Quarantäne", "Quarantined messages that nobody decided about yet."),
        Metric("max by (reason) (stadttakt_uplink_quarantine_open)", "{{reason}}"),
        stacked=True,
    ),
    curves(
        About("Gründe der Quarantäne", "Messages quarantined within an hour, by reason."),
        Metric("sum by (reason) (increase(stadttakt_uplink_rejected_total[1h]))", "{{reason}}"),
    ),
    curves(
        About("Nachgeholt", "Messages fetched from a server's storage, replayed, tried again."),
        Metric(
            "sum by (outcome) (increase(stadttakt_uplink_backfilled_total[1h]))",
            "nachgeholt: {{outcome}}",
        ),
        Metric("sum(increase(stadttakt_uplink_replayed_total[1h]))", "erneut dekodiert"),
        Metric(
            "sum by (outcome) (increase(stadttakt_uplink_retried_total[1h]))",
            "erneut versucht: {{outcome}}",
        ),
    ),
]
SOURCES = [
    curves(
        About(
            "Verbindung zu Quellen",
            "1: a decoder reaches the source's broker.",
            alert="SourceAway",
        ),
        Metric("max by (source) (stadttakt_uplink_source_connected)", "{{source}}"),
    ),
    curves(
        About(
            "Empfangen und nicht aufgenommen",
            "Messages that wait for the decoder; they grow while it stands still.",
            alert="ConsumerStalled",
            line=False,
        ),
        Metric("sum by (source) (stadttakt_uplink_source_backlog)", "{{source}}"),
    ),
]
SPEED = [
    curves(
        About("Dauer einer Transaktion", "Time of one batch's transaction, median and 95 %.", "s"),
        *(
            Metric(
                f"histogram_quantile({share}, sum by (le)"
                " (rate(stadttakt_uplink_commit_seconds_bucket[$__rate_interval])))",
                word,
            )
            for share, word in ((0.5, "Median"), (0.95, "95 %"))
        ),
    ),
    curves(
        About("Nachrichten je Transaktion", "Messages in one transaction, on average."),
        Metric(
            "sum(rate(stadttakt_uplink_batch_size_sum[$__rate_interval]))"
            " / sum(rate(stadttakt_uplink_batch_size_count[$__rate_interval]))",
            "im Mittel",
        ),
    ),
    curves(
        About("Beobachtungen", "Observations published, by kind.", "cps"),
        Metric(
            "sum by (kind) (rate(stadttakt_uplink_observations_total[$__rate_interval]))",
            "{{kind}}",
        ),
        width=8,
        stacked=True,
    ),
    curves(
        About("Befehle an Geräte", "Downlinks within an hour, by what was told of them."),
        Metric("sum by (state) (increase(stadttakt_uplink_downlinks_total[1h]))", "{{state}}"),
        width=8,
    ),
    curves(
        About("Skripte", "Frames that limits of the JavaScript engine stopped, suspended codecs."),
        Metric(
            "sum by (reason) (increase(stadttakt_uplink_script_limits_total[1h]))",
            "gestoppt: {{reason}}",
        ),
        Metric("sum(stadttakt_uplink_script_suspended)", "ausgesetzt"),
        Metric("sum(stadttakt_uplink_script_waiting)", "warten"),
        width=8,
    ),
]

DASHBOARD = Dashboard(
    "ingest",
    "Stadttakt: Eingang und Nachrichtenbuch",
    "What came from network servers, and what became of it.",
    [
        ("Nachrichtenbuch", LEDGER),
        ("Quarantäne", QUARANTINE),
        ("Quellen", SOURCES),
        ("Verarbeitung", SPEED),
    ],
)
