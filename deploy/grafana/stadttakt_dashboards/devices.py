# SPDX-License-Identifier: EUPL-1.2
"""Devices: who is silent, whose battery ends, where radio loses frames."""

from __future__ import annotations

from stadttakt_dashboards.dashboard import Dashboard
from stadttakt_dashboards.panels import About, curves, rows
from stadttakt_dashboards.queries import Metric, Sql

STATUS = [
    curves(
        About("Geräte nach Zustand", "Devices that are active, silent, unknown."),
        Metric(
            'max by (status) (stadttakt_uplink_devices_by_status{status!="retired"})', "{{status}}"
        ),
        stacked=True,
    ),
    curves(
        About(
            "Anteil stummer Geräte",
            "Silent ones among those that should be heard.",
            "percentunit",
            "DevicesSilent",
        ),
        Metric("stadttakt:devices_silent:ratio", "stumm"),
    ),
    rows(
        About("Geräte, die Aufmerksamkeit brauchen", "Silent devices, then weak batteries."),
        Sql("""
            select dev_eui as "Gerät", name as "Name", status as "Zustand", last_seen as "Zuletzt",
                   battery_percent as "Batterie", battery_ends_at as "Batterie leer",
                   lost_day::float8 / nullif(frames_day + lost_day, 0) as "Verlust"
              from uplink.v1_device_health
             where status <> 'retired'
             order by status = 'silent' desc, battery_ends_at nulls last, "Verlust" desc nulls last
             limit 200
        """),
        width=24,
        units={"Batterie": "percent", "Verlust": "percentunit"},
    ),
]
RADIO = [
    curves(
        About("Funkverlust nach Quelle", "Frames of 24 hours that are missing.", "percentunit"),
        Metric(
            'max by (source) (stadttakt_uplink_radio_frames{outcome="lost"})'
            " / sum by (source) (max by (source, outcome) (stadttakt_uplink_radio_frames))",
            "{{source}}",
        ),
    ),
    curves(
        About("Funkverlust je Stunde", "Frames that counters say are missing.", "percentunit"),
        Sql("""
            select hour as time,
                   sum(greatest(lost, 0))::float8 / nullif(sum(frames + greatest(lost, 0)), 0)
                       as "Verlust"
              from uplink.v1_radio_hour
             where $__timeFilter(hour)
             group by hour
             order by hour
        """),
    ),
    rows(
        About("Funkverlust nach Ort", "Places where most frames are missing, in the time shown."),
        Sql("""
            select place as "Ort", count(distinct dev_eui) as "Geräte", sum(frames) as "Rahmen",
                   sum(greatest(lost, 0))::float8 / nullif(sum(frames + greatest(lost, 0)), 0)
                       as "Verlust"
              from uplink.v1_radio_hour
             where $__timeFilter(hour)
             group by place
             order by "Verlust" desc nulls last
             limit 50
        """),
        units={"Verlust": "percentunit"},
    ),
    curves(
        About("Warten auf Prüfung", "Hours of devices whose health is not yet examined."),
        Metric("max(stadttakt_uplink_health_waiting)", "warten"),
        Metric("sum(increase(stadttakt_uplink_examined_total[1h]))", "geprüft je Stunde"),
    ),
]

DASHBOARD = Dashboard(
    "devices",
    "Stadttakt: Geräte und Funk",
    "Who is silent, whose battery ends, where radio loses frames.",
    [("Geräte", STATUS), ("Funk", RADIO)],
    since="now-24h",
)
