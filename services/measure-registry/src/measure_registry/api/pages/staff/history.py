# SPDX-License-Identifier: EUPL-1.2
"""The history of an idea as people read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from measure_registry.api.pages.staff.fields import shown
from measure_registry.site.frame import TEXTS, Language, tell
from measure_registry.storage.changes import Change
from measure_registry.storage.city import City


@dataclass(frozen=True, slots=True)
class Row:
    """Something that was done; `fields` are what it changed, each before and after."""

    at: datetime
    author: str
    role: str
    what: str
    reason: str
    fields: Sequence[tuple[str, str, str]]


def rows_of(history: Sequence[Change], city: City, language: Language) -> list[Row]:
    """Return a history, the newest first."""
    return [_row(each, city, language) for each in reversed(history)]


def _row(change: Change, city: City, language: Language) -> Row:
    key = f"did_{change.action}"
    what = tell(key, language) if key in TEXTS else change.action
    details = change.details or {}
    added = _added(change, details, city, language)
    role = f"role_{change.author_role}"
    return Row(
        change.at,
        change.author,
        tell(role, language) if role in TEXTS else change.author_role,
        f"{what}: {added}" if added else what,
        change.reason or "",
        [
            (
                tell(f"form_{name}", language) if f"form_{name}" in TEXTS else name,
                _value(name, value.get("before"), city, language),
                _value(name, value.get("after"), city, language),
            )
            for name, value in details.items()
            if isinstance(value, dict) and change.action == "edited"
        ],
    )


def _added(
    change: Change, details: Mapping[str, Any], city: City, language: Language
) -> str | None:
    """Return to which state, idea, measure or priority; what was rated and how."""
    if change.action == "moved" and change.to_state:
        return city.workflow.title(change.to_state, language)
    if change.action == "changed":
        return ", ".join(
            tell(f"field_{name}", language) for name in details if f"field_{name}" in TEXTS
        )
    if change.action == "rated":
        criterion = city.catalogue.criterion(details["criterion_id"])
        name = details["criterion_id"] if criterion is None else criterion.title[language]
        verdict = tell(f"verdict_{details['rating']}", language)
        return f"{name} – {verdict}"
    if change.action == "prioritised":
        return " → ".join(each or "–" for each in details["priority"].values())
    for name in ("into", "from", "measure", "subproject", "number"):
        if name in details:
            value = details[name]
            return ", ".join(value) if isinstance(value, list) else str(value)
    return None


def _value(name: str, value: Any, city: City, language: Language) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(str(each) for each in value.values() if each is not None)
    if isinstance(value, list):
        return shown(name, tuple(value), city, language)
    return shown(name, str(value), city, language)
