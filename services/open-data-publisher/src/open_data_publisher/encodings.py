"""Which codings of an answer's body a client takes."""

from __future__ import annotations

REFUSED = {"q=0", "q=0.0", "q=0.00", "q=0.000"}


def takes_gzip(accepted: str) -> bool:
    """Tell whether a client takes gzip (RFC 9110, section 12.5.3)."""
    for part in accepted.split(","):
        coding, _, parameters = part.partition(";")
        if coding.strip().lower() in {"gzip", "*"}:
            return parameters.replace(" ", "") not in REFUSED
    return False
