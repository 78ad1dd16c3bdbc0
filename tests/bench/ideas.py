"""10,000 ideas: how long list, search, board and the pages that show them take."""

from __future__ import annotations

import asyncio
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
    state_since, submitted_at, changed_at, channel, pseudonym, priority, published_at, search)
values (%s, 1, %s, %s, %s, %s, %s, now(), %s, now(), 'import', 'x', %s, %s,
    setweight(to_tsvector('german', %s), 'A') || setweight(to_tsvector('german', %s), 'B'))
"""
DETAILS = (
    '{"further_fields": [], "goal": "", "benefit": "", "mehrwerte": [], "leitsaetze": [],'
    ' "target_groups": [], "place": {"name": null, "lat": null, "lon": null}, "partners": "",'
    ' "timeframe": "", "budget": "", "transferable": "", "submitter_kind": null}'
)
PATHS = {
    "list, 100 of all": "/v1/ideas?limit=100",
    "list of a state, 100": "/v1/ideas?limit=100&state=bewertet&handlungsfeld=bildung",
    "search, 100": "/v1/ideas?limit=100&q=freie Parkplätze",
    "board, 50 of each state": "/v1/board?limit=50",
    "board, 20 of each state": "/v1/board?limit=20",
    "similar to one": "/v1/ideas/idea-5000/similar",
    "page of published ideas": "/liste?q=Schule",
}


def measure(stack: Stack, console: Console) -> Iterator[Table]:
    """Fill a registry, ask it, yield what it took."""
    url = new_database(stack, "bench", HALLE)
    console.print(f"{IDEAS:,} ideas …")
    _fill(url)
    key = asyncio.run(mint_key(url, "registry:read"))
    with running("measure_registry", url, stack.mosquitto.url, HALLE) as service:
        table = Table(title=f"{IDEAS:,} ideas, {ASKED} requests each, one at a time, ms")
        for column in ("", "median", "p95", "worst"):
            table.add_column(column, justify="right" if column else "left")
        with httpx.Client(base_url=service.url, timeout=30) as client:
            client.headers["authorization"] = f"Bearer {key}"
            for name, path in PATHS.items():
                times = [_timed(client, path) for _ in range(ASKED)]
                ordered = sorted(times)
                p95 = ordered[int(len(ordered) * 0.95)]
                figures = (statistics.median(times), p95, ordered[-1])
                table.add_row(name, *(f"{each:.1f}" for each in figures))
        yield table


def _timed(client: httpx.Client, path: str) -> float:
    begun = time.perf_counter()
    client.get(path).raise_for_status()
    return (time.perf_counter() - begun) * 1000


def _fill(url: str) -> None:
    dice = random.Random(7)
    rows = [_row(dice, number) for number in range(1, IDEAS + 1)]
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as connection:
        connection.execute("set role registry")
        connection.execute("set search_path to registry, public")
        connection.cursor().executemany(_INSERT, rows)
        connection.execute("analyze registry.idea")


def _row(dice: random.Random, number: int) -> tuple[Any, ...]:
    title = " ".join(dice.sample(WORDS, 5))
    summary = " ".join(dice.choice(WORDS) for _ in range(60))
    at = datetime(2022, 11, 10, tzinfo=UTC) + timedelta(hours=number)
    return (
        f"idea-{number:04d}", title, summary, dice.choice(FIELDS), DETAILS, dice.choice(STATES), at,
        dice.choice(["A", "B", "C", None]), dice.choice([at, None]), title, summary,
    )  # fmt: skip
