# SPDX-License-Identifier: EUPL-1.2
"""What Halle ships is what chapter 4 of its strategy names."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from measure_registry.city.folder import read_folder
from measure_registry.city.undertakings import Wish
from measure_registry.domain.undertaking import Kind
from stadttakt_runtime.plugins import CityError
from support.ideas import HALLE

OF_MEASURE = {
    "smart-field": {
        "planungstool", "oekologietool", "gewerbeflaechenmonitoringtool", "karrierebus",
        "bildung-im-vorbeifahren",
    },
    "integrierte-mobilitaet": {"stadtbildung", "besetztgrad", "karrierebus"},
    "bildungsinitiative-haneu": {
        "digitale-quartiersplattform", "zentraler-raum", "makerspace", "dr-data", "tablet-und-co",
        "digital-multiplikatoren", "smartphone-fuehrerschein", "smart-neustadt-news", "heimart",
        "strassen-qr", "smart-mural", "wlan-skulpturen", "skatespotting",
        "wettbewerb-smart-neustadt", "karrierebus",
    },
}  # fmt: skip
PILOTS = {"friedemann-bach-platz", "dr-data-2023", "karrierebus-2023", "digitallotse"}


@pytest.fixture(scope="module")
def wishes() -> list[Wish]:
    return read_folder(HALLE).undertakings


def test_the_three_measures_have_all_sub_projects_of_priority_a(wishes: list[Wish]) -> None:
    found = {
        measure: {
            each.name
            for each in wishes
            if each.kind is Kind.SUBPROJECT and measure in each.definition["measures"]
        }
        for measure in OF_MEASURE
    }
    assert found == OF_MEASURE
    assert {each.definition["priority"] for each in wishes if each.kind is Kind.SUBPROJECT} == {"A"}


def test_every_integrated_measure_touches_two_fields_and_names_what_it_is_measured_by(
    wishes: list[Wish],
) -> None:
    measures = [each.definition for each in wishes if each.kind is Kind.MEASURE]
    assert [each["measure_id"] for each in measures] == list(OF_MEASURE)
    assert all(len(each["handlungsfelder"]) >= 2 for each in measures)
    parts = ("isek", "target_groups", "milestones", "godparents", "risks", "partners", "indicators")
    assert [
        (each["measure_id"], part) for each in measures for part in parts if not each[part]
    ] == []


def test_all_pilots_of_the_strategy_phase_are_there(wishes: list[Wish]) -> None:
    pilots = [pilot for each in wishes for pilot in each.definition["pilots"]]
    assert {each["pilot_id"] for each in pilots} == PILOTS
    assert all(each["next_step"]["de"] and each["place"]["name"] for each in pilots)


def test_what_the_strategy_does_not_say_of_sub_projects_is_marked_and_not_made_up(
    wishes: list[Wish],
) -> None:
    parts = [each for each in wishes if each.kind is Kind.SUBPROJECT]
    said = {each.name: (each.definition["reifegrad"], each.definition["state"]) for each in parts}
    known = {name: told for name, told in said.items() if told != ("nicht_angegeben",) * 2}
    assert known == {
        "karrierebus": ("pilot", "nicht_angegeben"),
        "dr-data": ("pilot", "nicht_angegeben"),
        "besetztgrad": ("umsetzung", "laufend"),
    }
    assert {each.definition["starts_on"] for each in parts} == {None}


def test_pilots_and_measures_say_what_chapter_4_says(wishes: list[Wish]) -> None:
    pilots = {one["pilot_id"]: one for each in wishes for one in each.definition["pilots"]}
    assert [each["name"] for each in pilots["karrierebus-2023"]["partners"]] == [
        "science2public",
        "Martin-Luther-Universität Halle-Wittenberg",
        "alle weiterführenden Schulen in Halle-Neustadt",
        "Firma Papenburg",
        "Stadt Halle (Saale)",
        "IHK und Handwerkskammer",
        "SWH",
    ]
    parking = pilots["friedemann-bach-platz"]
    assert parking["next_step"]["de"].startswith("Voraussichtlich der Beginn des Testbetriebs")
    assert parking["status"] == "nicht_angegeben"
    measures = [each.definition for each in wishes if each.kind is Kind.MEASURE]
    assert all(each["modellhaft"] for each in measures)


def test_every_indicator_that_is_named_is_one_of_the_framework(wishes: list[Wish]) -> None:
    known = {
        each["indicator_id"]
        for file in (HALLE / "kpi").glob("*.yaml")
        for each in yaml.safe_load(file.read_text(encoding="utf-8")).get("indicators") or ()
    }
    named = {link["indicator_id"] for each in wishes for link in each.definition["indicators"]}
    assert named
    assert named <= known


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("handlungsfelder: [mobilitaet, bildung]\n    mehrwerte: [erreichbarkeit, clever, vernetzen]",
         "handlungsfelder: [mobilitaet]\n    mehrwerte: [erreichbarkeit, clever, vernetzen]",
         "an integrated measure touches two"),
        ("measures: [smart-field]", "measures: [smart-feld]", "there is no measure smart-feld"),
        ("reached_on: 2023-07-01", "due: 2023-07-01", "due"),
        ("reifegrad: umsetzung", "reifegrad: reif", "reifegrad"),
        ("handlungsfelder: [wirtschaft, verwaltung]", "handlungsfelder: [sport]", "must be of"),
    ],
)  # fmt: skip
def test_a_broken_measure_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    shutil.copytree(HALLE / "registry", tmp_path / "registry")
    shutil.copy(HALLE / "city.yaml", tmp_path)
    file = tmp_path / "registry/measures.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CityError, match=said) as refused:
        read_folder(tmp_path)
    assert refused.value.line is not None
