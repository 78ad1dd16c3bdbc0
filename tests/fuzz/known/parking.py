# SPDX-License-Identifier: EUPL-1.2
"""Parking with what is ordered of signs, lots and bays, and counted at gates."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from fuzz.running import in_halle
from fuzz.walking import Walk
from stadttakt_runtime.clock import utc_now

LOT, COUNTED = "friedemann-bach-platz", "friedemann-bach-platz-kameras"
BAYS = [f"{LOT}-0{number}" for number in (5, 6)]
SIGNS = ("fbp-einfahrt", "fbp-zufahrt")
WHY = {"reason": "trade fair"}
running = partial(in_halle, "parking_occupancy")


def walk(way: Walk) -> None:
    """Ask for everything once."""
    tomorrow = (utc_now() + timedelta(days=1)).isoformat()
    for bay_id in BAYS:
        _bay(way, bay_id, tomorrow)
    for sign_id in SIGNS:
        _sign(way, sign_id, tomorrow)
    _lots(way, tomorrow)
    one, *others = way.ask("GET /v1/orders", {"kind": "bay"})["items"]
    way.ask("POST /v1/orders/{order_id}:undo", {"order_id": one["order_id"]}, WHY)
    for each in others:
        way.offer("POST /v1/orders/{order_id}:undo", {"order_id": each["order_id"]}, WHY)
    year = {"before_from": "2025-01-01", "before_to": "2025-02-01",
            "after_from": "2026-01-01", "after_to": "2026-02-01"}  # fmt: skip
    known: dict[str, Any] = {"lot_id": LOT, "bay_id": BAYS[0], "sign_id": SIGNS[0], **year}
    way.ask_first_event("GET /v1/signs/{sign_id}/stream", {"sign_id": SIGNS[0]})
    way.ask_all_readable(known)


def _bay(way: Walk, bay_id: str, until: str) -> None:
    named = {"bay_id": bay_id}
    way.ask("PUT /v1/bays/{bay_id}/reservation", named, {**WHY, "until": until})
    way.ask("DELETE /v1/bays/{bay_id}/reservation", named | WHY)
    for in_service in (False, True):
        way.ask("PUT /v1/bays/{bay_id}/service", named, {**WHY, "in_service": in_service})


def _sign(way: Walk, sign_id: str, until: str) -> None:
    named = {"sign_id": sign_id}
    override = {"state": "full", "text": "MESSE", "expires_at": until}
    way.ask("PUT /v1/signs/{sign_id}/override", named, {**WHY, **override})
    way.ask("DELETE /v1/signs/{sign_id}/override", named | WHY)
    way.ask("PUT /v1/signs/{sign_id}/control", named, {**WHY, "control": "auto"})


def _lots(way: Walk, until: str) -> None:
    body = {**WHY, "opening": "closed", "expires_at": until}
    way.ask("PUT /v1/lots/{lot_id}/opening", {"lot_id": LOT}, body)
    counted = {"lot_id": COUNTED}
    way.ask("POST /v1/lots/{lot_id}/count-reset", counted, {**WHY, "occupied": 3})
    way.ask("GET /v1/lots/{lot_id}/corrections", counted)
    way.ask("GET /v1/lots/{lot_id}/drift", counted)
