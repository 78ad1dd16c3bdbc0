# SPDX-License-Identifier: EUPL-1.2
"""The form of measures for staff: what it shows is what it says, and what is wrong is told by field."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.datastructures import FormData

from measure_registry.api.pages.staff.numbers import plain_number
from measure_registry.api.pages.staff.undertaking_form import (
    checked,
    definition_in,
    digests,
    merged,
    shown,
)
from measure_registry.city.folder import read_folder
from measure_registry.city.undertakings import Wish
from measure_registry.domain.undertaking import Kind
from support.ideas import HALLE
from support.undertakings import FULL


def sent(definition: Any, **changes: str) -> FormData:
    """Return the form that a browser sends of a page, with fields changed."""
    told = shown(definition)
    fields: list[tuple[str, Any]] = list(told["single"].items())
    fields += [(name, word) for name, words in told["chosen"].items() for word in words]
    fields += [
        (f"{part}-{number}-{path}", text)
        for part, rows in told["rows"].items()
        for number, row in enumerate(rows)
        for path, text in row.items()
    ]
    return FormData(
        [*((key, text) for key, text in fields if key not in changes), *changes.items()]
    )


@pytest.fixture(scope="module")
def wishes() -> list[Wish]:
    return read_folder(HALLE).undertakings


def test_a_form_that_is_sent_as_it_was_shown_says_the_same(wishes: list[Wish]) -> None:
    full = Wish(Kind.MEASURE, "voll", 0, FULL)
    for each in (*wishes, full):
        said = definition_in(sent(each.definition), each.kind, each.name)
        assert checked(said, each.kind, "de") == (each.definition, {}), each.name


def test_rows_are_added_changed_and_removed(wishes: list[Wish]) -> None:
    mobility = next(each for each in wishes if each.name == "integrierte-mobilitaet")
    new = len(mobility.definition["partners"])
    form = sent(mobility.definition, **{
        f"partners-{new}-name": "HAVAG", "partners-0-drop": "1", "milestones-0-title.de": "Es beginnt",
        "pilots-0-partners": "Stadtwerke Halle | Betrieb\n\nHAVAG", "place.lat": "51,48", "place.lon": "11,97",
    })  # fmt: skip
    definition, faults = checked(
        definition_in(form, Kind.MEASURE, mobility.name), Kind.MEASURE, "de"
    )
    assert faults == {}
    assert definition is not None
    names = [each["name"] for each in definition["partners"]]
    assert names == ["science2public", "Smart-City-Bildungsquartier Halle-Neustadt", "HAVAG"]
    assert definition["milestones"][0]["title"]["de"] == "Es beginnt"
    assert definition["pilots"][0]["partners"] == [
        {"name": "Stadtwerke Halle", "part": "Betrieb"},
        {"name": "HAVAG", "part": None},
    ]
    assert (definition["place"]["lat"], definition["place"]["lon"]) == (51.48, 11.97)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("1500000", 1500000), ("1.500.000", 1500000), ("1.500.000,00", 1500000), ("1500000,00", 1500000),
        ("1.500.000,00 €", 1500000), ("1 500 000", 1500000), ("50.000", 50000), ("1,500,000", 1500000), ("0", 0),
    ],
)  # fmt: skip
def test_a_budget_is_written_as_people_write_it(
    wishes: list[Wish], written: str, stored: int
) -> None:
    mobility = next(each for each in wishes if each.name == "integrierte-mobilitaet")
    form = sent(mobility.definition, **{"budget.frame_eur": written})
    definition, faults = checked(
        definition_in(form, Kind.MEASURE, mobility.name), Kind.MEASURE, "de"
    )
    assert faults == {}
    assert definition is not None
    assert definition["budget"]["frame_eur"] == stored


@pytest.mark.parametrize(
    ("written", "read"),
    [("1.234", "1.234"), ("80,5", "80.5"), ("1.234,5", "1234.5"), ("2.000.000", "2000000"), ("-3,5", "-3.5"), ("viel", "viel")],
)  # fmt: skip
def test_a_number_of_a_key_result_keeps_its_decimals(written: str, read: str) -> None:
    assert plain_number(written) == read


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"title.en": ""}, "title.en", "Titel auf Englisch: fehlt"),
        ({"starts_on": "gestern"}, "starts_on", "Beginn: ist kein Tag"),
        ({"place.lat": "Mitte", "place.lon": "11"}, "place.lat", "Breite: ist keine mögliche Zahl"),
        ({"budget.frame_eur": "viel"}, "budget.frame_eur", "Budgetrahmen in Euro: ist keine mögliche Zahl"),
        ({"milestones-0-due_on": "bald"}, "milestones-0-due_on", "Meilenstein 1, Fällig am: ist kein Tag"),
        ({"pilots-0-next_step.en": ""}, "pilots-0-next_step.en", "Pilotprojekt 1, Nächster Schritt auf Englisch: fehlt"),
        ({"partners-0-name": "x" * 301}, "partners-0-name", "Partner 1, Name: zu lang"),
        ({"objectives-0-objective": "Mehr", "objectives-0-key_results": "nur ein Wort"}, "objectives-0-key_results", "Ziel 1, Schlüsselergebnisse: fehlt"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_field(
    wishes: list[Wish], changes: dict[str, str], field: str, why: str
) -> None:
    mobility = next(each for each in wishes if each.name == "integrierte-mobilitaet")
    said = definition_in(sent(mobility.definition, **changes), Kind.MEASURE, mobility.name)
    definition, faults = checked(said, Kind.MEASURE, "de")
    assert definition is None
    assert faults == {field: why}
    # what was written is shown again
    name = field.rpartition("-")[2]
    told = shown(said)
    kept = [*told["single"].items(), *(pair for rows in told["rows"].values() for row in rows for pair in row.items())]  # fmt: skip
    assert (name, changes[field]) in kept


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"budget.frame_eur": "1.500.000,50"}, "budget.frame_eur", "Budgetrahmen in Euro: ist keine mögliche Zahl"),
        ({"starts_on": "2026-02-01", "ends_on": "2026-01-01"}, "ends_on", "Ende: liegt vor dem Beginn"),
        ({"place.name": "Markt", "place.lat": "51,4"}, "place.lat", "Breite: Breite und Länge gehören zusammen: bitte beide angeben oder keine"),
        ({"milestones-0-status": "offen", "milestones-0-reached_on": "2026-01-01"}, "milestones-0-reached_on",
         "Meilenstein 1, Erreicht am: gehört zum Status „erreicht“, und nur zu diesem"),
        ({"indicators-9-indicator_id": "modal-split"}, "indicators-0-indicator_id", "Kennzahl 1, Kennung der Kennzahl: steht zweimal da"),
    ],
)  # fmt: skip
def test_a_rule_that_is_broken_is_told_in_words_at_its_field(
    wishes: list[Wish], changes: dict[str, str], field: str, why: str
) -> None:
    mobility = next(each for each in wishes if each.name == "integrierte-mobilitaet")
    said = definition_in(sent(mobility.definition, **changes), Kind.MEASURE, mobility.name)
    assert checked(said, Kind.MEASURE, "de") == (None, {field: why})


def test_of_two_changes_at_once_neither_is_lost(wishes: list[Wish]) -> None:
    before = next(each for each in wishes if each.name == "integrierte-mobilitaet").definition
    base = digests(before)
    theirs = {**before, "state": "abgeschlossen", "source": "Beschluss"}
    mine = {**before, "reifegrad": "verstetigung", "source": "Strategie"}
    written, both = merged(mine, theirs, base)
    assert (written["state"], written["reifegrad"]) == ("abgeschlossen", "verstetigung")
    assert (written["source"], both) == ("Strategie", ["source"])
