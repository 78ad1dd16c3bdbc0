# SPDX-License-Identifier: EUPL-1.2
"""The views that indicators are made of are those of their page, and any role may read them."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg

from support.indicators import libpq

PAGE = Path(__file__).parents[2] / "docs/reference/indicator-views.md"
ROW = re.compile(r"^\| (`[a-z_]+`(?:, `[a-z_]+`)*) \| ([a-z ]+) \|", re.MULTILINE)
_COLUMNS = """
select column_name, data_type from information_schema.columns
 where table_schema = %s and table_name = %s order by ordinal_position
"""


def documented() -> dict[str, list[tuple[str, str]]]:
    found = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        found[section.split("\n", 1)[0].strip()] = [
            (name.strip("`"), kind)
            for names, kind in ROW.findall(section)
            for name in names.split(", ")
        ]
    return found


def test_views_of_indicators_are_as_documented(database_url: str) -> None:
    pages = documented()
    assert len(pages) == 10
    with psycopg.connect(libpq(database_url), autocommit=True) as connection:
        for view, columns in pages.items():
            found = list(connection.execute(_COLUMNS, view.split(".")))
            assert found == columns, view
            (may,) = connection.execute(
                "select has_table_privilege('public', %s, 'select')", (view,)
            ).fetchone() or (False,)
            assert may, view


def test_applications_are_told_to_nobody_else(database_url: str) -> None:
    with psycopg.connect(libpq(database_url), autocommit=True) as connection:
        (may,) = connection.execute(
            "select has_table_privilege('public', 'kpi.v1_data_application', 'select')"
        ).fetchone() or (True,)
    assert not may
