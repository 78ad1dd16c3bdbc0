# SPDX-License-Identifier: EUPL-1.2
"""Waiting for a database server that is still being made or started, and only for that."""

from __future__ import annotations

import time
from collections.abc import Callable

from psycopg.pq import PGconn, Ping

from stadttakt_runtime.migrations.connection import MigrationError, connect, engine_for

PAUSE_S = 5.0
ANSWER_WITHIN_S = 10


def wait_for_server(url: str, wait_s: float, tell: Callable[[str], None]) -> None:
    """Wait until the server takes connections, at most `wait_s` seconds, and tell each time why not yet.

    Returns at once where it answers and refuses, as a wrong password: whoever connects next is told the reason. Raises MigrationError
    for an address that is none.
    """
    give_up_at = time.monotonic() + wait_s
    while (reason := _away(url)) and (left_s := give_up_at - time.monotonic()) > 0:
        tell(f"{reason}; waiting, {left_s:.0f} s at most")
        time.sleep(min(PAUSE_S, left_s))


def _away(url: str) -> str | None:
    """Return why nobody gets a connection now; None where one gets it, or is refused it."""
    address = engine_for(url).url.update_query_dict({"connect_timeout": str(ANSWER_WITHIN_S)})
    patient = address.render_as_string(hide_password=False)
    try:
        with connect(patient):
            return None
    except MigrationError as error:
        # libpq's own distinction: a server that is starting, or none, against one that takes connections
        conninfo = address.set(drivername="postgresql").render_as_string(hide_password=False)
        return None if PGconn.ping(conninfo.encode()) == Ping.OK else str(error)
