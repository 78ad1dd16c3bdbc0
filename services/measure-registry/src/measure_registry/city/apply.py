# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt city apply`: brings the registry's configuration to what the folder says."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from measure_registry.city.folder import FOLDER, RegistryFolder, read_folder
from measure_registry.city.undertakings import apply_undertakings
from measure_registry.desk.priority import rerate_all
from measure_registry.storage import city as stored
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.plugins import CityError


def apply_city(folder: Path, database_url: str) -> Sequence[str]:
    """Apply `registry/` of a city folder, as often as you like.

    Raises CityError with file and line, having changed nothing: the old configuration stays.
    """
    if not (folder / FOLDER).is_dir():
        return ["no ideas in this city"]
    return asyncio.run(_apply(folder, read_folder(folder), database_url))


def check_city(folder: Path, *, production: bool) -> Sequence[str]:
    """Check `registry/` of a city folder without a database."""
    del production
    if not (folder / FOLDER).is_dir():
        return ["no ideas in this city"]
    found = read_folder(folder)
    return [
        f"states of ideas: {len(found.workflow.states)}",
        f"criteria: {len(found.criteria)} (version {found.catalogue.version})",
        f"calls for ideas: {len(found.calls)}",
        f"places for ideas: {len(found.places)}",
        f"measures and sub-projects: {len(found.undertakings)}",
    ]


async def _apply(folder: Path, registry: RegistryFolder, database_url: str) -> list[str]:
    async with (
        Database.open(database_url, schema="registry", size=1) as database,
        database.transaction() as connection,
    ):
        said = []
        for part, definition in parts_of(registry).items():
            changed = await stored.write_part(connection, part, definition)
            said.append(f"{part}: {'new or changed' if changed else 'as before'}")
        if await stored.declare_kept(connection, registry.intake.kept_since, utc_now()):
            said.append(f"kept since: {registry.intake.kept_since or 'its first entry'}")
        file = folder / FOLDER / "criteria.yaml"
        final = registry.workflow.final
        said.append(await _apply_catalogue(connection, file, catalogue_of(registry), final))
        said += await apply_undertakings(connection, registry.undertakings, utc_now())
    return said


def parts_of(registry: RegistryFolder) -> dict[str, dict[str, Any]]:
    """Return what is kept of a folder for requests, by part."""
    intake = registry.intake.model_dump(mode="json")
    return {
        "workflow": asdict(registry.workflow),
        "vocabulary": {
            kind: [each.model_dump(mode="json") for each in terms]
            for kind, terms in registry.vocabulary.items()
        },
        "intake": {
            **registry.about.model_dump(mode="json"),
            "calls": [each.model_dump(mode="json") for each in registry.calls],
            "needs_call": intake.pop("needs_call"),
            "legal_pages": {
                name: address for name, address in intake.pop("legal_pages").items() if address
            },
            "responsible": registry.responsible,
            "privacy": {name: said for name, said in intake.items() if name != "kept_since"},
        },
        "base_map": registry.base_map,
        "places": {"places": [each.model_dump(mode="json") for each in registry.places]},
        "imports": {each.profile_id: each.model_dump(mode="json") for each in registry.profiles},
    }


def catalogue_of(registry: RegistryFolder) -> dict[str, Any]:
    """Return the catalogue as it is kept, without the versions that worded its criteria."""
    return {
        **registry.catalogue.model_dump(mode="json"),
        "groups": [each.model_dump(mode="json") for each in registry.groups],
        "criteria": [each.model_dump(mode="json") for each in registry.criteria],
    }


async def _apply_catalogue(
    connection: Any, file: Path, new: dict[str, Any], final: Collection[str]
) -> str:
    """Add the catalogue's version; one that was applied stays as it was, and so do ideas in a final state."""
    old = await stored.newest_catalogue(connection)
    version = int(new["version"])
    new["criteria"] = [_since(each, version, old) for each in new["criteria"]]
    if old == new:
        return f"criteria: {len(new['criteria'])} (version {version}, as before)"
    if old is not None and old["version"] >= version:
        raise CityError(
            file, f"version {old['version']} was applied and says otherwise: take a higher one"
        )
    await stored.add_catalogue(connection, version, new, utc_now())
    rerated = await rerate_all(connection, stored.catalogue_of(new), final)
    return (
        f"criteria: {len(new['criteria'])} (version {version}; priority of {rerated} ideas changed)"
    )


def _since(
    criterion: Mapping[str, Any], version: int, old: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return a criterion with the version that worded it so first."""
    before = {each["criterion_id"]: each for each in old["criteria"]} if old else {}
    same = before.get(criterion["criterion_id"])
    unchanged = same is not None and all(same[key] == criterion[key] for key in criterion)
    return {**criterion, "since": same["since"] if same and unchanged else version}
