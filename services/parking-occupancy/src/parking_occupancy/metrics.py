# SPDX-License-Identifier: EUPL-1.2
"""What the service counts; names stay, since dashboards and alerts read them."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

OBSERVATIONS = Counter(
    "stadttakt_parking_observations_total", "Observations accepted, by how they came", ["way"]
)
REJECTED = Counter("stadttakt_parking_rejected_total", "Messages quarantined", ["reason"])
BATCH_SIZE = Histogram(
    "stadttakt_parking_batch_size",
    "Messages in one transaction",
    buckets=(1, 5, 20, 50, 100, 250, 500, 1000, 2500),
)
COMMIT_SECONDS = Histogram(
    "stadttakt_parking_commit_seconds",
    "Time of one change's transaction",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5),
)
PUBLISH_LAG = Histogram(
    "stadttakt_parking_publish_lag_seconds",
    "From receiving observations to the broker's acknowledgement of the states they changed",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 5, 30),
)
PUBLISHED = Counter("stadttakt_parking_published_total", "States published", ["kind"])
UNKNOWN_BAYS = Gauge("stadttakt_parking_unknown_bays", "Unknown general bays", ["lot_id"])
GATE_FINDINGS = Counter(
    "stadttakt_parking_gate_findings_total",
    "Messages of gates that are unusual: resets, roll-overs, gaps, doubtful counters",
    ["lot_id", "gate", "finding"],
)
DRIFT = Gauge(
    "stadttakt_parking_drift_vehicles",
    "How many vehicles gates got wrong within a day, learned miscounts left out",
    ["lot_id"],
)
DRIFT_LIMIT = Gauge(
    "stadttakt_parking_drift_limit_vehicles",
    "How many vehicles gates may get wrong in 24 h before that is told",
    ["lot_id"],
)
FLAPPING = Gauge("stadttakt_parking_flapping_bays", "Bays whose sensor flaps", ["lot_id"])
CONTRADICTING = Gauge(
    "stadttakt_parking_contradicting_bays",
    "Bays whose sensors contradict each other",
    ["lot_id"],
)
WITHDRAWN = Gauge("stadttakt_parking_withdrawn_signs", "Signs whose answer is over and not renewed")
FORECAST_SECONDS = Histogram(
    "stadttakt_parking_forecast_seconds",
    "Time of computing the forecasts of all lots",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
)
FORECAST_LEARNED = Gauge(
    "stadttakt_parking_forecast_learned_timestamp_seconds", "When the model in use was learned"
)
FORECAST_ERROR = Gauge(
    "stadttakt_parking_forecast_relative_error",
    "Yesterday's mean absolute error in parts of persistence's, mean over the lots",
    ["horizon_min"],
)
FORECAST_COVERAGE = Gauge(
    "stadttakt_parking_forecast_coverage",
    "How often yesterday's truth lay in the 80 % interval",
    ["horizon_min"],
)
UNSIGNED_SIGNS = Gauge(
    "stadttakt_parking_unsigned_signs", "Signs to be signed whose key cannot be used"
)
RECONSTRUCTED = Counter(
    "stadttakt_parking_reconstructed_bays_total", "Bays whose stays were made anew"
)
COUNTED = Counter(
    "stadttakt_parking_counted_total", "Buckets of history and days of stays counted", ["what"]
)
WAITING = Gauge(
    "stadttakt_parking_waiting_counts",
    "Bays, buckets and days that wait to be counted anew, at most 10,000 are told",
    ["what"],
)
