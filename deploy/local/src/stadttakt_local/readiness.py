# SPDX-License-Identifier: EUPL-1.2
"""Waits for services to say that they are ready; asks over HTTP only."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable

_POLL_S = 0.2
# The machine's proxy knows nothing of 127.0.0.1.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def wait_for(
    ports: Iterable[int], timeout_s: float, *, given_up: Callable[[], bool] = lambda: False
) -> list[int]:
    """Wait until /ready answers on all ports; return those that did not in time."""
    waiting = list(ports)
    deadline = time.monotonic() + timeout_s
    while waiting and not given_up() and time.monotonic() < deadline:
        waiting = [port for port in waiting if fetch(port, "/ready") is None]
        if waiting:
            time.sleep(_POLL_S)
    return waiting


def fetch(port: int, path: str) -> bytes | None:
    """Return the body of a successful answer from a port of this machine, or None."""
    try:
        with _OPENER.open(f"http://127.0.0.1:{port}{path}", timeout=3) as answer:
            body: bytes = answer.read()
            return body
    except (OSError, urllib.error.URLError):
        return None
