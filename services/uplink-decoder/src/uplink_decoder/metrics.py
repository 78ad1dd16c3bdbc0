# SPDX-License-Identifier: EUPL-1.2
"""What the decoder counts; names stay, since dashboards and alerts read them."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

MESSAGES = Counter(
    "stadttakt_uplink_messages_total",
    "Messages by what became of them: stored, duplicate, quarantined",
    ["source", "outcome"],
)
OBSERVATIONS = Counter("stadttakt_uplink_observations_total", "Observations published", ["kind"])
REJECTED = Counter("stadttakt_uplink_rejected_total", "Messages quarantined", ["reason"])
BATCH_SIZE = Histogram(
    "stadttakt_uplink_batch_size",
    "Messages in one transaction",
    buckets=(1, 5, 20, 50, 100, 250, 500, 1000, 2500),
)
COMMIT_SECONDS = Histogram(
    "stadttakt_uplink_commit_seconds",
    "Time of one batch's transaction",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5),
)
REPLAYED = Counter(
    "stadttakt_uplink_replayed_total", "Stored uplinks and quarantined messages gone through again"
)
BACKFILLED = Counter(
    "stadttakt_uplink_backfilled_total",
    "Messages fetched from a server's storage: missing, known (came live too), broken",
    ["source", "outcome"],
)
QUARANTINE_OPEN = Gauge(
    "stadttakt_uplink_quarantine_open", "Quarantined messages nobody decided about yet", ["reason"]
)
RETRIED = Counter(
    "stadttakt_uplink_retried_total",
    "Quarantined messages tried again, by what became of them: resolved, failed",
    ["outcome"],
)
SOURCE_CONNECTED = Gauge(
    "stadttakt_uplink_source_connected", "1 while this decoder reaches the source", ["source"]
)
SOURCE_BACKLOG = Gauge(
    "stadttakt_uplink_source_backlog",
    "Messages received on the source's connection and not taken up",
    ["source"],
)
IN_FLIGHT = Gauge("stadttakt_uplink_in_flight", "Messages received and not yet acknowledged")
DEVICES = Gauge("stadttakt_uplink_devices", "Devices in the registry")
EXAMINED = Counter("stadttakt_uplink_examined_total", "Hours of devices examined for their health")
EXAMINING_SECONDS = Counter(
    "stadttakt_uplink_examining_seconds_total", "Time spent on examining devices"
)
HEALTH_WAITING = Gauge(
    "stadttakt_uplink_health_waiting", "Hours of devices that wait to be examined"
)
DEVICES_BY_STATUS = Gauge(
    "stadttakt_uplink_devices_by_status", "Devices that are active, silent and so on", ["status"]
)
RADIO_FRAMES = Gauge(
    "stadttakt_uplink_radio_frames",
    "Frames of the last 24 hours, received and lost by their counters",
    ["source", "outcome"],
)
LEDGER_GAP = Gauge(
    "stadttakt_uplink_ledger_gap",
    "Messages of the last two days received and nowhere accounted for, by all decoders",
    ["source"],
)
ARCHIVE_FAILING = Gauge(
    "stadttakt_uplink_archive_failing",
    "1 while the newest attempt to archive the database's log failed",
)
BROKER_STORE_BYTES = Gauge(
    "stadttakt_uplink_broker_store_bytes", "Bytes of messages that the broker holds for sessions"
)
BROKER_DROPPED = Gauge(
    "stadttakt_uplink_broker_dropped_messages",
    "Messages that the broker dropped since it started, for sessions that were full",
)
DOWNLINKS = Counter(
    "stadttakt_uplink_downlinks_total", "Downlinks by what was told of them", ["state"]
)
