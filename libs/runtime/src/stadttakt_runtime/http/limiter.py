# SPDX-License-Identifier: EUPL-1.2
"""How often one address may send something: in memory, as keyed hashes, forgotten within the hour."""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from collections.abc import Callable
from ipaddress import IPv4Address, ip_address, ip_network
from time import monotonic

WINDOW_S = 3600.0
MOST_ADDRESSES = 20_000
HOUSEHOLD_BITS = 64


class Limiter:
    """Counts by a hash whose key dies with the process; the address itself is never kept."""

    def __init__(self, per_hour: int, time: Callable[[], float] = monotonic) -> None:
        self._per_hour = per_hour
        self._time = time
        self._key = secrets.token_bytes(32)
        self._seen: dict[bytes, deque[float]] = {}

    def takes(self, address: str) -> bool:
        """Tell whether an address may send once more, and count it."""
        now = self._time()
        name = hmac.digest(self._key, _whose(address).encode(), "sha256")[:16]
        times = self._seen.setdefault(name, deque())
        while times and times[0] <= now - WINDOW_S:
            times.popleft()
        if len(times) >= self._per_hour:
            return False
        times.append(now)
        if len(self._seen) > MOST_ADDRESSES:
            self._forget(now)
        return True

    def _forget(self, now: float) -> None:
        old = [
            name for name, times in self._seen.items() if not times or times[-1] <= now - WINDOW_S
        ]
        for name in old or list(self._seen)[: MOST_ADDRESSES // 10]:
            del self._seen[name]


def _whose(address: str) -> str:
    """Return what stands for whoever has an address: of IPv6 the network, whose addresses one household may all use."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    mapped = found.ipv4_mapped
    return str(ip_network((found, HOUSEHOLD_BITS), strict=False)) if mapped is None else str(mapped)
