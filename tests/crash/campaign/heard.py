# SPDX-License-Identifier: EUPL-1.2
"""What judges find while some do not answer: what was found before somebody fell silent stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import httpx
import psycopg

AWAY = "still away"
UNAVAILABLE = 503


def heard(found: Iterable[str]) -> Iterator[str]:
    """Yield what is found, and at last that somebody does not answer, or with a 503; with any other status it is wrong."""
    try:
        yield from found
    except (httpx.HTTPError, psycopg.OperationalError, OSError) as error:
        is_away = (
            not isinstance(error, httpx.HTTPStatusError)
            or error.response.status_code == UNAVAILABLE
        )
        yield f"{AWAY}: {error!r}" if is_away else f"answered: {error!r}"
