# SPDX-License-Identifier: EUPL-1.2
"""Takes out of live states what the policy does not allow to be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from open_data_publisher.domain.guard import guarded
from open_data_publisher.domain.policy import Policy
from open_data_publisher.domain.states import MODELS, Change, Entry, Kind, Said
from open_data_publisher.domain.truth import AnyState

NEVER: Mapping[str, frozenset[str]] = {
    "lot": frozenset(),
    "bay": frozenset(),
    "vehicle": frozenset({"load", "load_min", "load_max", "percentage", "confidence"}),
    "trip": frozenset(),
}
"""Fields that no policy may open: numbers of passengers are for the entitled (decision 0049)."""
NEEDED_ANYWAY: Mapping[str, frozenset[str]] = {
    "lot": frozenset({"simulated"}),
    "bay": frozenset({"simulated", "valid_until"}),
    "vehicle": frozenset({"simulated"}),
    "trip": frozenset({"simulated"}),
}


def is_withholdable(kind: str, name: str) -> bool:
    """Tell whether a state without this field is still a state."""
    if name in NEEDED_ANYWAY[kind]:
        return False
    info = MODELS[kind].model_fields[name]
    return not info.is_required() or type(None) in getattr(info.annotation, "__args__", ())


class Disclosure:
    """What is left of each state by one policy."""

    def __init__(self, policy: Policy) -> None:
        self._nothing: Mapping[str, Mapping[str, Any]] = {
            kind: {
                name: _nothing(kind, name)
                for name in MODELS[kind].model_fields
                if name not in allowed.fields
            }
            for kind, allowed in policy.states.items()
        }

    def of(self, kind: Kind, state: AnyState) -> AnyState | None:
        """Return what may be told of a state, or nothing where its kind is not public, or it is a person's bay."""
        withheld, told = self._nothing.get(kind), guarded(state)
        if withheld is None or told is None:
            return None
        return told.model_copy(update=dict(withheld))

    def of_said(self, messages: Iterable[Said]) -> list[Said]:
        """Return messages with what may be told; what may not be is as if it were withdrawn."""
        return [
            said if said.state is None else replace(said, state=self.of(said.kind, said.state))
            for said in messages
        ]

    def of_changes(self, changes: Iterable[Change]) -> list[Change]:
        """Return changes with what may be told."""
        return [
            replace(change, entry=self._entry(change.kind, change.entry))
            if change.entry is not None
            else change
            for change in changes
        ]

    def of_entries(
        self, entries: Iterable[tuple[Kind, str, Entry]]
    ) -> list[tuple[Kind, str, Entry]]:
        """Return what may be told of stored states."""
        found = ((kind, key, self._entry(kind, entry)) for kind, key, entry in entries)
        return [(kind, key, entry) for kind, key, entry in found if entry is not None]

    def of_past(
        self, entries: Mapping[Kind, Mapping[str, Entry]]
    ) -> Mapping[Kind, Mapping[str, Entry]]:
        """Return what may be told today of what was public once."""
        found: dict[Kind, dict[str, Entry]] = {kind: {} for kind in entries}
        rows = ((kind, key, entry) for kind, held in entries.items() for key, entry in held.items())
        for kind, entity_id, entry in self.of_entries(rows):
            found[kind][entity_id] = entry
        return found

    def _entry(self, kind: Kind, entry: Entry) -> Entry | None:
        state = self.of(kind, entry.state)
        return None if state is None else replace(entry, state=state)


def _nothing(kind: str, name: str) -> Any:
    info = MODELS[kind].model_fields[name]
    if info.is_required():
        return None
    return info.get_default(call_default_factory=True, validated_data={})
