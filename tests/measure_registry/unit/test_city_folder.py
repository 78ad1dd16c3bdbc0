# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from measure_registry.city.apply import check_city
from measure_registry.city.folder import read_folder
from stadttakt_runtime.plugins import CityError
from support.ideas import HALLE


@pytest.fixture
def halle(tmp_path: Path) -> Path:
    folder = tmp_path / "halle"
    shutil.copytree(HALLE / "registry", folder / "registry")
    shutil.copy(HALLE / "city.yaml", folder)
    return folder


@pytest.fixture
def replaced(halle: Path) -> Callable[[str, str, str], Path]:
    def replace(file: str, old: str, new: str) -> Path:
        path = halle / "registry" / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return halle

    return replace


def test_halle_has_the_nine_states_of_an_idea() -> None:
    states = [each.state for each in read_folder(HALLE).workflow.states]
    assert states == [
        "eingereicht", "gesichtet", "bewertet", "geclustert", "im-workshop", "qualifiziert",
        "in-massnahme", "zurueckgestellt", "abgelehnt",
    ]  # fmt: skip


def test_halle_asks_in_the_groups_that_the_strategy_names() -> None:
    assert [each.title.de for each in read_folder(HALLE).groups] == [
        "Smart-City-Mehrwerte",
        "Übergeordnete Leitsätze",
        "ISEK-Ziele und strukturelle Bedingungen",
        "Förderkriterien (MPSC)",
        "Umsetzungsrelevanz",
    ]


def test_a_city_without_a_registry_is_no_fault(tmp_path: Path) -> None:
    assert check_city(tmp_path, production=True) == ["no ideas in this city"]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("process.yaml", "target: gesichtet, roles: [editor", "target: fertig, roles: [editor", "there is no state fertig"),
        ("process.yaml", "roles: [coordinator], needs: [measure]", "roles: [king]", "roles"),
        ("process.yaml", ", initial: true", "", "must be initial"),
        ("criteria.yaml", "group: isek\n", "group: isec\n", "there is no group isec"),
        ("criteria.yaml", "relevance: true", "relevance: false", "relevance"),
        ("criteria.yaml", "version: 1", "version: eins", "whole number"),
        ("intake.yaml", "closes_on: 2023-01-08", "closes_on: 2021-01-08", "before opens_on"),
        ("intake.yaml", "days_at_most: 1460", "days_at_most: 0", "at least 1"),
        ("places.yaml", "name: Marktplatz, lat: 51.483", "name: Marktplatz, lat: 15.483", "Marktplatz lies outside"),
        ("places.yaml", "name: Marktplatz,", "name: Hallmarkt,", "given twice"),
        ("vocabulary.yaml", "term: mobilitaet", "term: wirtschaft", "given twice"),
        ("vocabulary.yaml", "term: bildung", "wort: bildung", "term: is missing"),
    ],
)  # fmt: skip
def test_a_broken_file_is_named_with_what_is_wrong(
    replaced: Callable[[str, str, str], Path], file: str, old: str, new: str, said: str
) -> None:
    with pytest.raises(CityError, match=said) as refused:
        read_folder(replaced(file, old, new))
    assert refused.value.file.name == file
