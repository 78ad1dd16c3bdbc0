# SPDX-License-Identifier: EUPL-1.2
"""What the city folder says, kept for requests: written by `city apply`, read by the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from measure_registry.domain.criteria import Catalogue, Criterion, Group
from measure_registry.domain.import_profile import ImportProfile
from measure_registry.domain.intake import Call, Intake, Privacy, Responsible
from measure_registry.domain.roles import Role
from measure_registry.domain.steckbrief import Place, Term, Vocabulary
from measure_registry.domain.workflow import Need, State, Transition, Workflow

_WRITE = """
insert into city_part (part, definition) values ($1, $2::jsonb)
    on conflict (part) do update set definition = excluded.definition
 where city_part.definition is distinct from excluded.definition
returning 1
"""
_PARTS = """
select part, definition from city_part where part in ('workflow', 'vocabulary', 'intake', 'places')
"""
_IMPORTS = "select definition -> $1 from city_part where part = 'imports'"
_ALL_IMPORTS = "select definition from city_part where part = 'imports'"
_NEWEST = "select definition from catalogue order by version desc limit 1"
_CATALOGUES = "select definition from catalogue order by version desc"
_ADD_CATALOGUE = (
    "insert into catalogue (version, definition, applied_at) values ($1, $2::jsonb, $3)"
)
_DECLARE_KEPT = """
update keeping set declared_since = $1, changed_at = $2
 where declared_since is distinct from $1 returning 1
"""


@dataclass(frozen=True, slots=True)
class City:
    """All that a city configures of ideas."""

    workflow: Workflow
    vocabulary: Vocabulary
    intake: Intake
    catalogue: Catalogue
    places: tuple[Place, ...] = ()


async def write_part(connection: Any, part: str, definition: Mapping[str, Any]) -> bool:
    """Keep a part; tell whether it differs from what was there."""
    return bool(await connection.fetch(_WRITE, part, orjson.dumps(definition).decode()))


async def declare_kept(connection: Any, since: date | None, now: datetime) -> bool:
    """Keep since which day the registry is complete, none: since its first entry; tell whether it is new."""
    return bool(await connection.fetch(_DECLARE_KEPT, since, now))


async def newest_catalogue(connection: Any) -> Mapping[str, Any] | None:
    """Return the definition of the catalogue that holds."""
    found = await connection.fetchval(_NEWEST)
    return None if found is None else dict(orjson.loads(found))


async def add_catalogue(
    connection: Any, version: int, definition: Mapping[str, Any], now: datetime
) -> None:
    """Keep a version of the catalogue."""
    await connection.execute(_ADD_CATALOGUE, version, orjson.dumps(definition).decode(), now)


async def catalogues(connection: Any) -> list[Catalogue]:
    """Return all versions of the catalogue, the newest first."""
    return [catalogue_of(orjson.loads(row[0])) for row in await connection.fetch(_CATALOGUES)]


async def read(connection: Any) -> City | None:
    """Return what was applied; nothing where no city was."""
    parts = {row["part"]: orjson.loads(row["definition"]) for row in await connection.fetch(_PARTS)}
    catalogue = await newest_catalogue(connection)
    return None if catalogue is None or not parts else of_parts(parts, catalogue)


def of_parts(parts: Mapping[str, Any], catalogue: Mapping[str, Any]) -> City:
    """Return a city from the definitions of its parts."""
    return City(
        _workflow(parts["workflow"]),
        Vocabulary(
            **{
                kind: tuple(Term(each["term"], each["title"]) for each in terms)
                for kind, terms in parts["vocabulary"].items()
            }
        ),
        _intake(parts["intake"]),
        catalogue_of(catalogue),
        tuple(Place(**each) for each in parts.get("places", {}).get("places", ())),
    )


async def import_profile(connection: Any, profile_id: str) -> ImportProfile | None:
    """Return how the export of a platform is read."""
    found = await connection.fetchval(_IMPORTS, profile_id)
    return None if found is None else ImportProfile(**orjson.loads(found))


async def import_profiles(connection: Any) -> dict[str, str]:
    """Return the platforms whose exports are read: what each is called, by the profile's id."""
    found = await connection.fetchval(_ALL_IMPORTS)
    return {name: each["source"] for name, each in orjson.loads(found or "{}").items()}


def catalogue_of(stored: Mapping[str, Any]) -> Catalogue:
    """Return a catalogue from its definition."""
    return Catalogue(
        stored["version"],
        stored["rule"],
        tuple(Group(**each) for each in stored["groups"]),
        tuple(Criterion(**each) for each in stored["criteria"]),
    )


def _workflow(stored: Mapping[str, Any]) -> Workflow:
    return Workflow(
        tuple(State(**each) for each in stored["states"]),
        tuple(
            Transition(
                **{
                    **each,
                    "roles": tuple(Role(role) for role in each["roles"]),
                    "needs": tuple(Need(need) for need in each["needs"]),
                }
            )
            for each in stored["transitions"]
        ),
    )


def _intake(stored: Mapping[str, Any]) -> Intake:
    calls = tuple(
        Call(
            each["call_id"],
            each["title"],
            each["text"],
            date.fromisoformat(each["opens_on"]),
            date.fromisoformat(each["closes_on"]),
        )
        for each in stored["calls"]
    )
    west, south, east, north = stored["bbox"]
    return Intake(
        city_name=stored["city_name"],
        timezone=stored["timezone"],
        bbox=(west, south, east, north),
        calls=calls,
        privacy=Privacy(**stored["privacy"]),
        needs_call=stored["needs_call"],
        responsible=Responsible(**stored.get("responsible", {})),
        legal_pages=stored.get("legal_pages", {}),
    )
