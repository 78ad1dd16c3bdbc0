# SPDX-License-Identifier: EUPL-1.2
"""What the decoder's roll-ups of weather stations say otherwise than arithmetic over what was acknowledged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from math import fsum, isclose
from typing import Any, NamedTuple

import httpx
import psycopg

from crash.campaign.flows import UNCOUNTED
from crash.campaign.reckoning import Truth
from crash.campaign.town import STATIONS
from crash.campaign.traffic import Told

QUANTITIES = ("air.temperature", "air.relativeHumidity")
WIDTHS = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1), "1d": timedelta(days=1)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WAITING = "select count(*) from uplink.environment_dirty"


class Series(NamedTuple):
    """Buckets of one quantity at one station."""

    asset_id: str
    width: str
    quantity: str


class Bucket(NamedTuple):
    """What the values of a bucket come to, how many and in the unit of their quantity."""

    values: int
    mean: float
    min: float
    max: float
    first: float
    last: float


Weather = Mapping[Series, Mapping[datetime, Bucket]]


def rolled_up(told: Iterable[Told]) -> dict[Series, dict[datetime, Bucket]]:
    """Return by series and begin what stations told; of one moment the greater event is the later one."""
    values: defaultdict[tuple[Series, datetime], list[float]] = defaultdict(list)
    for each in sorted(told, key=lambda each: (each.at, each.event_id)):
        for name, width in WIDTHS.items():
            start = each.at - (each.at - _EPOCH) % width
            for quantity, value in zip(QUANTITIES, each.says, strict=True):
                values[Series(each.place, name, quantity), start].append(value)
    found: defaultdict[Series, dict[datetime, Bucket]] = defaultdict(dict)
    for (series, start), in_it in values.items():
        found[series][start] = Bucket(
            len(in_it), fsum(in_it) / len(in_it), min(in_it), max(in_it), in_it[0], in_it[-1]
        )
    return dict(found)


def differing_weather(truth: Truth, database_url: str, decoder: httpx.Client) -> Iterator[str]:
    """Yield what roll-ups say otherwise over HTTP; they are made every five seconds, apart from the hot path."""
    told = truth.of("station")
    if not told:
        return
    with psycopg.connect(database_url) as connection:
        (waiting,) = connection.execute(_WAITING).fetchone() or (0,)
    if waiting:
        yield f"{UNCOUNTED}: {waiting} quarters of an hour at stations"
        return
    # A day begins before its first value.
    since = min(each.at for each in told) - WIDTHS["1d"]
    span = {
        "from": since.isoformat(),
        "to": (max(each.at for each in told) + WIDTHS["15m"]).isoformat(),
    }
    found: dict[Series, dict[datetime, Bucket]] = {}
    for asset_id in STATIONS:
        for width in WIDTHS:
            found |= _told(decoder, asset_id, width, span)
    yield from differing_buckets(rolled_up(told), found)


def _told(
    decoder: httpx.Client, asset_id: str, width: str, span: Mapping[str, str]
) -> dict[Series, dict[datetime, Bucket]]:
    query = {**span, "bucket": width, "limit": "10000"}
    answer = decoder.get(f"/v1/assets/{asset_id}/observations", params=query)
    body: Mapping[str, Any] = answer.raise_for_status().json()
    assert body["next_cursor"] is None, f"more buckets of {asset_id} than a page holds"
    found: defaultdict[Series, dict[datetime, Bucket]] = defaultdict(dict)
    for each in body["items"]:
        bucket = Bucket(*(each[name] for name in ("count", *Bucket._fields[1:])))
        start = datetime.fromisoformat(each["start"])
        found[Series(asset_id, width, each["quantity"])][start] = bucket
    return dict(found)


def differing_buckets(wanted: Weather, found: Weather) -> Iterator[str]:
    """Yield the buckets that differ, are missing, or hold what nobody told."""
    for series in sorted({*wanted, *found}):
        own, other = wanted.get(series, {}), found.get(series, {})
        for start in sorted({*own, *other}):
            if not _alike(other.get(start), own.get(start)):
                yield f"weather: {series} has {other.get(start)} instead of {own.get(start)} from {start} on"


def _alike(found: Bucket | None, wanted: Bucket | None) -> bool:
    if found is None or wanted is None:
        return found is wanted
    return all(
        isclose(own, other, rel_tol=1e-9, abs_tol=1e-9)
        for own, other in zip(found, wanted, strict=True)
    )
