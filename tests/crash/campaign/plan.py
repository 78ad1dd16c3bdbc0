# SPDX-License-Identifier: EUPL-1.2
"""What a seed draws, round by round; depends on the kinds there are, on no installation and no record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, islice
from random import Random

from crash.campaign.faults import Fault

MOST_AT_ONCE = 5


def chosen(faults: Mapping[str, Fault], wanted: Iterable[str]) -> list[Fault]:
    """Return the faults of these names or families, in the order of their names; all where none is wanted."""
    wanted = set(wanted)
    known = {*faults, *(fault.family for fault in faults.values())}
    if unknown := wanted - known:
        raise ValueError(
            f"no such fault: {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}"
        )
    return [
        fault
        for name, fault in sorted(faults.items())
        if not wanted or wanted & {name, fault.family}
    ]


def drawn(seed: str, faults: Sequence[Fault], number: int) -> list[Fault]:
    """Return the faults of a round: each family as likely as any other, of it what was drawn least before."""
    return next(islice(rounds(seed, faults), number, None))


def rounds(seed: str, faults: Sequence[Fault]) -> Iterator[list[Fault]]:
    """Yield the faults of one round after the other, for ever."""
    families: dict[str, list[Fault]] = {}
    for fault in faults:
        families.setdefault(fault.family, []).append(fault)
    names, times = sorted(families), Counter[str]()
    for number in count():
        rng = Random(f"{seed}/{number}/faults")
        found = []
        for _ in range(rng.randint(1, MOST_AT_ONCE)):
            kinds = families[rng.choice(names)]
            least = min(times[each.name] for each in kinds)
            found.append(rng.choice([each for each in kinds if times[each.name] == least]))
            times[found[-1].name] += 1
        yield found
