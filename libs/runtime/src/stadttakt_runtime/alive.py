# SPDX-License-Identifier: EUPL-1.2
"""`python -m stadttakt_runtime.alive`: asks the service of this container whether it answers; for health checks.

Imports the standard library only: a check every few seconds must cost nothing.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException

TIMEOUT_S = 4.0
_OWN_PORT = re.compile(r"STADTTAKT_[A-Z]+_HTTP_PORT")


def port_of(environment: Mapping[str, str]) -> int:
    """Return where the service listens: its own variable before the shared one, as its settings read them."""
    own = [value for name, value in environment.items() if _OWN_PORT.fullmatch(name)]
    return int(own[0] if len(own) == 1 else environment["STADTTAKT_HTTP_PORT"])


def is_alive(port: int) -> bool:
    """Tell whether /live answers 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/live")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_alive(port_of(os.environ)) else 1)
