# SPDX-License-Identifier: EUPL-1.2
"""What the service counts; docs/operations.md#metrics tells it to people."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

COMPUTED = Counter("stadttakt_kpi_values_total", "Values stored since they changed")
DAYS = Counter("stadttakt_kpi_days_total", "Days of formulas counted")
SECONDS = Gauge("stadttakt_kpi_computation_seconds", "How long the last computation took")
NOT_COMPUTABLE = Gauge("stadttakt_kpi_formulas_without_source", "Formulas whose source is missing")
REPORTS = Counter("stadttakt_kpi_reports_total", "Reports archived because they were due")
BEGUN = Gauge("stadttakt_kpi_computation_begun_seconds", "When a computation began last")
DONE = Gauge("stadttakt_kpi_computation_done_seconds", "When a computation was done last")
REFUSED = Gauge("stadttakt_kpi_framework_refused", "1: the newest framework was refused")
FAILING = Gauge("stadttakt_kpi_reports_failing", "Kinds of reports that could not be drawn last")
OVERDUE = Gauge("stadttakt_kpi_reports_overdue", "Reports that should have been made by yesterday")
