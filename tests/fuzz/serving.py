# SPDX-License-Identifier: EUPL-1.2
"""The services to be fuzzed by the names of their OpenAPI documents, each with something of everything in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fuzz.answering import Target
from fuzz.known import decoder, indicators, parking, publisher, registry, transit
from fuzz.running import Place, database
from fuzz.walking import Walk

SERVICES = {
    "uplink-decoder": decoder,
    "parking-occupancy": parking,
    "vehicle-occupancy": transit,
    "kpi-aggregator": indicators,
    "open-data-publisher": publisher,
    "measure-registry": registry,
}


@contextmanager
def serving(name: str, place: Place) -> Iterator[Target]:
    """Yield a service with a database of its own, once everything was asked of it that is right."""
    known = SERVICES[name]
    with (
        database(place.stack, place.migrated, f"fuzz_{name.replace('-', '_')}") as url,
        known.running(url, place) as running,
    ):
        with Walk(name, running) as way:
            known.walk(way)
        yield running
