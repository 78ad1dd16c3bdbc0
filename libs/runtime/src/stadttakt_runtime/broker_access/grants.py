# SPDX-License-Identifier: EUPL-1.2
"""Rights at the broker, computed from the topic catalogue: least privilege without a list to keep. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stadttakt_messages.catalogue import OPERATORS, PARTNERS, TOPICS, TopicEntry
from stadttakt_messages.topics import Topics

PUBLIC = "state/"
"""Where the pattern of a retained topic begins that everybody may read."""
SIMULATOR = "simulator"


@dataclass(frozen=True, slots=True)
class Grant:
    """What one user may read and write, as topic filters; several grants of a user add up."""

    user: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    simulated: bool = False
    """What it writes is made up: the simulator may write it too."""


def service_grants(topics: Topics) -> list[Grant]:
    """Return what each service reads and writes by the catalogue."""
    names = {name for entry in TOPICS for name in (*entry.producers, *entry.consumers)}
    return [
        Grant(
            name,
            reads=_filters(topics, (e for e in TOPICS if name in e.consumers)),
            writes=_filters(topics, (e for e in TOPICS if name in e.producers)),
        )
        for name in sorted(names - {PARTNERS, OPERATORS})
    ]


def public_reads(topics: Topics) -> tuple[str, ...]:
    """Return what a client without login may read."""
    return _filters(topics, (e for e in TOPICS if e.retained and e.pattern.startswith(PUBLIC)))


def partner_writes(topics: Topics) -> tuple[str, ...]:
    """Return which of the platform's own topics somebody outside may ever write."""
    return _filters(topics, (e for e in TOPICS if PARTNERS in e.producers))


def operator_reads(topics: Topics) -> tuple[str, ...]:
    """Return which of the platform's own topics somebody outside may ever read."""
    told = (entry for entry in TOPICS if OPERATORS in entry.consumers)
    return tuple(dict.fromkeys([*public_reads(topics), *_filters(topics, told)]))


def simulator_grant(topics: Topics, grants: Iterable[Grant]) -> Grant:
    """Return the simulator's: what partners may say, and what simulated sources say."""
    made_up = (topic for grant in grants if grant.simulated for topic in grant.writes)
    return Grant(SIMULATOR, writes=tuple(dict.fromkeys([*partner_writes(topics), *made_up])))


def merged(grants: Iterable[Grant]) -> list[Grant]:
    """Return one grant for each user, in the order of their first ones."""
    found: dict[str, Grant] = {}
    for grant in grants:
        known = found.get(grant.user, Grant(grant.user))
        found[grant.user] = Grant(
            grant.user,
            tuple(dict.fromkeys([*known.reads, *grant.reads])),
            tuple(dict.fromkeys([*known.writes, *grant.writes])),
        )
    return list(found.values())


def covers(wide: str, narrow: str) -> bool:
    """Tell whether every topic of one filter is one of the other's."""
    ours, theirs = wide.split("/"), narrow.split("/")
    for place, level in enumerate(ours):
        if level == "#":
            return True
        if place >= len(theirs) or theirs[place] == "#":
            return False
        if level not in ("+", theirs[place]):
            return False
    return len(ours) == len(theirs)


def acl_text(public: Sequence[str], grants: Iterable[Grant]) -> str:
    """Return the rights in the words of Mosquitto's acl_file."""
    lines = ["# Written by `stadttakt setup`; changes here are lost.", ""]
    lines += [f"topic read {topic}" for topic in public]
    for grant in grants:
        lines += ["", f"user {grant.user}"]
        # Whoever has a login may still read what everybody may.
        lines += [f"topic read {topic}" for topic in dict.fromkeys([*public, *grant.reads])]
        lines += [f"topic write {topic}" for topic in grant.writes]
    return "\n".join([*lines, ""])


def _filters(topics: Topics, entries: Iterable[TopicEntry]) -> tuple[str, ...]:
    return tuple(topics.all_of(entry.pattern) for entry in entries)
