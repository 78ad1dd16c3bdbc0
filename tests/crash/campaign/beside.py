# SPDX-License-Identifier: EUPL-1.2
"""Two small lots, one that soon falls silent and one of the past, and what is told of the town.

Bays of `SHORT` are unknown two seconds after their last word: its sign tells no number then, and feeds must
say so by themselves when parking cannot. Of `PAST` only a day is told that is over, each word good for one quarter of an hour:
what late data do to history and indicators is arithmetic.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

SHORT, PAST = "kurz", "gestern"
BESIDE = {SHORT: 3, PAST: 3}
SILENT_AFTER_S = {SHORT: 2.0, PAST: 900.0}
QUARTER = timedelta(minutes=15)
FIRST_QUARTER, QUARTERS = timedelta(hours=8), 40
"""From eight in the morning (UTC): one day, whatever the zone of the city's summer is."""

INDICATOR = "belegung"

_LOT = """\
  - {{lot_id: {lot_id}, name: {lot_id}, capacity: {count}, detection: single_bay,
      lat: 51.48, lon: 11.96, heartbeat_limit_s: {limit}}}
"""
_PUBLICATION = "country: de\nnational_identifier: DE-Campaign\nbase_url: https://daten.example\n"
_POLICY = """\
states:
  - kind: lot
    fields: [lot_id, name, capacity, free, free_min, free_max, occupied, unknown, out_of_service, state,
             opening, closed_by, closed_reason, trend, detection, lat, lon, by_kind, measured_at, computed_at,
             valid_until, simulated]
    licence: dl-zero-de/2.0
  - kind: vehicle
    fields: [vehicle_id, line, direction, trip_id, start_date, stop_id, capacity, level, occupancy_status,
             measured_at, valid_until, simulated, lat, lon, bearing_deg, speed_mps, position_at]
    licence: dl-zero-de/2.0
  - kind: bay
    fields: [bay_id, lot_id, kind, state, reason, since, measured_at, valid_until, lat, lon, simulated]
    licence: dl-zero-de/2.0
"""
_FRAMEWORK = f"""\
mehrwerte:
  - {{mehrwert: a, title: {{de: A, en: A}}, description: d}}
indicators:
  - indicator_id: {INDICATOR}
    mehrwert: a
    title: {{de: Belegung, en: Occupancy}}
    measured: m
    unit: '%'
    direction: up
    source: formula
    formula: lots
    period: day
    version: 1
    method: m
    owner: o
    public: true
    minimum: 0
    maximum: 100
formulas:
  - formula: lots
    version: 1
    unit: '%'
    aggregation: ratio
    view: parking.v1_lot_quarter_hour
    time: start
    measure: occupied_places
    per: known_places
    by: lot_id
    only: {{lot_id: [{PAST}]}}
    least_completeness: 0
"""


def bays_beside() -> list[tuple[str, str]]:
    """Return the bays of both lots, each with its lot."""
    return [(f"{lot}-{n}", lot) for lot, count in BESIDE.items() for n in range(1, count + 1)]


def lots_beside() -> list[str]:
    """Return both lots as `lots.yaml` has them."""
    return [
        _LOT.format(lot_id=lot_id, count=count, limit=SILENT_AFTER_S[lot_id])
        for lot_id, count in BESIDE.items()
    ]


def quarters_of(now: datetime) -> list[datetime]:
    """Return the quarters of an hour of which the past is told: those of the day before yesterday."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
    return [day + FIRST_QUARTER + number * QUARTER for number in range(QUARTERS)]


def write_told(city: Path) -> None:
    """Write how the town publishes, and its one indicator."""
    for part in ("opendata", "kpi"):
        (city / part).mkdir()
    (city / "opendata/publication.yaml").write_text(_PUBLICATION)
    (city / "opendata/policy.yaml").write_text(_POLICY)
    (city / "kpi/framework.yaml").write_text(_FRAMEWORK)
