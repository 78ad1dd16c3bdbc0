# SPDX-License-Identifier: EUPL-1.2
"""Vehicles and rules as configured: written by `city apply`, read by the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.city import City, Region
from vehicle_occupancy.domain.load.level import LevelRules
from vehicle_occupancy.domain.load.vehicle import Axles, Door, VehicleRules
from vehicle_occupancy.domain.presence import PresenceCalibration
from vehicle_occupancy.domain.publication import PublicationPolicy
from vehicle_occupancy.domain.vehicle import Vehicle
from vehicle_occupancy.storage import calibration

_LOCK = "select version from configuration for update"
_WRITE_VEHICLES = """
insert into vehicle (vehicle_id, kind, mode, seats, standing, doors, lines, sensors, sensing)
select vehicle_id, kind, mode, seats, standing, doors, lines, sensors, sensing
  from jsonb_populate_recordset(null::vehicle, $1::jsonb)
    on conflict (vehicle_id) do update
   set kind = excluded.kind, mode = excluded.mode, seats = excluded.seats,
       standing = excluded.standing, doors = excluded.doors, lines = excluded.lines,
       sensors = excluded.sensors, sensing = excluded.sensing, retired_at = null
 where vehicle.* is distinct from excluded.*
returning 1
"""
_RETIRE_VEHICLES = """
update vehicle set retired_at = now()
 where retired_at is null and vehicle_id <> all ($1::text[]) returning 1
"""
_WRITE_RULES = """
update configuration set rules = $1::jsonb where rules is distinct from $1::jsonb returning 1
"""
_BUMP = "update configuration set version = version + 1"
_VERSION = "select version from configuration"
_RULES = "select rules from configuration"
_VEHICLES = "select * from vehicle where retired_at is null"


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying a folder changed: vehicles new or changed, retired, and whether rules were."""

    written: int
    retired: int
    rules: bool


async def apply(
    connection: Any, *, vehicles: Sequence[Mapping[str, Any]], rules: Mapping[str, Any]
) -> Applied:
    """Bring the tables to these rows; the version grows if anything changed."""
    await connection.fetchval(_LOCK)
    written = await connection.fetch(_WRITE_VEHICLES, orjson.dumps(vehicles).decode())
    retired = await connection.fetch(_RETIRE_VEHICLES, [row["vehicle_id"] for row in vehicles])
    changed = await connection.fetch(_WRITE_RULES, orjson.dumps(rules).decode())
    applied = Applied(len(written), len(retired), bool(changed))
    if written or retired or changed:
        await connection.execute(_BUMP)
    return applied


async def version(connection: Any) -> int:
    """Return the version of the configuration."""
    return int(await connection.fetchval(_VERSION))


async def touch(connection: Any) -> None:
    """Have the running service read the configuration anew."""
    await connection.execute(_BUMP)


async def load(connection: Any) -> City:
    """Return the city as configured, without what is retired."""
    rules = orjson.loads(await connection.fetchval(_RULES))
    rows = await connection.fetch(_VEHICLES)
    presence = await calibration.newest(connection)
    vehicles = [_vehicle(row, presence) for row in rows]
    return City(
        vehicles={each.vehicle_id: each for each in vehicles},
        sensors={sensor: VehicleId(row["vehicle_id"]) for row in rows for sensor in row["sensors"]},
        levels=LevelRules(**rules.get("levels", {})),
        publication=PublicationPolicy(**rules.get("publication", {})),
        labels=rules.get("labels", {}),
        region=Region(*rules["region"]) if rules.get("region") else None,
        timezone=rules.get("timezone", "UTC"),
    )


async def publication_policy(connection: Any) -> PublicationPolicy:
    """Return how small counts are protected."""
    rules = orjson.loads(await connection.fetchval(_RULES))
    return PublicationPolicy(**rules.get("publication", {}))


def _vehicle(row: Any, presence: PresenceCalibration) -> Vehicle:
    sensing = orjson.loads(row["sensing"])
    counting = sensing["counting"]
    axles = sensing["axles"]
    rules = VehicleRules(
        seats=row["seats"],
        standing=row["standing"],
        doors=tuple(Door(name, **counting) for name in row["doors"]),
        axles=Axles(**axles) if axles else None,
        presence=presence,
        stale_after=timedelta(seconds=sensing["silent_after_s"]),
    )
    return Vehicle(
        vehicle_id=VehicleId(row["vehicle_id"]),
        kind=row["kind"],
        mode=row["mode"],
        rules=rules,
        lines=tuple(row["lines"]),
        persons=frozenset(sensing["persons"]),
        uses_presence=sensing["uses_presence"],
        terminal_empty=sensing["terminal_empty"],
    )
