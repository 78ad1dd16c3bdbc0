# SPDX-License-Identifier: EUPL-1.2
"""The privacy templates speak of tables and settings that exist."""

import re
from pathlib import Path

import psycopg
import pytest

from architecture.test_settings import SERVICES

FOLDER = Path(__file__).parents[2] / "docs/privacy"
PAGES = sorted(FOLDER.glob("*.md"))
TABLE = re.compile(r"`((?:platform|uplink|parking|transit|kpi|opendata|registry)\.[a-z_]+)`")
SETTING = re.compile(r"`(STADTTAKT_[A-Z_]+)`")
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


@pytest.fixture
def columns(database_url: str) -> set[tuple[str, str]]:
    query = "select table_schema || '.' || table_name, column_name from information_schema.columns"
    with psycopg.connect(database_url) as connection:
        return {(row[0], row[1]) for row in connection.execute(query)}


@each_page
def test_every_table_that_is_named_exists(page: Path, columns: set[tuple[str, str]]) -> None:
    named = set(TABLE.findall(page.read_text(encoding="utf-8")))
    assert not named - {table for table, _ in columns}


def test_tables_are_named_at_all() -> None:
    assert len(set(TABLE.findall((FOLDER / "loeschkonzept.md").read_text()))) > 10


@each_page
def test_every_setting_that_is_named_exists(page: Path) -> None:
    known = {
        f"{model.model_config.get('env_prefix')}{field}".upper()
        for model in SERVICES.values()
        for field in model.model_fields
    }
    assert not set(SETTING.findall(page.read_text(encoding="utf-8"))) - known
