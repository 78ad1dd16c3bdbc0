# SPDX-License-Identifier: EUPL-1.2
"""What the scripts cost; names stay, since dashboards and alerts read them."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

SECONDS = Histogram(
    "stadttakt_uplink_script_seconds",
    "Time of one call into the JavaScript engine, of one or several frames",
    buckets=(0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 1, 5),
)
FRAMES = Counter("stadttakt_uplink_script_frames_total", "Frames given to JavaScript codecs")
LIMITS = Counter(
    "stadttakt_uplink_script_limits_total", "Frames stopped by a limit of the engine", ["reason"]
)
SUSPENDED = Gauge("stadttakt_uplink_script_suspended", "Codec versions suspended at present")
KILLED = Counter(
    "stadttakt_uplink_script_processes_ended_total",
    "Worker processes that a script took down, each replaced",
)
WAITING = Gauge("stadttakt_uplink_script_waiting", "Frames given to the workers and not answered")
