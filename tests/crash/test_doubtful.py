# SPDX-License-Identifier: EUPL-1.2
"""Which acknowledgements a dying broker may have forgotten: those read from its last connection, however late."""

from __future__ import annotations

from crash.load import FORGOTTEN_WITHIN_NS, of_death
from stadttakt_simulators.burst import BurstResult
from stadttakt_simulators.clock import EpochNs

SECOND = 10**9
DIED = EpochNs(100 * SECOND)


def _is_doubtful(acked_at: int, *connected_at: int) -> bool:
    connections = [EpochNs(each) for each in connected_at]
    result = BurstResult(1, 0, 0, len(connections), 1.0, [DIED], [EpochNs(acked_at)], connections)
    begin, end = of_death(DIED, result)
    return begin < acked_at < end


def test_what_was_read_from_the_connection_of_a_dead_broker_is_doubtful_however_late() -> None:
    first, renewed = 10 * SECOND, DIED + SECOND
    assert _is_doubtful(DIED - FORGOTTEN_WITHIN_NS // 2, first, renewed)
    assert _is_doubtful(DIED + SECOND // 2, first, renewed)
    assert _is_doubtful(DIED + 5 * SECOND, first)


def test_what_was_acknowledged_long_before_or_by_the_next_broker_is_not() -> None:
    first, renewed = 10 * SECOND, DIED + SECOND
    assert not _is_doubtful(DIED - FORGOTTEN_WITHIN_NS, first, renewed)
    assert not _is_doubtful(renewed + 1, first, renewed)
    assert not _is_doubtful(DIED + 3 * SECOND, DIED + 2 * SECOND)
