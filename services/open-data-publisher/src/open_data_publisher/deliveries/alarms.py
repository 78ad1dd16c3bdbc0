# SPDX-License-Identifier: EUPL-1.2
"""What wants attention about deliveries: targets that do not take them, certificates that end soon."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from open_data_publisher.domain.deliveries import FAILED
from stadttakt_messages.notices import AlertText
from stadttakt_runtime.alerts import Condition, Severity

DELIVERY_FAILED = "delivery-failed"
CERTIFICATE_ENDS = "certificate-ends"
SOON = timedelta(days=7)
ERRORS = {
    "status": ("Antwort {status}", "answer {status}"),
    "items_refused": ("einzelne Einträge abgelehnt", "single items refused"),
    "timeout": ("keine Antwort", "no answer"),
    "credentials_unusable": (
        "Zertifikat oder Kennwort unlesbar",
        "certificate or password unusable",
    ),
    "tls": ("TLS scheitert", "TLS fails"),
    "not_reached": ("nicht erreichbar", "not reached"),
    "broken_off": ("Verbindung abgebrochen", "connection broken off"),
}


def failure(target: str, rows: Iterable[Any]) -> Condition | None:
    """Return what is wrong with a target, where the newest attempt of one of its feeds failed."""
    failed = [row for row in rows if row["status"] in FAILED]
    if not failed:
        return None
    feeds = ", ".join(row["feed"] for row in failed)
    error, status = failed[0]["error"] or "", failed[0]["http_status"]
    german, english = ERRORS.get(error, (error, error))
    return Condition(
        DELIVERY_FAILED,
        target,
        Severity.CRITICAL,
        AlertText(
            de=f"Lieferung an {target} scheitert ({german.format(status=status)}): {feeds}",
            en=f"Delivery to {target} fails ({english.format(status=status)}): {feeds}",
        ),
        {"target": target, "feeds": feeds, "error": error, "http_status": status},
        simulated=all(row["simulated"] for row in failed),
    )


def endings(
    ends: Mapping[str, datetime], now: datetime, warn_before: timedelta
) -> Iterator[Condition]:
    """Yield a condition for each certificate that ends soon or has ended."""
    for target, ends_at in ends.items():
        left = ends_at - now
        if left > warn_before:
            continue
        day = ends_at.date().isoformat()
        yield Condition(
            CERTIFICATE_ENDS,
            target,
            Severity.CRITICAL if left <= SOON else Severity.WARNING,
            AlertText(
                de=f"Das Zertifikat für {target} gilt bis {day}",
                en=f"The certificate for {target} is valid until {day}",
            ),
            {"target": target, "ends_at": ends_at.isoformat()},
        )
