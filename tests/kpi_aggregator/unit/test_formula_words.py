# SPDX-License-Identifier: EUPL-1.2
"""What formulas are called: by their city for readers, by columns and views for who checks them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kpi_aggregator.city.folder import read_folder
from kpi_aggregator.domain.formula import Formula, formula_of
from kpi_aggregator.domain.formula_words import technical_words, words
from stadttakt_runtime.plugins import CityError
from support.indicators import LOTS, indicator, write_city


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"terms": {"ocupied": {"de": "a", "en": "b"}}}, "reads no column ocupied"),
        ({"terms": {"places": {"de": "a"}}}, "words.terms.places.en"),
        ({"says": "x"}, "words.says"),
        ({"part_names": {"view": "lots", "part": "a", "name": "b"}}, "words.part_names.view"),
    ],
)
def test_words_of_what_a_formula_does_not_read_are_refused(
    tmp_path: Path, given: dict[str, object], reason: str
) -> None:
    city = write_city(tmp_path, [{**LOTS, "words": given}], [indicator("x", "lots")])
    with pytest.raises(CityError, match=re.escape(reason)):
        read_folder(city)


def test_formulas_of_halle_are_told_in_german_and_english() -> None:
    halle = Path(__file__).parents[3] / "deploy/cities/halle"
    formulas: list[Formula] = [
        formula_of(each.entry.model_dump(mode="json")) for each in read_folder(halle).formulas
    ]
    told = {each.formula_id: words(each) for each in formulas}
    assert told["utilisation-of-lots"]["de"] == (
        "100 × Summe (belegte Stellplätze) / Summe (Stellplätze mit bekanntem Zustand);"
        " Vollständigkeit: Stellplätze mit bekanntem Zustand / alle Stellplätze; kein Wert unter 60 %"
        " der Daten; Daten: Belegung der Parkplätze je Viertelstunde"
    )
    assert "bei denen empfangene Nachrichten / (" in told["radio-coverage"]["de"]
    assert technical_words(formulas[0])["de"] == (
        "100 × Summe (occupied_places) / Summe (known_places);"
        " Vollständigkeit: known_places / places; kein Wert unter 60 % der Daten;"
        " Daten: parking.v1_lot_quarter_hour"
    )
    for each in formulas:
        assert each.naming.says, each.formula_id
        names = {*each.all_columns, each.view, *(each.heartbeat.columns if each.heartbeat else ())}
        for language, said in told[each.formula_id].items():
            technical = [name for name in names if re.search(rf"\b{name}\b", said) and "_" in name]
            assert technical == [], (each.formula_id, language)


def test_numbers_of_formulas_are_written_as_their_readers_write_them(tmp_path: Path) -> None:
    changed = {**LOTS, "measure": "occupied_places * 0.25"}
    city = write_city(tmp_path, [changed], [indicator("x", "lots")])
    (read,) = read_folder(city).formulas
    told = words(formula_of(read.entry.model_dump(mode="json")))
    assert "occupied_places * 0,25" in told["de"]
    assert "occupied_places * 0.25" in told["en"]
