# SPDX-License-Identifier: EUPL-1.2
"""Rows in the services' own tables, as their views show them to the publisher; some are planted."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import psycopg

PLANTED = "PLANTED-4711"
PLANTED_NUMBER = 47.114711
SECRET_INTEGER = 471147
LATE = timedelta(seconds=101)
_HOUR = timedelta(hours=1)


class Rows:
    """Writes rows as the services would."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url.replace("postgresql+psycopg", "postgresql")

    def run(self, statement: str, *values: Any) -> None:
        with psycopg.connect(self._url) as connection:
            connection.execute(statement, values)

    def many(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        with psycopg.connect(self._url) as connection, connection.cursor() as cursor:
            cursor.executemany(statement, rows)

    def lot(self, lot_id: str, *, name: str = PLANTED) -> None:
        self.run(
            "insert into parking.lot (lot_id, name, capacity, detection, lat, lon, opening, reserve,"
            " unknown_limit) values (%s, %s, 40, 'single_bay', %s, %s, '24/7', 0, 0.2)",
            lot_id, name, PLANTED_NUMBER, 11.97,
        )  # fmt: skip

        self.run(
            "insert into parking.lot_state (lot_id, state, capacity, occupied, unknown,"
            " out_of_service, by_kind, samples, computed_at, valid_until, version, change_no)"
            " values (%s, 'unknown', 40, 0, 40, 0, '{}', '[]', now(), now(), 1, 1)",
            lot_id,
        )

    def history(self, lot_id: str, start: datetime, free: float, *, width_s: int = 900) -> None:
        self.run(
            "insert into parking.lot_history (lot_id, width_s, start, free_mean, free_min, free_max,"
            " occupied_mean, unknown_mean, completeness) values (%s, %s, %s, %s, 1, 40, 20, 0, 1)"
            " on conflict (lot_id, width_s, start) do update set free_mean = excluded.free_mean",
            lot_id, width_s, start, free,
        )  # fmt: skip

    def forget_history(self, lot_id: str, start: datetime) -> None:
        self.run("delete from parking.lot_history where lot_id = %s and start = %s", lot_id, start)

    def bay(self, bay_id: str, lot_id: str, kind: str) -> None:
        self.run(
            "insert into parking.bay (bay_id, lot_id, kind, lat, lon, heartbeat_limit_s)"
            " values (%s, %s, %s, 51.4, 11.9, 7200)",
            bay_id, lot_id, kind,
        )  # fmt: skip

    def bays(self, lot_id: str, kind: str, count: int, start: datetime) -> None:
        """Give a lot bays of a kind, the first half of which were taken for half of an hour."""
        ids = [f"{lot_id}-{kind}-{number}-{PLANTED}" for number in range(count)]
        self.many(
            "insert into parking.bay (bay_id, lot_id, kind, lat, lon, heartbeat_limit_s)"
            " values (%s, %s, %s, 51.4, 11.9, 7200)",
            [(bay_id, lot_id, kind) for bay_id in ids],
        )
        half, end = start + _HOUR / 2, start + _HOUR
        self.many(
            "insert into parking.bay_stretch (bay_id, begun_to, occupied, ended_from, ended_to,"
            " ending, simulated) values (%s, %s, %s, %s, %s, 'seen', false)",
            [
                row
                for bay_id in ids
                for row in ((bay_id, start, True, half, half), (bay_id, half, False, end, end))
            ],
        )
        self.history(lot_id, start, 1, width_s=3600)

    def stays(self, lot_id: str, day: date, arrivals: int, *, dwell: float = 55.5) -> None:
        self.run(
            "insert into parking.stay_day (lot_id, day, arrivals, departures, dwell_median_min,"
            " turnover, failed_entries, completeness, simulated)"
            " values (%s, %s, %s, %s, %s, 1.5, %s, 1, false)",
            lot_id, day, arrivals, arrivals, dwell, SECRET_INTEGER,
        )  # fmt: skip

    def departure(
        self,
        trip_id: str,
        at: datetime,
        level: str | None,
        *,
        told: bool = True,
        known: bool = True,
    ) -> None:
        """Let a trip leave a stop `LATE` after its time; not `known`: its timetable is forgotten."""
        if known:
            self._timetable(trip_id, at)
        left = at + LATE
        self.run(
            "insert into transit.stop_visit (start_date, trip_id, vehicle_id, call_index, version_id,"
            " line, direction, stop_id, arrived_at, departed_at, load, load_min, load_max,"
            " occupancy_status, places, public_level, level, is_told, timing, served_by, computed_at)"
            " values (%s, %s, %s, 3, 1, 'T1', 0, 'markt', %s, %s, %s, %s, %s, %s, 150, %s, %s, %s,"
            " 'seen', 'seen', %s)",
            f"{at:%Y%m%d}", trip_id, PLANTED, left, left, SECRET_INTEGER, SECRET_INTEGER,
            SECRET_INTEGER, PLANTED, level, PLANTED, told, left,
        )  # fmt: skip

    def _timetable(self, trip_id: str, at: datetime) -> None:
        self.run(
            "insert into transit.timetable_version (version_id, fingerprint, name, publisher,"
            " timezone, valid_from, valid_to, imported_at, summary) overriding system value"
            " values (1, %s, %s, %s, 'UTC', %s, %s, now(), '{}') on conflict do nothing",
            PLANTED, PLANTED, PLANTED, at.date(), at.date(),
        )  # fmt: skip
        since_midnight = at - at.replace(hour=0, minute=0, second=0, microsecond=0)
        seconds = 4 * [int(since_midnight.total_seconds())]
        self.run(
            "insert into transit.timetable_trip (version_id, trip_id, pattern_id, service, headsign,"
            " exact, arrivals_s, departures_s) values (1, %s, 1, 1, %s, true, %s, %s)"
            " on conflict do nothing",
            trip_id, PLANTED, seconds, seconds,
        )  # fmt: skip

    def environment(
        self, asset_id: str, start: datetime, mean: float, *, width_s: int = 900, count: int = 3
    ) -> None:
        self.run(
            "insert into uplink.asset (asset_id, kind, name, lat, lon, description)"
            " values (%s, 'environment', %s, %s, 11.9, %s) on conflict do nothing",
            asset_id, PLANTED, PLANTED_NUMBER, PLANTED,
        )  # fmt: skip
        self.run(
            "insert into uplink.environment_rollup (asset_id, width_s, quantity, start, unit, count,"
            " mean, min, max, first, last, simulated)"
            " values (%s, %s, 'temperature', %s, 'Cel', %s, %s, 1, 2, %s, %s, false)",
            asset_id, width_s, start, count, mean, PLANTED_NUMBER, PLANTED_NUMBER,
        )  # fmt: skip

    def indicator(self, indicator_id: str, *, public: bool, value: float, at: datetime) -> None:
        definition = (
            f'{{"mehrwert": "{PLANTED}", "title": {{"de": "{PLANTED}", "en": "{PLANTED}"}},'
            f' "unit": "%", "direction": "up", "public": {str(public).lower()}}}'
        )
        self.run(
            "insert into kpi.indicator (indicator_id, position, definition) values (%s, 1, %s)",
            indicator_id, definition,
        )  # fmt: skip
        self.run(
            "insert into kpi.indicator_value (indicator_id, period, period_start, value, source,"
            " source_date, evidence, author_role, cause, indicator_version, author, proposed_at, state,"
            " decided_by, decided_at, decision_note)"
            " values (%s, 'year', '2026-01-01', %s, 'manual', '2026-01-01', %s, %s, %s, 1, %s, %s,"
            " 'approved', %s, %s, %s)",
            indicator_id, value, PLANTED, PLANTED, PLANTED, PLANTED, at, PLANTED, at, PLANTED,
        )  # fmt: skip
