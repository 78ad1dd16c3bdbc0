# SPDX-License-Identifier: EUPL-1.2
"""Persons that were kept before there was a secret are kept by their new pseudonyms."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg

from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.domain.pseudonyms import Pseudonyms
from kpi_aggregator.storage import persons
from stadttakt_runtime.database import Database
from support.indicators import indicator, libpq, write_city

PLAIN, KEYED = Pseudonyms(), Pseudonyms(b"k" * 32)
VALUE = """
insert into kpi.indicator_value (indicator_id, period, period_start, value, source, source_date,
    author_role, cause, indicator_version, author, proposed_at, state, decided_by, decided_at)
values ('x', 'year', %s, 1, 's', '2026-01-01', 'r', 'c', 1, %s, now(), 'approved', %s, now())
"""
FILE = """
insert into kpi.value_file (name, sha256, author, author_role, imported_at)
values ('f', '0', %s, 'r', now())
"""
KEPT = "select author, decided_by from kpi.indicator_value order by period_start"


async def test_who_was_kept_before_the_secret_is_drawn_anew_once(
    database_url: str, tmp_path: Path
) -> None:
    manual = {**indicator("x", "none", source="manual", period="year")}
    del manual["formula"]
    await asyncio.to_thread(apply_city, write_city(tmp_path, [], [manual]), database_url)
    with psycopg.connect(libpq(database_url), autocommit=True) as connection:
        connection.execute(VALUE, ("2024-01-01", PLAIN.of("anna"), "oidc:ben"))
        connection.execute(VALUE, ("2025-01-01", "api_key:7", PLAIN.of("anna")))
        connection.execute(FILE, (PLAIN.of("anna"),))
        async with Database.open(database_url, schema="kpi") as database:
            for renewed in (2, 0):
                async with database.transaction() as transaction:
                    assert await persons.renew(transaction, KEYED) == renewed
        assert connection.execute(KEPT).fetchall() == [
            (KEYED.of("anna"), KEYED.of("ben")),
            ("api_key:7", KEYED.of("anna")),
        ]
        found = connection.execute("select author from kpi.value_file").fetchall()
        assert found == [(KEYED.of("anna"),)]
