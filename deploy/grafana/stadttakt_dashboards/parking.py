# SPDX-License-Identifier: EUPL-1.2
"""Car parks: how full, how sure, and what signs say."""

from __future__ import annotations

from stadttakt_dashboards.dashboard import Dashboard
from stadttakt_dashboards.panels import About, curves, number, rows
from stadttakt_dashboards.queries import Metric, Sql

LOTS = [
    rows(
        About("Parkplätze jetzt", "Lots now; no number once it is too old."),
        Sql("""
            select lot_id as "Parkplatz", name as "Name", state as "Zustand", free as "Frei",
                   capacity as "Plätze", occupied as "Belegt", unknown as "Unbekannt",
                   measured_at as "Gemessen", simulated as "Simuliert"
              from parking.v1_lot
             order by name
        """),
        width=24,
    ),
    curves(
        About("Belegte Plätze", "Occupied general places, by quarter of an hour."),
        Sql("""
            select start as time, name as metric, occupied_mean as "Belegt"
              from parking.v1_lot_history
             where width_s = 900 and $__timeFilter(start)
             order by start
        """),
    ),
    curves(
        About("Bekannter Anteil", "Share of place time of which anything is known.", "percentunit"),
        Sql("""
            select start as time, name as metric, completeness as "Bekannt"
              from parking.v1_lot_history
             where width_s = 900 and $__timeFilter(start)
             order by start
        """),
    ),
    rows(
        About("Umschlag der letzten 14 Tage", "Arrivals, turnover and dwell time by day."),
        Sql("""
            select day as "Tag", lot_id as "Parkplatz", arrivals as "Ankünfte",
                   turnover as "Umschlag", dwell_median_min as "Parkdauer",
                   full_share as "Voll", completeness as "Bekannt"
              from parking.v1_stay_day
             where day >= current_date - 14
             order by day desc, lot_id
        """),
        width=24,
        units={"Parkdauer": "m", "Voll": "percentunit", "Bekannt": "percentunit"},
    ),
]
SENSORS = [
    number(
        About("Schilder ohne Zahl", "Signs whose answer has run out.", alert="SignWithdrawn"),
        Metric("max(stadttakt_parking_withdrawn_signs)"),
        width=6,
    ),
    number(
        About("Schilder ohne Schlüssel", "Signs to be signed whose key cannot be read."),
        Metric("max(stadttakt_parking_unsigned_signs)"),
        width=6,
    ),
    number(
        About("Zweifelhafte Buchten", "Bays whose sensors flap, or contradict each other."),
        Metric("sum(stadttakt_parking_flapping_bays)", "flattern"),
        Metric("sum(stadttakt_parking_contradicting_bays)", "widersprechen sich"),
        width=12,
    ),
    curves(
        About("Unbekannte Buchten", "General bays that nobody knows about."),
        Metric("max by (lot_id) (stadttakt_parking_unknown_bays)", "{{lot_id}}"),
    ),
    curves(
        About(
            "Fehler der Zufahrten",
            "Vehicles that gates got wrong in a day, miscounts that are learned left out.",
            alert="GateDrift",
            line=False,
        ),
        Metric("stadttakt_parking_drift_vehicles", "{{lot_id}}"),
        Metric("stadttakt_parking_drift_limit_vehicles", "{{lot_id}}: Grenze"),
    ),
    curves(
        About("Auffällige Zufahrten", "Unusual messages of gates within an hour."),
        Metric(
            "sum by (finding) (increase(stadttakt_parking_gate_findings_total[1h]))", "{{finding}}"
        ),
    ),
    curves(
        About("Bis Schilder es wissen", "From receiving an observation to its state, 95 %.", "s"),
        Metric(
            "histogram_quantile(0.95, sum by (le)"
            " (rate(stadttakt_parking_publish_lag_seconds_bucket[$__rate_interval])))",
            "95 %",
        ),
    ),
    curves(
        About("Beobachtungen", "Observations taken, by how they came.", "cps"),
        Metric(
            "sum by (way) (rate(stadttakt_parking_observations_total[$__rate_interval]))", "{{way}}"
        ),
    ),
    curves(
        About("Warten auf Zählung", "Bays, buckets and days that are to be counted anew."),
        Metric("max by (what) (stadttakt_parking_waiting_counts)", "{{what}}"),
    ),
]

DASHBOARD = Dashboard(
    "parking",
    "Stadttakt: Parken",
    "How full lots are, how sure that is, and what signs say.",
    [("Parkplätze", LOTS), ("Sensoren und Schilder", SENSORS)],
    since="now-24h",
)
