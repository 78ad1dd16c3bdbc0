# SPDX-License-Identifier: EUPL-1.2
"""`registry/measures.yaml`: read, checked, and applied without taking back what staff changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from measure_registry.desk.author import Author, Deed
from measure_registry.domain.roles import SYSTEM
from measure_registry.domain.steckbrief import Vocabulary
from measure_registry.domain.undertaking import Kind, differences, faults
from measure_registry.forms.undertakings import MeasureForm, SubprojectForm, UndertakingForm
from measure_registry.storage import changes
from measure_registry.storage import undertakings as stored
from stadttakt_runtime.city_files import Located, read_yaml_lists

FILE = "measures.yaml"
KEYS: Mapping[Kind, tuple[str, str, type[UndertakingForm]]] = {
    Kind.MEASURE: ("measures", "measure_id", MeasureForm),
    Kind.SUBPROJECT: ("subprojects", "subproject_id", SubprojectForm),
}
FOLDER = Author("city folder", SYSTEM)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the folder says of one measure or sub-project."""

    kind: Kind
    name: str
    position: int
    definition: Mapping[str, Any]


def read_undertakings(folder: Path, vocabulary: Vocabulary) -> list[Wish]:
    """Return what the folder says, measures first; none where the file is absent."""
    file = folder / FILE
    if not file.exists():
        return []
    lists = read_yaml_lists(file, [key for key, _, _ in KEYS.values()])
    wishes: list[Wish] = []
    for kind, (key, identity, form) in KEYS.items():
        for position, located in enumerate(lists[key]):
            parsed = located.parse(form)
            name = getattr(parsed, identity)
            if any((each.kind, each.name) == (kind, name) for each in wishes):
                raise located.error(f"{name} is given twice", (identity,))
            wish = Wish(kind, name, position, parsed.model_dump(mode="json"))
            _check(located, wish, vocabulary, wishes)
            wishes.append(wish)
    return wishes


def _check(located: Located, wish: Wish, vocabulary: Vocabulary, before: Sequence[Wish]) -> None:
    measures = [each.name for each in before if each.kind is Kind.MEASURE]
    for fault in faults(wish.kind, wish.definition, vocabulary, measures):
        raise located.error(f"{fault.field}: {fault.detail}", (fault.field,))


async def apply_undertakings(connection: Any, wishes: Sequence[Wish], now: datetime) -> list[str]:
    """Bring measures and sub-projects to what the folder says; those that staff changed stay as they are."""
    await stored.lock(connection)
    deed = Deed(FOLDER, now)
    return [
        await _apply_kind(connection, kind, [each for each in wishes if each.kind is kind], deed)
        for kind in Kind
    ]


async def _apply_kind(connection: Any, kind: Kind, wishes: Sequence[Wish], deed: Deed) -> str:
    known = {
        each.undertaking_id: each for each in await stored.every(connection, kind, retired=True)
    }
    written, kept = 0, []
    for wish in wishes:
        found = known.get(wish.name)
        if found is None:
            await stored.add(
                connection, kind, wish.name, wish.definition,
                now=deed.now, position=wish.position, from_folder=True,
            )  # fmt: skip
            moved = (None, str(wish.definition["state"]))
            await changes.add(
                connection, deed.change(kind.value, wish.name, "created", moved=moved)
            )
            written += 1
            continue
        same = found.definition == wish.definition and found.retired_at is None
        if not same and found.is_staffs and found.retired_at is None:
            kept.append(wish.name)
            continue
        if not same:
            details = differences(found.definition, wish.definition)
            change = deed.change(kind.value, wish.name, "changed", details=details)
            await changes.add(connection, change)
            await stored.change(connection, kind, wish.name, wish.definition, deed.now)
            written += 1
        await stored.note_applied(connection, kind, wish.name, wish.definition, wish.position)
    retired = await _retire_others(connection, kind, {each.name for each in wishes}, deed)
    said = f"{kind.value}s: {len(wishes)} ({written} new or changed, {retired} retired)"
    return said + (f"; as staff have them: {', '.join(kept)}" if kept else "")


async def _retire_others(connection: Any, kind: Kind, names: set[str], deed: Deed) -> int:
    """Retire what the folder had and has no more; staff's own stay."""
    retired = 0
    for each in await stored.every(connection, kind):
        if each.undertaking_id not in names and not each.is_staffs:
            await stored.retire(connection, kind, each.undertaking_id, deed.now)
            await changes.add(connection, deed.change(kind.value, each.undertaking_id, "retired"))
            retired += 1
    return retired
