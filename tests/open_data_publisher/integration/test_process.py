# SPDX-License-Identifier: EUPL-1.2
from pathlib import Path

import pytest

from open_data_publisher.migrations import MIGRATIONS
from stadttakt_runtime.migrations.upgrade import drift
from support.database import empty_database
from support.service import start
from support.stack import Stack

CITY = "city_id: musterstadt\nname: Musterstadt\n"
PUBLICATION = "country: de\nnational_identifier: DE-Muster\nbase_url: https://daten.example\n"


@pytest.fixture
def city(tmp_path: Path) -> Path:
    (tmp_path / "opendata").mkdir()
    (tmp_path / "city.yaml").write_text(CITY)
    (tmp_path / "opendata" / "publication.yaml").write_text(PUBLICATION)
    return tmp_path


def refusal(**settings: str) -> str:
    process = start("open_data_publisher", **settings)
    _, log = process.communicate(timeout=30)
    assert process.returncode == 1
    return log


def test_service_refuses_a_database_without_its_schema(stack: Stack, city: Path) -> None:
    with empty_database(stack) as url:
        log = refusal(STADTTAKT_DATABASE_URL=url, STADTTAKT_CITY=str(city))
    assert "run: stadttakt migrate opendata" in log


def test_service_refuses_to_publish_in_nobodys_name(database_url: str) -> None:
    assert "STADTTAKT_CITY" in refusal(STADTTAKT_DATABASE_URL=database_url)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PUBLICATION.replace("country: de", "country: Germany"), "country"),
        (PUBLICATION + "licence: none\n", "licence"),
        ("country: [", "is no YAML"),
        (PUBLICATION + "sites: {markt: {site_type: cave}}\n", "sites.markt.site_type"),
    ],
)
def test_service_names_what_is_wrong_in_the_city(
    database_url: str, city: Path, text: str, said: str
) -> None:
    (city / "opendata" / "publication.yaml").write_text(text)
    log = refusal(STADTTAKT_DATABASE_URL=database_url, STADTTAKT_CITY=str(city))
    assert "publication.yaml" in log
    assert said in log


def test_tables_and_revisions_agree(database_url: str) -> None:
    assert drift(database_url, MIGRATIONS) is None
