# SPDX-License-Identifier: EUPL-1.2
"""Rows behind every view that dashboards read, as of now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from support.open_data_rows import Rows


def fill(database_url: str) -> None:
    """Write what a day of a small city leaves in the services' tables."""
    rows = Rows(database_url)
    now = datetime.now(UTC)
    hour = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    rows.lot("markt", name="Markt")
    rows.history("markt", hour, 17.0)
    rows.stays("markt", now.date(), 120)
    rows.departure("trip-1", hour, "medium")
    rows.departure("trip-2", hour, None)
    rows.run(
        "insert into transit.vehicle (vehicle_id, kind, mode, seats, standing, doors, lines, sensors,"
        " sensing) values ('tram-1', 'tram', 'tram', 60, 90, '{}', '{}', '{}', '{}')"
    )
    rows.run(
        "insert into transit.vehicle_state (view, vehicle_id, line, level, occupancy_status,"
        " computed_at, valid_until, version, change_no)"
        " values ('vehicle', 'tram-1', '1', 'low', 'MANY_SEATS_AVAILABLE', now(),"
        " now() + interval '1 hour', 1, 1)"
    )
    rows.run(
        "insert into transit.line_comfort (day, line, direction, passenger_km, above_km, excess_km,"
        " sections, counted, simulated) values (current_date, '1', 0, 100, 10, 2, 9, 9, false)"
    )
    _devices(rows, hour)
    rows.indicator("occupancy", public=True, value=61.5, at=now)
    _computed(rows)
    rows.run(
        "insert into registry.idea (idea_id, version, title, summary, handlungsfeld, details, state,"
        " state_since, submitted_at, changed_at, channel, pseudonym, published_at, search)"
        " values ('i-1', 1, 't', 's', 'h', '{}', 'submitted', now(), now(), now(), 'form', 'p',"
        " now(), to_tsvector('t'))"
    )
    rows.run(
        "insert into opendata.usage_day (day, kind, subject, client, requests)"
        " values (current_date, 'feed', 'datex2-v3', 'robot', 12)"
    )


def _devices(rows: Rows, hour: datetime) -> None:
    rows.run(
        "insert into uplink.device (dev_eui, name, origin, expected_interval_s, last_seen,"
        " last_source) values ('d1', 'd1', 'city', 600, now() - interval '1 day', 'cs')"
    )
    rows.run(
        "insert into uplink.device_health_hour (dev_eui, hour, source_id, simulated, frames, lost,"
        " lost_long, repeated, resets, sessions, codec_errors, spreading, battery_mv, track)"
        " values ('d1', %s, 'cs', false, 9, 1, 0, 0, 0, 0, 0, '{}', 3000, '{}')",
        hour,
    )


def _computed(rows: Rows) -> None:
    definition = (
        '{"mehrwert": "m", "title": {"de": "Auslastung", "en": "Occupancy"}, "unit": "%",'
        ' "direction": "up", "public": true, "source": "formula", "formula": "f"}'
    )
    rows.run(
        "insert into kpi.formula (formula_id, position, definition) values ('f', 1, %s)",
        '{"version": 1, "unit": "%"}',
    )
    rows.run(
        "insert into kpi.indicator (indicator_id, position, definition) values ('load', 2, %s)",
        definition,
    )
    rows.run(
        "insert into kpi.computed_value (indicator_id, period, period_start, value, numerator,"
        " denominator, completeness, provisional, simulated, formula_id, formula_version, cause, days,"
        " computed_at) values ('load', 'month', date_trunc('month', now())::date, 60, 6, 10, 0.9,"
        " false, false, 'f', 1, 'first', '{}', now())"
    )
