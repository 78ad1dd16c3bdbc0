# SPDX-License-Identifier: EUPL-1.2
"""Whether forecasts of parking and vehicles are better than doing without them."""

from __future__ import annotations

from stadttakt_dashboards.dashboard import Dashboard
from stadttakt_dashboards.panels import About, curves, number
from stadttakt_dashboards.queries import Metric

PARKING = [
    curves(
        About(
            "Fehler beim Parken",
            "Yesterday's error in parts of persistence's; above 1 it is worse.",
            alert="ForecastDrift",
        ),
        Metric(
            "max by (horizon_min) (stadttakt_parking_forecast_relative_error)",
            "{{horizon_min}} min",
        ),
    ),
    curves(
        About(
            "Treffer des 80-%-Intervalls",
            "How often yesterday's truth lay within the interval; 80 % is right.",
            "percentunit",
        ),
        Metric("max by (horizon_min) (stadttakt_parking_forecast_coverage)", "{{horizon_min}} min"),
    ),
    number(
        About("Alter des Parkmodells", "Since the model in use was learned.", "s"),
        Metric("time() - max(stadttakt_parking_forecast_learned_timestamp_seconds)"),
        width=12,
    ),
    number(
        About("Rechenzeit der Parkprognose", "Time of computing all lots, 95 %.", "s"),
        Metric(
            "histogram_quantile(0.95,"
            " sum by (le) (rate(stadttakt_parking_forecast_seconds_bucket[1h])))"
        ),
        width=12,
    ),
]
VEHICLES = [
    curves(
        About(
            "Fehler bei Fahrzeugen",
            "Error of the last day in parts of last week's and of the mean's.",
            alert="ForecastDrift",
        ),
        Metric(
            "max by (horizon, baseline) (stadttakt_transit_forecast_error_ratio)",
            "{{horizon}} gegen {{baseline}}",
        ),
        width=24,
    ),
    number(
        About("Alter der Fahrtprognosen", "Since forecasts were last issued.", "s"),
        Metric("time() - max(stadttakt_transit_forecast_issued_timestamp_seconds)"),
        width=8,
    ),
    number(
        About(
            "Fahrten mit Prognose",
            "Trips of the service day that are forecast.",
            alert="NothingForecast",
        ),
        Metric("max(stadttakt_transit_forecast_trips)"),
        width=8,
    ),
    number(
        About(
            "Tage bis zum Fahrplanende",
            "Days after today for which there is a timetable.",
            alert="TimetableEnds",
        ),
        Metric("max(stadttakt_transit_timetable_days_left)"),
        width=8,
    ),
    number(
        About("Rechenzeit einer Nacht", "Time to learn and to issue, mean of a day.", "s"),
        Metric(
            "sum(increase(stadttakt_transit_forecast_seconds_sum[1d]))"
            " / sum(increase(stadttakt_transit_forecast_seconds_count[1d]))"
        ),
        width=8,
    ),
]

DASHBOARD = Dashboard(
    "forecasts",
    "Stadttakt: Güte der Prognosen",
    "Whether forecasts are better than doing without them.",
    [("Parken", PARKING), ("Fahrzeuge", VEHICLES)],
    since="now-30d",
)
