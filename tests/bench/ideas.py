# SPDX-License-Identifier: EUPL-1.2
"""10,000 ideas: how long list, search, board and the pages that show them take."""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
from rich.console import Console
from rich.table import Table

from bench.ranks import ranked
from bench.services import new_database, running
from support.asking import mint_key
from support.ideas import HALLE
from support.stack import Stack

IDEAS, ASKED = 10_000, 60
STATES = ("eingereicht", "gesichtet", "bewertet", "geclustert", "im-workshop", "abgelehnt")
FIELDS = ("wirtschaft", "mobilitaet", "bildung", "verwaltung")
WORDS = [
    "Parkplatz",
    "Haltestelle",
    "Schule",
    "Bibliothek",
    "Ufer",
    "Bank",
    "Schatten",
    "Sensor",
    "Straße",
    "Radweg",
    "Bus",
    "Bahn",
    "Markt",
    "Platz",
    "Garten",
    "Werkstatt",
    "Beratung",
    "Kinder",
    "Senioren",
    "Karte",
    "Anzeige",
    "Licht",
    "Wasser",
    "Luft",
    "Lärm",
    "Klima",
    "offen",
    "digital",
    "freie",
    "neue",
    "sichere",
    "barrierefreie",
    "gemeinsam",
    "lernen",
    "bauen",
    "zeigen",
    "messen",
    "teilen",
]
_INSERT = """
insert into registry.idea (idea_id, version, title, summary, handlungsfeld, details, state,
    state_since, submitted_at, changed_at, channel, pseudonym, priority, published_at, lat, lon, search)
values (%s, 1, %s, %s, %s, %s, %s, now(), %s, now(), 'import', 'x', %s, %s, %s, %s,
    setweight(to_tsvector('german', %s), 'A') || setweight(to_tsvector('german', %s), 'B'))
"""
FROM_ONE_ADDRESS = {"STADTTAKT_REGISTRY_INTAKE_PER_ADDRESS": "10000"}
DETAILS = (
    '{"further_fields": [], "goal": "", "benefit": "", "mehrwerte": [], "leitsaetze": [],'
    ' "target_groups": [], "place": %s, "partners": "",'
    ' "timeframe": "", "budget": "", "transferable": "", "submitter_kind": null}'
)
# Two raters, twelve criteria, most ideas; every fiftieth is disputed.
_RATE = """
insert into registry.rating (idea_id, criterion_id, rater, rating, comment, catalogue_version, at)
select i.idea_id, c ->> 'criterion_id', r.rater,
       case when i.number % 50 = 0 and r.rater = 'api_key:b' then 'nicht_erfuellt' else 'erfuellt' end,
       'gut begründet', n.version, now()
  from registry.idea i, (select * from registry.catalogue order by version desc limit 1) n,
       jsonb_array_elements(n.definition -> 'criteria') c,
       (values ('api_key:a'), ('api_key:b')) as r (rater)
 where i.number % 5 <> 0 or i.number % 50 = 0;
update registry.idea set disputed = 12 where number % 50 = 0;
analyze registry.rating;
analyze registry.idea;
"""
PATHS = {
    "list, 100 of all": "/v1/ideas?limit=100",
    "list of a state, 100": "/v1/ideas?limit=100&state=bewertet&handlungsfeld=bildung",
    "search, 100": "/v1/ideas?limit=100&q=freie Parkplätze",
    "search of a rare word": "/v1/ideas?limit=100&q=Einhorn",
    "disputed, 100": "/v1/ideas?limit=100&disputed=true",
    "board, 50 of each state": "/v1/board?limit=50",
    "board, 20 of each state": "/v1/board?limit=20",
    "similar to one": "/v1/ideas/idea-5000/similar",
    "page of published ideas": "/liste?q=Schule",
    "map": "/karte",
    "map of a field": "/karte?handlungsfeld=bildung",
    "places as GeoJSON": "/v1/export.geojson",
}
PAGES = {
    "staff: board": "/intern",
    "staff: search": "/intern?q=freie Parkplätze&stand=bewertet",
    "staff: ratings that wait": "/intern/bewertung",
    "staff: disputed": "/intern/bewertung?auswahl=strittig",
    "staff: one idea": "/intern/idee/idea-5000",
}


def measure(stack: Stack, console: Console) -> Iterator[Table]:
    """Fill a registry, ask it, yield what it took."""
    url = new_database(stack, "bench", HALLE)
    console.print(f"{IDEAS:,} ideas …")
    fill(url)
    key = asyncio.run(mint_key(url, "registry:read"))
    with running("measure_registry", url, stack.mosquitto.url, HALLE, FROM_ONE_ADDRESS) as service:
        table = Table(title=f"{IDEAS:,} ideas, {ASKED} requests each, one at a time, ms")
        for column in ("", "median", "p95", "worst"):
            table.add_column(column, justify="right" if column else "left")
        with httpx.Client(base_url=service.url, timeout=30) as client:
            client.headers["authorization"] = f"Bearer {key}"
            for name, path in PATHS.items():
                _add(table, name, [_timed(client, "GET", path) for _ in range(ASKED)])
            client.post("/intern/anmelden", data={"key": key})
            for name, path in PAGES.items():
                _add(table, name, [_timed(client, "GET", path) for _ in range(ASKED)])
        with httpx.Client(base_url=service.url, timeout=30) as client:
            times = [_timed(client, "POST", "/v1/ideas", json=_new(n)) for n in range(ASKED)]
            _add(table, "submission, with similar ones", times)
        yield table


def _add(table: Table, name: str, times: list[float]) -> None:
    ordered = sorted(times)
    figures = (statistics.median(times), ranked(ordered, 0.95), ordered[-1])
    table.add_row(name, *(f"{each:.1f}" for each in figures))


def _new(number: int) -> dict[str, Any]:
    dice = random.Random(number)
    return {
        "title": " ".join(dice.sample(WORDS, 5)),
        "summary": " ".join(dice.choice(WORDS) for _ in range(60)),
        "handlungsfeld": "mobilitaet",
    }


def _timed(client: httpx.Client, method: str, path: str, **options: Any) -> float:
    begun = time.perf_counter()
    client.request(method, path, **options).raise_for_status()
    return (time.perf_counter() - begun) * 1000


def fill(url: str) -> None:
    """Store the ideas with their ratings."""
    dice = random.Random(7)
    rows = [_row(dice, number) for number in range(1, IDEAS + 1)]
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as connection:
        connection.execute("set role registry")
        connection.execute("set search_path to registry, public")
        connection.cursor().executemany(_INSERT, rows)
        connection.execute(_RATE)


def _row(dice: random.Random, number: int) -> tuple[Any, ...]:
    title = " ".join(dice.sample(WORDS, 5))
    summary = " ".join(dice.choice(WORDS) for _ in range(60))
    at = datetime(2022, 11, 10, tzinfo=UTC) + timedelta(hours=number)
    # three of four lie somewhere in Halle
    lat: float | None = None
    lon: float | None = None
    if number % 4:
        lat, lon = round(51.42 + dice.random() * 0.12, 3), round(11.88 + dice.random() * 0.18, 3)
    place = json.dumps({"name": None if lat is None else "Platz", "lat": lat, "lon": lon})
    return (
        f"idea-{number:04d}", title, summary, dice.choice(FIELDS), DETAILS % place, dice.choice(STATES), at,
        dice.choice(["A", "B", "C", None]), dice.choice([at, None]), lat, lon, title, summary,
    )  # fmt: skip
