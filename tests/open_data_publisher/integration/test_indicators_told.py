# SPDX-License-Identifier: EUPL-1.2
"""The dataset of indicators says which ones the city added to the framework, and groups in its order."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from support.open_data_rows import Rows
from support.open_data_world import NOON, World, until

from .test_datasets import LEAST, items, publisher

POLICY = LEAST.replace(
    "[indicator_id, period, period_start, value, simulated]",
    "[indicator_id, period, period_start, value, extension, simulated]",
)
ADDED = "update kpi.indicator set definition = definition || '{\"extension\": %s}' where indicator_id = '%s'"


@pytest.fixture
def rows(database_url: str) -> Rows:
    return Rows(database_url)


@pytest.fixture
def world(tmp_path: Path, database_url: str, mqtt_url: str) -> World:
    return World(tmp_path, database_url, mqtt_url)


def test_what_the_city_added_to_the_framework_is_marked_in_each_format_and_described(
    world: World, rows: Rows
) -> None:
    for name, added in (("eigen", "true"), ("rahmen", "false")):
        rows.indicator(name, public=True, value=5, at=NOON)
        rows.run(ADDED % (added, name))
    with publisher(world, POLICY) as client:
        until(lambda: len(items(client, "indicators")) == 2)
        told = {row["indicator_id"]: row["extension"] for row in items(client, "indicators")}
        base = "/datasets/indicators/data."
        lines = list(csv.DictReader(io.StringIO(client.get(f"{base}csv").text)))
        table = pq.read_table(io.BytesIO(client.get(f"{base}parquet").content))
        pages = [
            client.get(f"/datasets/indicators?lang={each}", headers={"accept": "text/html"}).text
            for each in ("de", "en")
        ]
    assert told == {"eigen": True, "rahmen": False}
    assert {row["indicator_id"]: row["extension"] for row in lines} == {"eigen": "true", "rahmen": "false"}  # fmt: skip
    assert sorted(table.column("extension").to_pylist()) == [False, True]
    assert "Erweiterung: wahr" in pages[0]
    assert "extension: true where the city added" in pages[1]


def test_groups_stand_in_the_order_of_the_framework_and_former_ones_last(
    world: World, rows: Rows
) -> None:
    rows.indicator("wege", public=True, value=5, at=NOON)
    rows.run(
        """update kpi.indicator set definition = definition || '{"groups": ["zu-fuss", "rad", "auto"]}'"""
    )
    rows.run(
        """update kpi.indicator_value set parts = '{"auto": 20, "boot": 7, "rad": 30, "zu-fuss": 50}'"""
    )
    with publisher(world, POLICY.replace("extension", "parts")) as client:
        until(lambda: len(items(client, "indicators")) == 1)
        (row,) = items(client, "indicators")
    assert row["parts"] == "zu-fuss=50|rad=30|auto=20|boot=7"
