# SPDX-License-Identifier: EUPL-1.2
"""What judges find while some do not answer: what was found before somebody fell silent stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import httpx
import psycopg

AWAY = "still away"


def heard(found: Iterable[str]) -> Iterator[str]:
    """Yield what is found, and at last that somebody does not answer, which is not as it must be either."""
    try:
        yield from found
    except (httpx.HTTPError, psycopg.OperationalError, OSError, KeyError) as error:
        yield f"{AWAY}: {error!r}"
