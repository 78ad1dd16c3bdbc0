# SPDX-License-Identifier: EUPL-1.2
"""The Steckbrief as PDF: one form for all, accessible, without what is not public, the same again."""

from __future__ import annotations

import hashlib
import io
import itertools
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pypdf
import pytest
from pypdf.generic import ArrayObject, DictionaryObject

from measure_registry.domain.undertaking import Kind, Undertaking
from measure_registry.profiles.print import to_pdf
from measure_registry.profiles.sheet import Sheet
from measure_registry.profiles.undertaking import Related
from measure_registry.storage.changes import Change
from support.profiles import NASTY, OBJECTIVE, SECRET_RISK, idea_sheet, measure_sheet, shipped

ZONE, ADDRESS = "Europe/Berlin", "https://stadt.example/ideen/massnahme/integrierte-mobilitaet"


def pdf(sheet: Sheet) -> bytes:
    return to_pdf(sheet, zone=ZONE, address=ADDRESS)


def read(made: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(made))


def text(made: bytes) -> str:
    return (
        "\n".join(page.extract_text() for page in read(made).pages)
        .replace("\xad\n", "")
        .replace("\xad", "-")
    )


def elements(node: Any) -> Iterator[DictionaryObject]:
    kids: Any = node.get("/K")
    kids = kids.get_object() if kids is not None else []
    for each in kids if isinstance(kids, ArrayObject) else [kids]:
        kid = each.get_object()
        if isinstance(kid, DictionaryObject) and "/S" in kid:
            yield kid
            yield from elements(kid)


@pytest.mark.parametrize(
    ("sheet", "title", "language"),
    [
        (measure_sheet(), "Integrierte Mobilität – Integrierte Maßnahme", "de"),
        (measure_sheet("en"), "Integrated mobility – Integrated measure", "en"),
        (idea_sheet(), "Freie Stellplätze anzeigen – Idee", "de"),
    ],
)
def test_pdf_is_tagged_and_says_title_language_and_that_it_is_pdf_ua(
    sheet: Sheet, title: str, language: str
) -> None:
    reader = read(pdf(sheet))
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == language
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.author) == (title, "Halle (Saale)")
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    kinds = [str(each["/S"]) for each in elements(root["/StructTreeRoot"])]
    levels = [int(kind[2:]) for kind in kinds if kind[:2] == "/H" and kind[2:].isdigit()]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert {"/Table", "/TH", "/TD"} <= set(kinds)


def test_all_kinds_have_the_same_sections_in_the_same_order() -> None:
    common = ["Worum geht es?", "Einordnung", "Stand", "Beteiligte und Mittel"]
    for sheet in (measure_sheet(), idea_sheet(), *shipped()):
        assert [each.title for each in sheet.sections][:4] == common, sheet.name


def test_a_measure_tells_what_is_asked_of_it() -> None:
    told = " ".join(text(pdf(measure_sheet())).split())
    for said in ("Umsetzung (Stufe 4 von 5)", "Mobilität", "Erreichbarkeit verbessern",
                 "ISEK 2025: nachhaltige, klimaneutrale Mobilität", "Stadtwerke Halle",
                 "Smart-City-Beirat (berät fachlich", "bis 1.250.000 Euro", "erreicht am 01.07.2023",
                 OBJECTIVE, "40 % des Wegs", "Friedemann-Bach-Platz",
                 "auslastung-parkplaetze", "Besetztgrad", "Reifegrad (Konzept → Umsetzung)"):  # fmt: skip
        assert said in told, said


def test_what_is_not_public_is_not_in_it() -> None:
    sheet = measure_sheet()
    assert SECRET_RISK not in text(pdf(sheet))
    assert SECRET_RISK not in repr(sheet)
    assert "ein Grund der Verwaltung" not in repr(sheet)
    assert "schluessel-von-frau-x" not in repr(sheet)


def test_texts_are_data_and_never_markup() -> None:
    told = text(pdf(idea_sheet(title=NASTY, summary=NASTY))).replace("\n", " ")
    assert '#eval("1+1")' in told
    assert "<script>" in told
    assert "= kein Titel" in told


def test_the_same_content_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "import hashlib; from support.profiles import idea_sheet, measure_sheet;"
        "from measure_registry.profiles.print import to_pdf;"
        f"print([hashlib.sha256(to_pdf(e, zone={ZONE!r}, address={ADDRESS!r})).hexdigest()"
        " for e in (measure_sheet(), idea_sheet())])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": ":".join(sys.path), "TZ": "Asia/Tokyo", "LANG": "C"},
    )  # fmt: skip
    own = [hashlib.sha256(pdf(each)).hexdigest() for each in (measure_sheet(), idea_sheet())]
    assert said.stdout.strip() == str(own)


def test_related_things_are_part_of_the_time_it_was_made() -> None:
    later = datetime(2026, 11, 1, tzinfo=UTC)
    other = Undertaking(Kind.SUBPROJECT, "x", 1, {"title": {"de": "X", "en": "X"}, "reifegrad": "idee"},
                        None, later, later, None)  # fmt: skip
    change = Change("measure", "integrierte-mobilitaet", later, "a", "editor", "adopted")
    sheet = measure_sheet(related=Related([other], [], [change]))
    assert sheet.changed_at == later
    assert "Idee aufgenommen" in repr(sheet.sections[-1])


def test_an_english_sheet_says_what_is_shown_as_entered_and_a_german_one_need_not() -> None:
    assert "shown as they were entered" in text(pdf(measure_sheet("en")))
    assert "wie sie eingetragen wurden" not in text(pdf(measure_sheet()))
