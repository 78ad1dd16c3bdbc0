# SPDX-License-Identifier: EUPL-1.2
"""What is wrong with a line of a CSV file, in German for who reads German; the API says it in English."""

from __future__ import annotations

import re

_GERMAN = tuple(
    (re.compile(said), told)
    for said, told in (
        (r"is missing", "fehlt"),
        (r"is no known key", "gibt es nicht"),
        (r"the column is missing", "die Spalte fehlt"),
        (r"the fields were read as separated by commas", "die Felder wurden als durch Kommas getrennt gelesen"),
        (r"the fields were read as separated by semicolons", "die Felder wurden als durch Semikolons getrennt gelesen"),
        (r"the fields were read as separated by tabs", "die Felder wurden als durch Tabulatoren getrennt gelesen"),
        (r"column (\d+) has no name, but there is something in it", "Spalte {0} hat keinen Namen, aber es steht etwas darin"),
        (r"there is no such column, or it is there twice", "diese Spalte gibt es nicht, oder sie steht zweimal da"),
        (r"(\d+) fields, the header has (\d+)", "{0} Felder, die Kopfzeile hat {1}"),
        (r"more than (\d+) ideas", "mehr als {0} Ideen"),
        (r"no idea", "keine Idee in der Datei"),
        (r"not UTF-8 or Windows-1252", "weder als UTF-8 noch als Windows-1252 gespeichert"),
        (r"not CSV: (.*)", "kein lesbares CSV ({0})"),
        (r"must be above (\S+)", "muss größer als {0} sein"),
        (r"must be at least (\S+)", "muss mindestens {0} sein"),
        (r"must be below (\S+)", "muss kleiner als {0} sein"),
        (r"must be at most (\S+)", "darf höchstens {0} sein"),
        (r"must have (\d+) (?:characters|entries) or more", "braucht mindestens {0} Zeichen oder Einträge"),
        (r"must have at most (\d+) (?:characters|entries)", "darf höchstens {0} Zeichen oder Einträge haben"),
        (r"must be of (.*)", "ist keines von: {0}"),
        (r"must be a number.*", "ist keine Zahl"),
        (r"must be a day.*", "ist kein Tag; Beispiel: 26.11.2026"),
        (r"must lie between (\S+) and today", "muss zwischen {0} und heute liegen"),
        (r"must begin with http:// or https:// and have at most 300 characters", "muss mit http:// oder https:// beginnen und höchstens 300 Zeichen haben"),
        (r"names one twice", "nennt eines zweimal"),
        (r"names the Handlungsfeld again", "nennt das Thema noch einmal"),
        (r"there is no such call", "diesen Aufruf gibt es nicht"),
        (r"this idea stands in the file twice", "diese Idee steht zweimal in der Datei"),
        (r"lat and lon belong together", "Breite und Länge gehören zusammen"),
    )
)  # fmt: skip


def in_words(detail: str, language: str) -> str:
    """Return what is wrong in the language of the page; what has no German words stays as it is."""
    if language != "de":
        return detail
    for said, told in _GERMAN:
        if match := said.fullmatch(detail):
            return told.format(*match.groups())
    return detail
