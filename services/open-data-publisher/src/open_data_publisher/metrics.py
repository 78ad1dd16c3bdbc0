# SPDX-License-Identifier: EUPL-1.2
"""What the service measures of itself."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

STATES = Counter("stadttakt_opendata_states_total", "States taken from the broker", ["kind"])
REJECTED = Counter("stadttakt_opendata_rejected_total", "Messages that are no state", ["reason"])
BUILD_SECONDS = Histogram(
    "stadttakt_opendata_build_seconds",
    "Rendering of one feed",
    ["feed"],
    buckets=(0.005, 0.02, 0.1, 0.3, 1, 3),
)
BUILT_AT = Gauge("stadttakt_opendata_built_timestamp_seconds", "When a feed was rendered", ["feed"])
POLICY_REFUSED = Gauge(
    "stadttakt_opendata_policy_refused",
    "1 while the city's policy file is refused and the policy before it holds",
)
PAGE_SOURCES = Counter(
    "stadttakt_opendata_page_sources_total",
    "Readings of other services for pages",
    ["source", "outcome"],
)
DATASET_SECONDS = Histogram(
    "stadttakt_opendata_dataset_seconds",
    "Comparing days of a dataset with their source",
    ["dataset"],
    buckets=(0.02, 0.1, 0.5, 2, 10),
)
DATASET_CHANGED_AT = Gauge(
    "stadttakt_opendata_dataset_changed_timestamp_seconds",
    "When a dataset changed last",
    ["dataset"],
)
FEEDBACK = Counter("stadttakt_opendata_feedback_total", "Reports about accessibility", ["outcome"])
DELIVERIES = Counter(
    "stadttakt_opendata_deliveries_total",
    "Attempts to deliver, by what came of them",
    ["target", "feed", "status"],
)
DELIVERY_SECONDS = Histogram(
    "stadttakt_opendata_delivery_seconds",
    "One attempt to deliver",
    ["target"],
    buckets=(0.05, 0.2, 1, 5, 20, 60),
)
DELIVERED_AT = Gauge(
    "stadttakt_opendata_delivered_timestamp_seconds",
    "When a feed was last delivered to a target",
    ["target", "feed"],
)
OPEN_DELIVERIES = Gauge(
    "stadttakt_opendata_open_deliveries", "Deliveries that are still to be made", ["target"]
)
CERTIFICATE_ENDS_AT = Gauge(
    "stadttakt_opendata_certificate_ends_timestamp_seconds",
    "Until when the client certificate for a target is valid",
    ["target"],
)
