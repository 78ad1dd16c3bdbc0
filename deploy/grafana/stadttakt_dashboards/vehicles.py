# SPDX-License-Identifier: EUPL-1.2
"""Trams and buses: levels, peaks, and whether doors count well. Numbers of persons stay in the service."""

from __future__ import annotations

from stadttakt_dashboards.dashboard import Dashboard
from stadttakt_dashboards.panels import About, curves, number, rows
from stadttakt_dashboards.queries import Metric, Sql

NOW = [
    number(
        About("Fahrzeuge ohne Daten", "Vehicles whose load nobody knows."),
        Metric("max(stadttakt_transit_vehicles_without_data)"),
        width=6,
    ),
    number(
        About("Tote Türen", "Doors that count nobody while others of their vehicle do."),
        Metric("max(stadttakt_transit_dead_doors)"),
        width=6,
    ),
    number(
        About("Erwartete Spitzen heute", "Peaks above the comfort limit still to come."),
        Metric("max(stadttakt_transit_peaks_expected)"),
        width=6,
    ),
    number(
        About(
            "Fahrzeuge mit falscher Zählung",
            "Vehicles whose counts were wrong by more than ten persons when empty, on average of a day.",
            alert="DoorDrift",
        ),
        Metric("max(stadttakt_transit_drifting_vehicles)"),
        width=6,
    ),
    rows(
        About("Fahrzeuge jetzt", "Levels as everybody may know them."),
        Sql("""
            select vehicle_id as "Fahrzeug", line as "Linie", direction as "Richtung",
                   level as "Stufe", occupancy_status as "Besetzung", stop_id as "Halt",
                   measured_at as "Gemessen", simulated as "Simuliert"
              from transit.v1_vehicle
             order by line nulls last, vehicle_id
        """),
    ),
    rows(
        About("Linien der letzten 14 Tage", "Share of passenger kilometres above the limit."),
        Sql("""
            select day as "Tag", line as "Linie", direction as "Richtung",
                   share_above as "Über der Grenze", completeness as "Bekannt"
              from transit.v1_line_comfort
             where day >= current_date - 14
             order by share_above desc nulls last
        """),
        {"Über der Grenze": "percentunit", "Bekannt": "percentunit"},
    ),
    curves(
        About("Abfahrten nach Stufe", "Departures of each hour, by the level that was told."),
        Sql("""
            select date_trunc('hour', planned_departure) as time, coalesce(level, 'keine Daten') as metric,
                   count(*) as "Abfahrten"
              from transit.v1_departure_level
             where $__timeFilter(planned_departure)
             group by 1, 2
             order by 1
        """),
        width=24,
        stacked=True,
    ),
]
COUNTING = [
    curves(
        About("Nachrichten", "Messages about vehicles, by kind.", "cps"),
        Metric(
            "sum by (kind) (rate(stadttakt_transit_messages_total[$__rate_interval]))", "{{kind}}"
        ),
    ),
    curves(
        About("Auffällige Türen", "Unusual messages of doors within an hour."),
        Metric(
            "sum by (finding) (increase(stadttakt_transit_door_findings_total[1h]))", "{{finding}}"
        ),
    ),
    curves(
        About(
            "Unausgeglichene Fahrten", "Persons that a trip had too many or too few, on average."
        ),
        Metric(
            "sum by (direction) (increase(stadttakt_transit_trip_imbalance_persons_sum[1d]))"
            " / sum by (direction) (increase(stadttakt_transit_trip_imbalance_persons_count[1d]))",
            "{{direction}}",
        ),
    ),
    curves(
        About("Bis die Stufe bekannt ist", "From receiving a message to its state, 95 %.", "s"),
        Metric(
            "histogram_quantile(0.95, sum by (le)"
            " (rate(stadttakt_transit_publish_lag_seconds_bucket[$__rate_interval])))",
            "95 %",
        ),
    ),
    curves(
        About("Dauer einer Haltezählung", "Time to count the stops of all vehicles, 95 %.", "s"),
        Metric(
            "histogram_quantile(0.95, sum by (le)"
            " (rate(stadttakt_transit_stop_round_seconds_bucket[$__rate_interval])))",
            "95 %",
        ),
    ),
    curves(
        About("Neu gefaltet", "Loads counted anew within an hour for late messages."),
        Metric("sum by (source) (increase(stadttakt_transit_folded_anew_total[1h]))", "{{source}}"),
    ),
]

DASHBOARD = Dashboard(
    "vehicles",
    "Stadttakt: Fahrzeuge und Spitzen",
    "Levels of vehicles, peaks, and whether doors count well.",
    [("Jetzt", NOW), ("Zählung", COUNTING)],
    since="now-24h",
)
