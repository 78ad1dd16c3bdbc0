# SPDX-License-Identifier: EUPL-1.2
"""The views that others read of the open-data publisher are those of the reference page."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg

PAGE = Path(__file__).parents[2] / "docs/reference/opendata-views.md"
ROW = re.compile(r"^\| `([a-z_]+)` \| ([a-z ]+) \|", re.MULTILINE)
_VIEWS = """
select table_name from information_schema.views
 where table_schema = 'opendata' and table_name ~ '^v[0-9]+_' order by table_name
"""
_COLUMNS = """
select column_name, data_type from information_schema.columns
 where table_schema = 'opendata' and table_name = %s order by ordinal_position
"""


def test_views_of_the_publisher_are_as_documented_and_any_role_may_read_them(
    database_url: str,
) -> None:
    sections = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    documented = {section.split("\n", 1)[0].strip(): ROW.findall(section) for section in sections}
    with psycopg.connect(database_url) as connection:
        views = [row[0] for row in connection.execute(_VIEWS)]
        assert views == sorted(documented)
        for view, columns in documented.items():
            assert list(connection.execute(_COLUMNS, (view,))) == columns, view
            query = "select has_table_privilege('public', %s, 'select')"
            assert connection.execute(query, (f"opendata.{view}",)).fetchone() == (True,)
