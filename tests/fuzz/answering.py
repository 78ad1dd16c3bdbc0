# SPDX-License-Identifier: EUPL-1.2
"""A service that is asked, what was right to ask it, and which of its operations ever answered that all is well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Example(NamedTuple):
    """A right request: its parameters by where they stand, its body as it is sent, or what becomes JSON."""

    path: dict[str, str]
    query: dict[str, str]
    headers: dict[str, str]
    body: Any = None
    media_type: str | None = None
    by: dict[str, str] | None = None
    """The headers of who asks, if it is not who may do everything."""


@dataclass
class Answers:
    """Which operations of a document answered 2xx."""

    well: set[str] = field(default_factory=set)

    def note(self, label: str, status: int) -> None:
        """Take in what an operation answered."""
        if 200 <= status < 300:
            self.well.add(label)

    def told(self, labels: Iterable[str]) -> str:
        """Return how many of these operations answered 2xx, of how many."""
        every = set(labels)
        return f"{len(self.well & every)} of {len(every)}"


@dataclass(frozen=True)
class Target:
    """Where a service answers, what opens everything, and what is there to be asked about."""

    url: str
    headers: dict[str, str]
    colleague: dict[str, str] = field(default_factory=dict)
    """What opens everything to somebody else: nobody decides on what they entered themselves."""
    examples: dict[str, list[Example]] = field(default_factory=lambda: defaultdict(list))
    """Right requests by operation."""
    known: dict[str, str] = field(default_factory=dict)
    """What stands for a part of a path, such as `{idea_id}`, in what stands in no document."""
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Right documents by route, of what stands in no document and is no form."""
    answers: Answers = field(default_factory=Answers)
