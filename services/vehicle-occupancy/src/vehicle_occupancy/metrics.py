# SPDX-License-Identifier: EUPL-1.2
"""What the service counts; names stay, since dashboards and alerts read them."""

from __future__ import annotations

from math import nan

from prometheus_client import Counter, Gauge, Histogram

MESSAGES = Counter(
    "stadttakt_transit_messages_total",
    "Messages accepted, by kind and how they came",
    ["kind", "way"],
)
REJECTED = Counter("stadttakt_transit_rejected_total", "Messages quarantined", ["reason"])
BATCH_SIZE = Histogram(
    "stadttakt_transit_batch_size",
    "Messages in one transaction",
    buckets=(1, 5, 20, 50, 100, 250, 500, 1000, 2500),
)
COMMIT_SECONDS = Histogram(
    "stadttakt_transit_commit_seconds",
    "Time of one change's transaction",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5),
)
PUBLISH_LAG = Histogram(
    "stadttakt_transit_publish_lag_seconds",
    "From receiving messages to the broker's acknowledgement of the states they changed",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 5, 30),
)
PUBLISHED = Counter("stadttakt_transit_published_total", "States published", ["view"])
REPUBLISHED = Counter(
    "stadttakt_transit_republished_total", "States that only the sweep found unpublished"
)
FINDINGS = Counter(
    "stadttakt_transit_door_findings_total",
    "Messages of doors that are unusual: resets, roll-overs, doubtful counters, defects",
    ["finding"],
)
DRIFT = Histogram(
    "stadttakt_transit_drift_persons",
    "Persons by which a count was wrong where its vehicle was known to be empty, by direction",
    ["cause", "direction"],
    buckets=(0.5, 1, 2, 3, 5, 8, 12, 20, 35, 60),
)
IMBALANCE = Histogram(
    "stadttakt_transit_trip_imbalance_persons",
    "Persons that a trip's counts, doors' usual misses taken off, had too many or too few",
    ["direction"],
    buckets=(0.5, 1, 2, 3, 5, 8, 12, 20, 35, 60),
)
DEAD_DOORS = Gauge(
    "stadttakt_transit_dead_doors", "Doors that count nobody while others of their vehicle do"
)
DRIFTING = Gauge(
    "stadttakt_transit_drifting_vehicles",
    "Vehicles whose counts were wrong by more than ten persons where they were empty, on average of"
    " a day",
)
FOLDED_ANEW = Counter(
    "stadttakt_transit_folded_anew_total",
    "Loads counted anew since a message came late, from memory or from stored readings",
    ["source"],
)
STOP_ROUND_SECONDS = Histogram(
    "stadttakt_transit_stop_round_seconds",
    "Time to count the stops of all vehicles of which something was said",
    buckets=(0.1, 0.3, 1, 3, 10, 15, 30, 60, 300),
)
FORECAST_ISSUED = Gauge(
    "stadttakt_transit_forecast_issued_timestamp_seconds", "When forecasts were last issued"
)
FORECAST_TRIPS = Gauge(
    "stadttakt_transit_forecast_trips", "Trips of the service day that are forecast"
)
# Unknown before the first night, on a standby, and while too little was counted.
FORECAST_TRIPS.set(nan)
TIMETABLE_DAYS_LEFT = Gauge(
    "stadttakt_transit_timetable_days_left",
    "Days after the service day for which there is a timetable; below 0: it is over; NaN: none ever was",
)
TIMETABLE_DAYS_LEFT.set(nan)
FORECAST_SECONDS = Histogram(
    "stadttakt_transit_forecast_seconds",
    "Time to learn and to issue the forecasts of a night",
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 300),
)
FORECAST_ERROR = Gauge(
    "stadttakt_transit_forecast_error_ratio",
    "Mean absolute error of a day's forecasts in parts of a baseline's",
    ["horizon", "baseline"],
)
PEAKS_EXPECTED = Gauge("stadttakt_transit_peaks_expected", "Peaks still to come on the service day")
NO_DATA = Gauge("stadttakt_transit_vehicles_without_data", "Vehicles whose load nobody knows")
