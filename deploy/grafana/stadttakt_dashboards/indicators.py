# SPDX-License-Identifier: EUPL-1.2
"""Indicators of the city's framework, and ideas and measures, as everybody may know them."""

from __future__ import annotations

from stadttakt_dashboards.dashboard import Dashboard
from stadttakt_dashboards.panels import About, curves, number, rows
from stadttakt_dashboards.queries import Metric, Sql

VALUES = [
    rows(
        About("Kennzahlen", "The newest value of each public indicator and period."),
        Sql("""
            select distinct on (indicator_id, period) indicator_id as "Kennzahl",
                   title_de as "Titel", period as "Zeitraum", period_start as "Beginn",
                   value as "Wert", unit as "Einheit", reason as "Kein Wert, weil",
                   completeness as "Vollständig", confidence as "Vertrauen",
                   provisional as "Vorläufig", simulated as "Simuliert"
              from kpi.v1_indicator_value
             order by indicator_id, period, period_start desc
        """),
        width=24,
        units={"Vollständig": "percentunit"},
    ),
    curves(
        About("Verlauf nach Monat", "Values of months that hold."),
        Sql("""
            select period_start::timestamp at time zone 'UTC' as time, indicator_id as metric,
                   value as "Wert"
              from kpi.v1_indicator_value
             where period = 'month' and in_force and $__timeFilter(period_start)
             order by period_start
        """),
    ),
    curves(
        About(
            "Vollständigkeit nach Monat",
            "Share of the data that values are made of.",
            "percentunit",
        ),
        Sql("""
            select period_start::timestamp at time zone 'UTC' as time, indicator_id as metric,
                   completeness as "Vollständig"
              from kpi.v1_indicator_value
             where period = 'month' and completeness is not null and $__timeFilter(period_start)
             order by period_start
        """),
    ),
]
WORK = [
    number(
        About(
            "Kennzahlen ohne Quelle",
            "Formulas whose view is missing, or lacks a column.",
            alert="FormulaWithoutSource",
        ),
        Metric("max(stadttakt_kpi_formulas_without_source)"),
        width=6,
    ),
    number(
        About("Letzte Berechnung", "How long the last computation took.", "s"),
        Metric("max(stadttakt_kpi_computation_seconds)"),
        width=6,
    ),
    number(
        About("Werte eines Tages", "Values stored within 24 hours, since they changed."),
        Metric("sum(increase(stadttakt_kpi_values_total[1d]))"),
        width=6,
    ),
    number(
        About("Berichte eines Tages", "Reports archived within 24 hours, since they were due."),
        Metric("sum(increase(stadttakt_kpi_reports_total[1d]))"),
        width=6,
    ),
    number(
        About(
            "Seit der letzten Berechnung",
            "Since a computation was done last.",
            "s",
            alert="IndicatorsOld",
        ),
        Metric("time() - max(stadttakt_kpi_computation_done_seconds)"),
        width=6,
    ),
    number(
        About(
            "Begonnen, nicht fertig",
            "How much later a computation began than one was done; below zero all is done.",
            "s",
            alert="IndicatorsFailing",
        ),
        Metric(
            "max(stadttakt_kpi_computation_begun_seconds)"
            " - max(stadttakt_kpi_computation_done_seconds)"
        ),
        width=6,
    ),
    number(
        About(
            "Rahmen abgelehnt",
            "Whether the newest framework of indicators was refused.",
            alert="FrameworkRefused",
        ),
        Metric("max(stadttakt_kpi_framework_refused)"),
        width=6,
        answers=True,
    ),
    number(
        About(
            "Überfällige Berichte",
            "Reports that should have been made by yesterday.",
            alert="ReportOverdue",
        ),
        Metric("max(stadttakt_kpi_reports_overdue)"),
        width=6,
    ),
    number(
        About(
            "Misslungene Berichte",
            "Kinds of reports that are due and could not be drawn last.",
            alert="ReportFailing",
        ),
        Metric("max(stadttakt_kpi_reports_failing)"),
        width=6,
    ),
]
IDEAS = [
    rows(
        About("Ideen nach Stand", "Published ideas, by state."),
        Sql("""
            select state as "Stand", count(*) as "Ideen", max(submitted_at) as "Neueste"
              from registry.v1_idea
             where not goes_on
             group by state
             order by 2 desc
        """),
    ),
    curves(
        About("Formulare", "Forms of ideas within a day, by what became of them."),
        Metric("sum by (outcome) (increase(stadttakt_registry_forms_total[1d]))", "{{outcome}}"),
    ),
    curves(
        About("Briefe", "Mails to submitters within a day, and those that wait."),
        Metric("sum by (outcome) (increase(stadttakt_registry_mails_total[1d]))", "{{outcome}}"),
        Metric("max(stadttakt_registry_mails_waiting)", "warten"),
        width=18,
    ),
    number(
        About(
            "Briefe, die nicht weggehen",
            "The fewest mails to submitters that waited within two hours; none where all is well.",
            alert="MailsWaiting",
        ),
        Metric("max(min_over_time(stadttakt_registry_mails_waiting[2h]))"),
        width=6,
    ),
]

DASHBOARD = Dashboard(
    "indicators",
    "Stadttakt: Kennzahlen, Ideen",
    "Indicators of the city's framework, and ideas.",
    [("Werte", VALUES), ("Berechnung", WORK), ("Ideen", IDEAS)],
    since="now-1y",
)
