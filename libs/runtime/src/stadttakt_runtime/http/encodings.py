# SPDX-License-Identifier: EUPL-1.2
"""Which codings of an answer's body a client takes."""

from __future__ import annotations

from functools import lru_cache

REFUSED = {"q=0", "q=0.0", "q=0.00", "q=0.000"}


@lru_cache(maxsize=256)
def takes_gzip(accepted: str) -> bool:
    """Tell whether a client takes gzip (RFC 9110, section 12.5.3)."""
    taken: dict[str, bool] = {}
    for part in accepted.split(","):
        coding, _, parameters = part.partition(";")
        taken[coding.strip().lower()] = parameters.replace(" ", "") not in REFUSED
    # What is named counts more than the rest.
    return taken.get("gzip", taken.get("*", False))
