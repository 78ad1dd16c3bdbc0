# SPDX-License-Identifier: EUPL-1.2
"""What people choose in the form of a dataset's page is the file that they mean."""

from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from kpi_aggregator.domain.causes import reason_words
from kpi_aggregator.domain.outcome import Reason
from open_data_publisher.domain.asked import PeriodError
from open_data_publisher.domain.choice import Choice, Now, query_of
from open_data_publisher.domain.columns import ColumnType
from open_data_publisher.domain.known_sources import SOURCES
from open_data_publisher.portal.data_words import heading, value_words
from open_data_publisher.portal.words import TEXTS
from uplink_decoder.codecs.quantities import QUANTITIES

# Half past midnight of the 27th in the city.
NOW = Now(
    datetime(2026, 11, 26, 23, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"), timedelta(days=400)
)
PROCESS = Path(__file__).parents[3] / "deploy/cities/halle/registry/process.yaml"


@pytest.mark.parametrize(
    ("choice", "query"),
    [
        (Choice(), {}),
        (Choice(month="2026-02"), {"month": "2026-02"}),
        (Choice(month="2/2026"), {"month": "2026-02"}),
        (Choice(day="2026-11-26"), {"day": "2026-11-26"}),
        (Choice(day=" 26.11.2026 "), {"day": "2026-11-26"}),
        (Choice(begin="2026-10-01", end="2026-10-31"), {"from": "2026-10-01", "to": "2026-11-01"}),
        (Choice(begin="2026-10-01", end="2026-10-01"), {"from": "2026-10-01", "to": "2026-10-02"}),
        (Choice(end="2026-12-31"), {"to": "2027-01-01"}),
        (Choice(as_of="2026-11-27"), {}),
        (Choice(as_of="2026-11-26"), {"at": "2026-11-26T23:00:00+00:00"}),
        (Choice(month="2026-02", as_of="2026-07-01"),
         {"month": "2026-02", "at": "2026-07-01T22:00:00+00:00"}),
    ],
)  # fmt: skip
def test_a_choice_is_the_query_of_its_file(choice: Choice, query: dict[str, str]) -> None:
    assert query_of(choice, NOW, has_days=True) == query


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        (Choice(month="2026-11", day="2026-11-26"), "period_ambiguous"),
        (Choice(day="2026-11-26", end="2026-11-26"), "period_ambiguous"),
        (Choice(begin="2026-11-27", end="2026-11-26"), "period_empty"),
        (Choice(month="2026-13"), "no_month"),
        (Choice(month="0026-11"), "no_month"),
        (Choice(day="2026-02-30"), "no_date"),
        (Choice(end="9999-12-31"), "no_date"),
        (Choice(begin="gestern"), "no_date"),
        (Choice(day="0001-01-01"), "no_period"),
        (Choice(as_of="2026-11-28"), "at_in_future"),
        (Choice(as_of="2025-10-01"), "no_longer_kept"),
    ],
)
def test_what_cannot_be_meant_is_told_by_a_word_that_the_page_knows(
    choice: Choice, code: str
) -> None:
    with pytest.raises(PeriodError) as told:
        query_of(choice, NOW, has_days=True)
    assert told.value.code == code
    assert f"datasets.choice_{code}" in TEXTS


def test_of_a_register_there_is_no_period() -> None:
    with pytest.raises(PeriodError) as told:
        query_of(Choice(month="2026-11"), NOW, has_days=False)
    assert f"datasets.choice_{told.value.code}" in TEXTS
    assert query_of(Choice(as_of="2026-11-26"), NOW, has_days=False).keys() == {"at"}


def test_every_resolution_and_type_has_words() -> None:
    aggregations = {name for source in SOURCES.values() for name in source.aggregations}
    assert not [each for each in aggregations if f"datasets.aggregation_{each}" not in TEXTS]
    assert not [each for each in ColumnType if f"datasets.type_{each}" not in TEXTS]


def test_keys_are_shown_as_words() -> None:
    states = [each["state"] for each in yaml.safe_load(PROCESS.read_text())["states"]]
    keys = {
        "level": ("low", "medium", "high"),
        "kind": ("general", "charging", "disabled"),
        "state": (*states, "laufend", "nicht_angegeben"),
        "reifegrad": ("umsetzung", "pilot"),
    }
    pairs = [(column, key) for column, names in keys.items() for key in names]
    for column, key in pairs:
        assert {value_words(column, key, language) for language in ("de", "en")} != {key}
    assert value_words("level", "high", "de") == "stark"
    assert value_words("reifegrad", "umsetzung", "de") == "Umsetzung"
    for each in QUANTITIES.values():
        assert value_words("quantity", each.name, "de") == each.german
        assert value_words("quantity", each.name, "en") == each.english
    for reason in Reason:
        assert value_words("reason", reason, "de") == reason_words(reason)["de"]
        assert value_words("reason", reason, "en") == reason_words(reason)["en"]
    assert value_words("name", "low", "de") == "low"
    assert value_words("level", None, "de") is None


def test_terms_of_the_city_are_told_in_its_words() -> None:
    terms = {
        "handlungsfelder": {"mobilitaet": "Mobilität", "bildung": "Bildung"},
        "mehrwerte": {"clever": "Clever agieren"},
    }
    assert value_words("handlungsfeld", "mobilitaet", "de", terms) == "Mobilität"
    assert (
        value_words("handlungsfelder", "bildung, mobilitaet", "de", terms) == "Bildung, Mobilität"
    )
    assert value_words("handlungsfelder", "bildung, neu", "de", terms) == "Bildung, neu"
    assert value_words("mehrwert", "clever", "de", terms) == "Clever agieren"
    assert value_words("mehrwert", "clever", "de") == "clever"
    assert value_words("mehrwert", None, "de", terms) is None


def test_headings_are_short_and_begin_with_a_capital() -> None:
    level, free = (
        SOURCES["departure-level"].by_name["level"],
        SOURCES["lot-history"].by_name["free_mean"],
    )
    assert heading(level, "de") == "Auslastung"
    assert heading(free, "de") == "Freie Plätze, zeitlich gemittelt"
    columns = [column for source in SOURCES.values() for column in source.columns]
    told = [heading(column, language) for column, language in product(columns, ("de", "en"))]
    assert not [each for each in told if not each or each.startswith(("Wahr", "True"))]
