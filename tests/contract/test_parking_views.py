# SPDX-License-Identifier: EUPL-1.2
"""The views that others read are those of the reference page, and whoever connects may read them."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

PAGE = Path(__file__).parents[2] / "docs/reference/parking-views.md"
ROW = re.compile(r"^\| (`[a-z_]+`(?:, `[a-z_]+`)*) \| ([a-z ]+) \|", re.MULTILINE)
_COLUMNS = """
select column_name, data_type from information_schema.columns
 where table_schema = 'parking' and table_name = %s order by ordinal_position
"""
_VIEWS = """
select table_name from information_schema.views
 where table_schema = 'parking' and table_name ~ '^v[0-9]+_' order by table_name
"""


def documented() -> dict[str, list[tuple[str, str]]]:
    found = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        view = section.split("\n", 1)[0].strip()
        found[view] = [
            (name.strip("`"), kind)
            for names, kind in ROW.findall(section)
            for name in names.split(", ")
        ]
    return found


@pytest.fixture
def connection(database_url: str) -> psycopg.Connection:
    url = database_url.replace("postgresql+psycopg", "postgresql")
    return psycopg.connect(url, autocommit=True)


def test_views_of_parking_are_as_documented(connection: psycopg.Connection) -> None:
    with connection:
        views = [row[0] for row in connection.execute(_VIEWS)]
        assert views == sorted(documented())
        for view, columns in documented().items():
            # new ones come last: `create or replace view` can do no other
            assert list(connection.execute(_COLUMNS, (view,))) == columns, view


def test_any_role_may_read_the_views_of_parking_and_no_table(
    connection: psycopg.Connection,
) -> None:
    with connection:
        for view in documented():
            (may,) = connection.execute(
                "select has_table_privilege('public', %s, 'select')", (f"parking.{view}",)
            ).fetchone() or (False,)
            assert may, view
        for table in ("bay", "bay_event", "bay_stretch", "stay_day", "lot_flow"):
            (may,) = connection.execute(
                "select has_table_privilege('public', %s, 'select')", (f"parking.{table}",)
            ).fetchone() or (True,)
            assert not may, table
