# SPDX-License-Identifier: EUPL-1.2
"""Servers that were killed come back as an orchestrator brings them."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from stadttakt_local.errors import StackError
from stadttakt_local.server import Server

LONGEST_ABSENCE_S = 0.8
MOST_STARTS = 5
_STARTER = ThreadPoolExecutor(1, "starter")
"""A server dies with the thread that started it (PR_SET_PDEATHSIG), and those of faults end with the round."""


def bring_back(servers: Iterable[Server]) -> None:
    """Start servers and wait until they serve; again, where they end while starting."""
    for server in servers:
        for attempt in range(1, MOST_STARTS + 1):
            try:
                _STARTER.submit(server.start).result()
                server.wait_ready()
                break
            except StackError:
                if attempt == MOST_STARTS:
                    raise
                server.kill()
                time.sleep(0.3)
