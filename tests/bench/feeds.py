"""All feeds of a large city rendered, each beside what the same library takes to read it again.

`PYTHONPATH=tests python -m bench.feeds`; needs neither database nor broker.
"""

from __future__ import annotations

import gzip
from datetime import timedelta
from time import process_time

from lxml import etree
from rich.console import Console
from rich.table import Table

from open_data_publisher.domain.truth import Truth
from open_data_publisher.feeds.catalogue import FEEDS, XML, Feed
from open_data_publisher.shelf import GZIP_LEVEL
from stadttakt_messages.states import BayStatus
from support.open_data import NOON, PUBLICATION, bay, lot, somewhere, truth, vehicle

LOTS, BAYS, VEHICLES = 500, 20_000, 1_000
ROUNDS = 3


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
        "feed", "rendered", "read again", "compressed", "bytes",
        title=f"{LOTS} lots, {BAYS:,} bays, {VEHICLES:,} vehicles: processor time, best of {ROUNDS}",
    )  # fmt: skip
    for feed in FEEDS:
        table.add_row(feed.feed_id, *_row(feed, city))
    return table


def _row(feed: Feed, city: Truth) -> tuple[str, ...]:
    rendered = compressed = read = float("inf")
    body = b""
    for _ in range(ROUNDS):
        begun = process_time()
        body = feed.render(city, PUBLICATION)
        rendered = min(rendered, process_time() - begun)
        begun = process_time()
        gzip.compress(body, GZIP_LEVEL, mtime=0)
        compressed = min(compressed, process_time() - begun)
        begun = process_time()
        if feed.media_type == XML:
            etree.fromstring(body)
            read = min(read, process_time() - begun)
    again = "-" if read == float("inf") else _ms(read)
    return _ms(rendered), again, _ms(compressed), f"{len(body):,}"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms"


if __name__ == "__main__":
    Console().print(measure())
