# SPDX-License-Identifier: EUPL-1.2
"""What is written of one entity, kept with it: of 20,000 bays only those that changed are written anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from open_data_publisher.domain.truth import Published
from stadttakt_messages.states import BayState, LotState

StateT = TypeVar("StateT", LotState, BayState)


def pieces(
    several: Iterable[Published[StateT]],
    name: str,
    write: Callable[[Published[StateT]], bytes],
    about: Callable[[Published[StateT]], object] = lambda _: None,
) -> list[bytes]:
    """Return what is written of each, in their order; `name` is that of the writing.

    It hangs on the entity, on `about`, and on the city's publication, which is one for a process.
    """
    found = []
    for each in several:
        wanted, kept = about(each), each.written.get(name)
        if kept is None or kept[0] != wanted:
            kept = each.written[name] = (wanted, write(each))
        found.append(kept[1])
    return found
