# SPDX-License-Identifier: EUPL-1.2
"""All feeds of a large city rendered, each beside what the same library takes to read it again.

`PYTHONPATH=tests python -m bench.feeds`; needs neither database nor broker.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from time import process_time
from typing import Any

from lxml import etree
from rich.console import Console
from rich.table import Table

from bench.cpu import most_memory_mb
from open_data_publisher.domain.truth import Truth, truth_at
from open_data_publisher.feeds.catalogue import FEEDS, XML, Feed
from open_data_publisher.shelf import gzipped
from stadttakt_messages.states import BayStatus
from support.open_data import NOON, PUBLICATION, bay, lot, somewhere, truth, vehicle

LOTS, BAYS, VEHICLES = 500, 20_000, 1_000
ROUNDS = 3
CHANGED = 100


def large_city() -> Truth:
    """Return lots, bays in all states and vehicles on the road."""
    states = list(BayStatus)
    return truth(
        [lot(f"lot-{n}", name=f"Parkplatz {n}") for n in range(LOTS)],
        [
            bay(
                f"bay-{n}",
                lot_id=f"lot-{n % LOTS}",
                state=states[n % len(states)],
                lat=round(51.4 + n * 1e-6, 6),
                measured_at=NOON - timedelta(seconds=n % 3600),
            )
            for n in range(BAYS)
        ],
        [vehicle(f"tram-{n}", trip_id=f"t-{n}", **somewhere()) for n in range(VEHICLES)],
    )


def measure() -> Table:
    """Return what each feed costs in processor time, the best of some rounds."""
    city = large_city()
    table = Table(
        "feed", "all written", f"{CHANGED} bays written", "read again", "compressed", "bytes",
        title=f"{LOTS} lots, {BAYS:,} bays, {VEHICLES:,} vehicles: processor time, best of {ROUNDS}",
    )  # fmt: skip
    for feed in FEEDS:
        table.add_row(feed.feed_id, *_row(feed, city))
    table.caption = f"memory at most, reading again included: {most_memory_mb():,.0f} MB"
    return table


def _row(feed: Feed, city: Truth) -> tuple[str, ...]:
    rendered = changed = compressed = read = float("inf")
    body = b""
    for _ in range(ROUNDS):
        bare = anew(city)
        begun = process_time()
        body = feed.render(bare, PUBLICATION)
        rendered = min(rendered, process_time() - begun)
        feed.render(city, PUBLICATION)
        few = replace(city, bays=(*anew(city).bays[:CHANGED], *city.bays[CHANGED:]))
        begun = process_time()
        feed.render(few, PUBLICATION)
        changed = min(changed, process_time() - begun)
        begun = process_time()
        gzipped(body)
        compressed = min(compressed, process_time() - begun)
        begun = process_time()
        if feed.media_type == XML:
            etree.fromstring(body)
            read = min(read, process_time() - begun)
    again = "-" if read == float("inf") else _ms(read)
    return _ms(rendered), _ms(changed), again, _ms(compressed), f"{len(body):,}"


def anew(city: Truth) -> Truth:
    """Return the same, of which nothing was ever written."""
    return truth_at(city.at, *([replace(each) for each in group] for group in groups(city)))


def groups(city: Truth) -> tuple[Any, ...]:
    """Return what there is of each kind."""
    return city.lots, city.bays, city.vehicles, city.trips


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms"


if __name__ == "__main__":
    Console().print(measure())
