# SPDX-License-Identifier: EUPL-1.2
"""Of rows without data no file says that they were measured."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from support.open_data_rows import Rows
from support.open_data_world import HEAD, NOON, World, until

from .test_datasets import DAY, LEAST, items, publisher

POLICY = LEAST.replace(f"{HEAD}\n    protection: {{least: 2}}", HEAD)
NOTHING_KNOWN = f"""
insert into parking.lot_history (lot_id, width_s, start, occupied_mean, unknown_mean, completeness)
    values ('markt', 900, '{NOON}', null, 40, 0), ('demo', 900, '{NOON}', null, 40, 0);
update parking.lot_state set simulated = true where lot_id = 'demo';
insert into parking.lot_history (lot_id, width_s, start, occupied_mean, unknown_mean, completeness)
    values ('markt', 3600, '{NOON - timedelta(hours=5)}', null, 40, 0);
insert into parking.stay_day (lot_id, day, arrivals, departures, completeness, simulated)
    values ('zoo', '{NOON.date()}', 0, 0, 0, false);
insert into kpi.indicator (indicator_id, position, definition)
    values ('quote', 1, '{{"title": {{}}, "source": "formula", "public": true}}');
insert into kpi.computed_value (indicator_id, period, period_start, value, reason, numerator,
    denominator, completeness, provisional, simulated, formula_id, formula_version, cause, days, computed_at)
    values ('quote', 'day', '{NOON.date()}', null, 'no_data', 0, 0, 0, false, false, 'f', 1, '', '{{}}', '{NOON}'),
           ('quote', 'day', '{NOON.date() - timedelta(days=1)}', 7, null, 7, 1, 1, false, false, 'f', 1, '', '{{}}', '{NOON}');
"""


@pytest.fixture
def rows(database_url: str) -> Rows:
    return Rows(database_url)


@pytest.fixture
def world(tmp_path: Path, database_url: str, mqtt_url: str) -> World:
    return World(tmp_path, database_url, mqtt_url)


def plant(rows: Rows) -> None:
    """Store rows with data and rows without, none of them simulated but the lot `demo`."""
    rows.lot("markt")
    rows.lot("demo")
    rows.lot("zoo")
    rows.history("markt", NOON + timedelta(minutes=15), 12)
    rows.bays("markt", "general", 3, NOON)
    rows.stays("markt", NOON.date(), 40)
    rows.departure("known", NOON, "low")
    rows.departure("unknown", NOON + timedelta(hours=2), None)
    rows.run(NOTHING_KNOWN)


def marks(found: list[dict[str, Any]], *names: str) -> Mapping[Any, bool | None]:
    """Return the marks of rows by what tells them apart."""
    return {tuple(str(row[name])[:13] for name in names): row["simulated"] for row in found}


def test_a_row_without_data_is_simulated_or_unknown_but_never_measured(
    world: World, rows: Rows
) -> None:
    plant(rows)
    hour, later = NOON.isoformat()[:13], (NOON + timedelta(hours=2)).isoformat()[:13]
    day_before = str(NOON.date() - timedelta(days=1))
    early = (NOON - timedelta(hours=5)).isoformat()[:13]
    with publisher(world, POLICY) as client:
        until(lambda: len(items(client, "lots", day=DAY)) == 3)
        until(lambda: len(items(client, "indicators")) == 2)
        lots = {
            (row["lot_id"], row["free_mean"]): row["simulated"]
            for row in items(client, "lots", day=DAY)
        }
        bays = marks(items(client, "bays", day=DAY), "start")
        stays = marks(items(client, "stays", day=DAY), "lot_id")
        departures = marks(items(client, "departures", day=DAY), "trip_id")
        hours = marks(items(client, "hours", day=DAY), "start")
        indicators = marks(items(client, "indicators"), "period_start")
    assert lots == {("markt", None): None, ("demo", None): True, ("markt", 12.0): False}
    assert bays == {(hour,): False, (early,): None}
    assert stays == {("markt",): False, ("zoo",): None}
    assert departures == {("known",): False, ("unknown",): None}
    assert hours == {(hour,): False, (later,): None}
    assert indicators == {(day_before,): False, (str(NOON.date()),): None}


def test_an_unknown_mark_is_empty_in_each_format(world: World, rows: Rows) -> None:
    rows.departure("unknown", NOON, None)
    with publisher(world, POLICY) as client:
        until(lambda: len(items(client, "departures", day=DAY)) == 1)
        base, query = "/datasets/departures/data.", {"day": DAY}
        text = client.get(f"{base}csv", params=query).text
        table = pq.read_table(io.BytesIO(client.get(f"{base}parquet", params=query).content))
        page = client.get("/datasets/departures", headers={"accept": "text/html"}).text
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["level"], row["simulated"]) == ("", "")
    assert table.column("simulated").to_pylist() == [None]
    assert "<td>nein</td>" not in page
