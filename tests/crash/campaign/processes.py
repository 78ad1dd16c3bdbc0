# SPDX-License-Identifier: EUPL-1.2
"""Strikes what lives, and tells when who was struck is there again: what nothing came of is no fault."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from crash.services import Service

THERE_WITHIN_S = 240.0
"""Who was killed while servers were away for a minute each, one after the other, begins with them."""

LOOKS_EVERY_S = 0.05


class InVainError(Exception):
    """A fault struck nothing, or what it did was never seen: it does not count, and is an offence."""


def wait_until(there: Callable[[], bool], or_say: str, within_s: float | None = None) -> float:
    """Wait for something, and return how many seconds that took.

    Raises InVainError, with these words, where it does not come within so many seconds (`THERE_WITHIN_S`).
    """
    began = time.monotonic()
    limit_s = THERE_WITHIN_S if within_s is None else within_s
    while not there():
        if time.monotonic() - began > limit_s:
            raise InVainError(f"{or_say} within {limit_s:.0f} s")
        time.sleep(LOOKS_EVERY_S)
    return time.monotonic() - began


def kill(service: Service) -> int:
    """Kill a process of a service, the next one where it has just ended; return its pid."""
    wait_until(lambda: service.is_alive, "there was no process to strike")
    pid = service.pid
    service.kill()
    return pid


def endings(services: Mapping[str, Service]) -> dict[str, int]:
    """Return how many processes of each service have ended so far."""
    return {name: len(each.ends) for name, each in services.items()}


def ended_since(
    services: Mapping[str, Service], before: Mapping[str, int]
) -> Iterator[tuple[str, int]]:
    """Yield the service and the exit code of each process that has ended since there were so many."""
    for name, each in services.items():
        yield from ((name, code) for code in each.ends[before[name] :])


def wait_answer(service: Service, *, other_than: int | None = None) -> None:
    """Wait until a process of a service answers, whatever it says: who does has looked at the database's clock."""

    def is_there() -> bool:
        return service.pid != other_than and service.status("/live") is not None

    wait_until(is_there, f"{service.name} did not answer")
