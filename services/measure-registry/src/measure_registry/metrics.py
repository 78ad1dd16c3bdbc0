# SPDX-License-Identifier: EUPL-1.2
"""What the service measures of itself."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

FORMS = Counter(
    "stadttakt_registry_forms_total",
    "Forms that were sent, by what became of them",
    ["outcome"],
)
MAILS = Counter("stadttakt_registry_mails_total", "Mails to submitters, by outcome", ["outcome"])
MAILS_WAITING = Gauge("stadttakt_registry_mails_waiting", "Mails that wait to be sent")
