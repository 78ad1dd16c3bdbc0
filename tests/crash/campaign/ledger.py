# SPDX-License-Identifier: EUPL-1.2
"""What the decoder's ledger says otherwise than what was acknowledged, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from crash.campaign.reckoning import Truth

NUMBERS = ("received", "stored", "duplicate", "quarantined", "in_flight")


def read(decoder: httpx.Client) -> dict[str, Any]:
    """Return the ledger of all hours, those of a clock a day ahead as well."""
    since = datetime.now(tz=UTC) - timedelta(days=2)
    hours = {"from": since.isoformat(), "to": (since + timedelta(days=5)).isoformat()}
    body: dict[str, Any] = decoder.get("/v1/ledger", params=hours).raise_for_status().json()
    return body


def sums_of(body: Mapping[str, Any]) -> Counter[str]:
    """Return a ledger's numbers over all hours."""
    sums = Counter[str]()
    for item in body["items"]:
        sums.update({name: item[name] for name in NUMBERS})
    return sums


def differing_ledger(truth: Truth, body: Mapping[str, Any], taken_out: int) -> Iterator[str]:
    """Yield what the ledger says otherwise; `taken_out` is how often quarantine took something, the same poison again too."""
    if not body["balanced"]:
        yield f"ledger: {body}"
        return
    sums = sums_of(body)
    uplinks = len(truth.uplinks())
    again = sum(max(truth.sure[each.identity] - 1, 0) for each in truth.uplinks())
    if sums["duplicate"] < again:
        yield f"ledger: {dict(sums)} instead of at least {again} duplicates"
    if truth.most_duplicates is not None and sums["duplicate"] > truth.most_duplicates:
        yield f"ledger: {dict(sums)} instead of at most {truth.most_duplicates} duplicates"
    if sums["stored"] != uplinks or sums["in_flight"]:
        yield f"ledger: {dict(sums)} instead of {uplinks} stored"
    poison = {each.identity for each in truth.poison.values() if each.service == "uplink"}
    least = len(poison - truth.missing)
    if sums["quarantined"] != taken_out or taken_out < least:
        yield f"ledger: {dict(sums)} instead of {taken_out} quarantined, of at least {least} sent"
    parts = sums["stored"] + sums["duplicate"] + sums["quarantined"] + sums["in_flight"]
    if sums["received"] != parts:
        yield f"ledger: received {sums['received']} is not {parts}"
