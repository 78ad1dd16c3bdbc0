# SPDX-License-Identifier: EUPL-1.2
"""What a replay has found so far: counts, counts per field, examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from uplink_decoder.domain.difference import FieldChange
from uplink_decoder.replay.judging import Verdict

MAX_EXAMPLES = 10_000
MAX_FIELDS = 500
"""Field names come from vendors' codecs, which may make up one for every uplink."""


class Tally:
    """A replay's counts, taken up from its row and carried on window by window."""

    def __init__(self, job: Any) -> None:
        self.counts: dict[str, int] = orjson.loads(job["counts"])
        self.fields: dict[str, dict[str, int]] = orjson.loads(job["fields"])
        self.differences: int = job["differences"]

    def add(self, name: str, count: int = 1) -> None:
        """Count something."""
        self.counts[name] = self.counts.get(name, 0) + count

    def count(self, verdicts: Sequence[Verdict]) -> None:
        """Count uplinks and observations by how they differ."""
        self.add("uplinks", len(verdicts))
        for verdict in verdicts:
            self.add(verdict.change.value)
            if verdict.errors:
                self.add("failed")
            comparison = verdict.comparison
            found: Mapping[str, int] = {
                "observations_same": comparison.same,
                "observations_changed": len(comparison.changed),
                "observations_new": len(comparison.new) + len(comparison.revived),
                "observations_gone": len(comparison.gone),
            }
            for name, number in found.items():
                if number:
                    self.add(name, number)
            for each in verdict.fields:
                self._count_field(each)

    def count_retried(self, states: Sequence[str]) -> None:
        """Count quarantined messages by whether they were understood."""
        self.add("messages", len(states))
        for state in states:
            self.add("still_failing" if state == "open" else "resolved")

    def _count_field(self, change: FieldChange) -> None:
        if change.field in self.fields or len(self.fields) < MAX_FIELDS:
            by_change = self.fields.setdefault(change.field, {})
            how = change.change.value
            by_change[how] = by_change.get(how, 0) + 1

    def examples(self, replay_id: int, verdicts: Sequence[Verdict]) -> list[tuple[Any, ...]]:
        """Return rows of what differs, as long as there is room for examples."""
        return list(self._examples(replay_id, verdicts))

    def _examples(self, replay_id: int, verdicts: Sequence[Verdict]) -> Iterator[tuple[Any, ...]]:
        for verdict in verdicts:
            for each in verdict.fields:
                if self.differences >= MAX_EXAMPLES:
                    return
                self.differences += 1
                row = verdict.row
                yield (
                    replay_id,
                    self.differences,
                    row["uplink_id"],
                    row["observed_at"],
                    row["dev_eui"],
                    each.field.replace("\x00", "�")[:200],
                    str(each.change),
                    _json(each.before),
                    _json(each.after),
                )


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
