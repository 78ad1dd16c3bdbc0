# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measure_registry.domain.personal import (
    GONE,
    FindingKind,
    findings,
    passages_of,
    without,
    without_in,
)

PERSON = {
    "name": "Emilie Geheimrat",
    "email": "emilie.geheimrat@beispiel.example",
    "phone": "0345 4711-0815",
    "organisation": "Verein der Unbekannten",
}


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("Fragen an max.muster@web.example bitte", FindingKind.EMAIL, "max.muster@web.example"),
        ("Tel. 0345/123 45-67 abends", FindingKind.PHONE, "0345/123 45-67"),
        ("unter +49 345 1234567", FindingKind.PHONE, "+49 345 1234567"),
        ("Spenden: DE12 3456 7890 1234 5678 90", FindingKind.IBAN, "DE12 3456 7890 1234 5678 90"),
        (
            "Das will Frau Dr. Müller-Lüdenscheidt",
            FindingKind.PERSON,
            "Frau Dr. Müller-Lüdenscheidt",
        ),
        ("bei Herrn Klaus Sommer nachfragen", FindingKind.PERSON, "Herrn Klaus Sommer"),
        ("Fragen Sie Bürgermeister Meyer.", FindingKind.PERSON, "Bürgermeister Meyer"),
        ("meine Nachbarin Sommer hilft", FindingKind.PERSON, "Nachbarin Sommer"),
        ("Kontakt: Petra Winter", FindingKind.PERSON, "Kontakt: Petra Winter"),
        ("wie Petra Winter vorschlug", FindingKind.PERSON, "Petra Winter"),
        ("von Hans-Peter Krause", FindingKind.PERSON, "Hans-Peter Krause"),
        ("Ich wohne Große Ulrichstraße 12a", FindingKind.ADDRESS, "Ulrichstraße 12a"),
        ("wohnhaft An der Waisenhausmauer 12", FindingKind.ADDRESS, "An der Waisenhausmauer 12"),
        ("Am Kirchtor 7b, Halle", FindingKind.ADDRESS, "Am Kirchtor 7b"),
        ("unterschrieben: Schmidt, Anna", FindingKind.PERSON, "Schmidt, Anna"),
        ("wie K. Vogel vorschlug", FindingKind.PERSON, "K. Vogel"),
        ("von Nguyen Thi Hoa aus Halle", FindingKind.PERSON, "Nguyen Thi Hoa"),
        ("von Nguyễn Thị Hoa aus Halle", FindingKind.PERSON, "Nguyễn Thị Hoa"),
        ("Idee: Trần Văn Đức, Imbiss", FindingKind.PERSON, "Trần Văn Đức"),
        ("wie Le Thi Mai sagt", FindingKind.PERSON, "Le Thi Mai"),
        ("wie Vu Van Long sagt", FindingKind.PERSON, "Vu Van Long"),
        ("mit Linh Nguyen besprochen", FindingKind.PERSON, "Linh Nguyen"),
        ("das will Frau Şahin", FindingKind.PERSON, "Frau Şahin"),
        ("parkt immer HAL-AB 123 falsch", FindingKind.PLATE, "HAL-AB 123"),
        ("der Wagen L-X 9 und", FindingKind.PLATE, "L-X 9"),
        ("ein E-Auto SK-HA-77E steht da", FindingKind.PLATE, "SK-HA-77E"),
        ("mit Kennzeichen HAL AB 123.", FindingKind.PLATE, "HAL AB 123"),
        ("ich, geb. 12.3.1980, wohne hier", FindingKind.BIRTHDAY, "geb. 12.3.1980"),
        ("geboren am 1. März 1980", FindingKind.BIRTHDAY, "geboren am 1. März 1980"),
        ("ich bin am 01.02.1950 geboren", FindingKind.BIRTHDAY, "01.02.1950 geboren"),
        ("Geburtsdatum: 3.4.71", FindingKind.BIRTHDAY, "Geburtsdatum: 3.4.71"),
        ("mein Konto @max.muster_9.", FindingKind.ACCOUNT, "@max.muster_9"),
    ],
)
def test_what_looks_like_a_person_is_found(text: str, kind: FindingKind, found: str) -> None:
    assert [(each.kind, each.text) for each in findings({"summary": text}, [])] == [(kind, found)]


@pytest.mark.parametrize(
    "text",
    [
        "Am 01.07.2023 beginnt die Umsetzung mit 250.000 Euro in 06108 Halle.",
        "Linie 12 fährt 2026 alle 10 Minuten bis 20:30 Uhr.",
        "Die Nachbarschaft fragt: Wo parken Lehrer und Kollegen? Kontakt: siehe unten",
        "Karl-Marx-Straße, Friedrich-Ebert-Platz, Martin-Luther-Universität Halle, Johannes Kirche",
        "Im August Bauarbeiten, im Mai Linden; Paulusviertel, Martinsberg und Annaplatz",
        "Clara Zetkin Straße, Martin Luther Universität, Paul Riebeck Stiftung, Peter Paul Brücke",
        "Mehr Grün, z. B. Bänke oder z.B. Bäume; Variante B. Danach ist alles gut, Linie S. Auch 3 S. Die",
        "Am Dienstag 12 Uhr, am Bahnhof 12 neue Bänke, Am Markt 12 Bäume, An der Saale 2026, Am Tag 3.",
        "An Paul Straße, Anna Park, Le Corbusier Haus, Do Mi Fr, Ho Chi Minh Platz, Ngo Dinh Platz, Van Gogh Schule",
        "DIN-EN 1317, ISO-IEC 27001, USB-C 3, LED-TV 50, S-Bahn 3, A-Z, B 80, HAL 2030, Typ E-3, M-V, CO2-Werte 12",
        "Die Idee wurde am 12.3.2020 vorgestellt; Händels Geburtstag am Markt, ein geborener Hallenser, geb. Stadt",
        "Halle@Saale, 3 @ 5, @ alle, Stadt.@, https://stadt.example/@karte",
        "Smart City, Peißnitzinsel, 85 Ideen, 60 im Workshop",
    ],
)
def test_what_is_no_person_is_not_found(text: str) -> None:
    assert findings({"summary": text}, []) == []


def test_what_the_submitter_is_called_is_found_however_it_is_spelt() -> None:
    texts = {
        "summary": "EMILIE  GEHEIMRAT war hier; die Geheimrat'sche Idee, Geheimratsecken nicht"
    }
    found = findings(texts, passages_of(PERSON))
    assert [(each.kind, each.text) for each in found] == [
        (FindingKind.SUBMITTER, "EMILIE  GEHEIMRAT"),
        (FindingKind.SUBMITTER, "GEHEIMRAT"),
        (FindingKind.SUBMITTER, "Geheimrat"),
    ]


def test_passages_are_taken_out_of_whole_documents_and_words_that_hold_them_stay() -> None:
    document = {"before": ["Frau Emilie Geheimrat", 3], "after": {"text": "Geheimratsecken"}}
    assert without_in(document, passages_of(PERSON)) == {
        "before": [f"Frau {GONE}", 3],
        "after": {"text": "Geheimratsecken"},
    }


@given(st.text(), st.text(alphabet="abäß .@", min_size=4).filter(lambda text: text.strip()))
def test_what_was_taken_out_is_gone_and_texts_never_grow(text: str, passage: str) -> None:
    passage = " ".join(passage.split())
    if len(passage) < len(GONE):
        return
    bare = without(f"{text} {passage} {text}", [passage])
    assert f" {passage} " not in bare
    assert len(bare) <= len(f"{text} {passage} {text}")
