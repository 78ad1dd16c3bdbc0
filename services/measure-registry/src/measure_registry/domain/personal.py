# SPDX-License-Identifier: EUPL-1.2
"""Finds in free texts what may say something about a person, for people to judge; and takes passages out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from measure_registry.domain.first_names import FIRST_NAMES

GONE = "[…]"
"""What stands where something was; as short as the shortest passage, so that no text outgrows its limit."""
LEAST = len(GONE)
# Latin-1, Latin Extended-A and -B, and the block in which Vietnamese is written
_UPPER = "A-Z" + "".join(
    letter for letter in map(chr, (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))) if letter.isupper()
)
_NAME = rf"[{_UPPER}][\w'’-]+"

_ADDRESSED = (
    r"Herrn?|Frau|Fam\.|Familie|Hr\.|Fr\.|Dr\.|Prof\.|Mr|Mrs|Ms"
    r"|(?:Ober)?[Bb]ürgermeister(?:in|s)?|Nachbar(?:n|in)?|Kolleg(?:e|en|in)|Stadtr(?:at|ates|ätin)"
    r"|Ansprechpartner(?:in)?:?|Kontakt:|Hausmeister(?:in)?|Lehrer(?:in)?|Schulleiter(?:in)?|Pfarrer(?:in)?"
)
_FIRST = "|".join(sorted(FIRST_NAMES))
_PLACES = (
    r"[Ss]tra(?:ß|ss)e|[Pp]latz|[Ww]eg|[Rr]ing|[Uu]fer|[Aa]llee|[Ss]chule|[Kk]irche|[Bb]rücke|[Pp]ark|[Hh]aus|[Dd]enkmal"
    r"|[Gg]ymnasium|[Uu]niversität|[Ss]tiftung|[Mm]useum|[Bb]ibliothek"
)
_NO_PLACE = rf"(?![\w-]*(?:{_PLACES})\b)(?![\w'’-]+\s+(?:{_PLACES})\b)"
# what begins a sentence after "Variante B."
_NO_SENTENCE = (
    r"(?!(?:Der|Die|Das|Den|Dem|Des|Ein|Eine|Es|Er|Sie|Wir|Ich|Ihr|Man|Auch|Und|Oder|Aber|Da|Dann|Danach|Dort|Hier|So|Wenn"
    r"|Weil|Wie|Wo|Was|Wer|Im|In|Am|An|Auf|Bei|Mit|Nach|Vor|Für|Zu|Zum|Zur|Von|Ab|Bis|Als|Alle|Jede|Jeder|Jetzt|Nur)\b)"
)
# Vietnamese names begin with the family's; those that are German words or abbreviations too (Do, Le, Ho) are left out
_FAMILY = (
    r"Nguy[eễ]n|Tr[aầ]n|Ph[aạ]m|Ho[aà]ng|Hu[yỳ]nh|Ph[aạ]n|[DĐ][aặ]ng|B[uù]i|Ng[oô]|D[uư][oơ]ng"
    r"|Tr[iị]nh|[DĐ]inh|L[uư][oơ]ng|Tr[uư][oơ]ng|(?:L[eê]|V[oõ]|[DĐ][oỗ]|H[oồ]|L[yý]|V[uũ])(?=\s+(?:Th[iị]|V[aă]n)\s)"
)
_MONTHS = r"Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
_DAY = rf"\d{{1,2}}\.\s?(?:\d{{1,2}}\.|{_MONTHS})\s?(?:\d{{4}}|\d{{2}})\b"
# lower-case letters before are an abbreviation: z. B. Bänke
_INITIAL = r"(?<![a-zäöü]\.)(?<![a-zäöü]\.\s)\b[A-ZÄÖÜ]\."
_DAYS = r"(?!Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag|Tag|Ende|Anfang)"


class FindingKind(StrEnum):
    """What a passage looks like; `submitter` is one of the submitter's own contact data."""

    SUBMITTER = "submitter"
    EMAIL = "email"
    PHONE = "phone"
    IBAN = "iban"
    PERSON = "person"
    ADDRESS = "address"
    PLATE = "plate"
    BIRTHDAY = "birthday"
    ACCOUNT = "account"


_PATTERNS: Mapping[FindingKind, re.Pattern[str]] = {
    FindingKind.EMAIL: re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    FindingKind.PHONE: re.compile(r"(?<![\w.])(?:\+49|00\d{2}|0)(?:[\s/()-]{0,2}\d){6,14}(?!\w)"),
    FindingKind.IBAN: re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"),
    FindingKind.PERSON: re.compile(
        rf"\b(?:(?:{_ADDRESSED})\s+(?:(?:Dr|Prof)\.\s+)*{_NAME}(?:\s+{_NAME})?"
        rf"|(?:{_FIRST})(?:-(?:{_FIRST}))?\s+{_NO_PLACE}{_NAME}"
        rf"|{_NAME},\s+(?:{_FIRST})(?![\w-])(?!\s+[A-ZÄÖÜ]))"
        rf"|{_INITIAL}\s+{_NO_SENTENCE}{_NAME}"
        rf"|\b(?:{_FAMILY})(?:\s+{_NO_PLACE}{_NAME}){{1,3}}"
        rf"|\b{_NAME}\s+(?:Nguy[eễ]n|Ph[aạ]m)\b"
    ),
    FindingKind.ADDRESS: re.compile(
        r"\b[A-ZÄÖÜ][\w-]*(?:straße|strasse|str\.|weg|allee|gasse|ring|ufer|platz)\s+\d+\s?[a-z]?\b"
        rf"|\b(?:A[mn]|An de[rn]|Auf de[rm]|Hinter de[rm]|Unter den)\s+{_DAYS}{_NAME}\s+\d{{1,3}}\s?[a-z]?"
        r"(?=\s*(?:$|[,;:)\n]|\.(?!\s*\w))|\s+(?:in|und|wohn\w*)\b)"
    ),
    # where cars are registered, and what is registered there (Anlage 2 FZV): standards and techniques look alike
    FindingKind.PLATE: re.compile(
        r"(?<![\w-])(?!DIN|ISO|IEC|USB|LED|LCD|PKW|LKW|VDI|VDE)[A-ZÄÖÜ]{1,3}-[A-Z]{1,2}[ -]?[1-9]\d{0,3}[EH]?(?![\w-])"
        r"|(?<=Kennzeichen )[A-ZÄÖÜ]{1,3} [A-Z]{1,2} ?[1-9]\d{0,3}[EH]?\b"
    ),
    FindingKind.BIRTHDAY: re.compile(
        rf"\b(?:[Gg]eb\.|[Gg]eboren(?:\s+am)?|Geburts(?:tag|datum)(?:\s+ist)?(?:\s+(?:der|am))?:?)\s*{_DAY}|\b{_DAY}\s+geboren\b"
    ),
    FindingKind.ACCOUNT: re.compile(r"(?<![\w.@/])@[A-Za-z][\w.]{1,38}\w(?:@[\w-]+(?:\.[\w-]+)+)?"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A passage that may be about a person, and where it stands."""

    where: str
    kind: FindingKind
    text: str


def findings(texts: Mapping[str, str], known: Sequence[str]) -> list[Finding]:
    """Return what looks like personal data in texts, and what is known to be; each passage once a text."""
    found: dict[Finding, None] = {}
    for where, text in texts.items():
        for passage in known:
            for match in _pattern([passage]).finditer(text):
                found[Finding(where, FindingKind.SUBMITTER, match[0])] = None
        for kind, pattern in _PATTERNS.items():
            for match in pattern.finditer(text):
                if not _is_covered(match[0], known):
                    found[Finding(where, kind, match[0].strip())] = None
    return list(found)


def _is_covered(passage: str, known: Sequence[str]) -> bool:
    return any(passage.casefold() == each.casefold() for each in known)


def passages_of(contact: Mapping[str, str]) -> list[str]:
    """Return what to look for of contact data: each as a whole, and the surname by itself; longest first."""
    whole = [" ".join(value.split()) for value in contact.values()]
    names = contact.get("name", "").split()
    surname = names[-1:] if len(names) > 1 else []
    return sorted({each for each in (*whole, *surname) if len(each) > LEAST}, key=len, reverse=True)


def without(text: str, passages: Sequence[str]) -> str:
    """Return a text with passages taken out, however they are spelt in capitals and spaces."""
    return _pattern(passages).sub(GONE, text) if passages else text


def without_in(value: Any, passages: Sequence[str]) -> Any:
    """Return a document with passages taken out of all its texts."""
    if isinstance(value, str):
        return without(value, passages)
    if isinstance(value, Mapping):
        return {key: without_in(each, passages) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_in(each, passages) for each in value]
    return value


def texts_in(where: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield the texts of a document, each with its path."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from texts_in(f"{where}.{key}", each)
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from texts_in(f"{where}.{number}", each)


def _pattern(passages: Sequence[str]) -> re.Pattern[str]:
    """Return what finds passages, the longer ones before those that are parts of them."""
    ordered = sorted(passages, key=len, reverse=True)
    spelt = [r"\s+".join(re.escape(word) for word in each.split()) for each in ordered]
    return re.compile(rf"(?<!\w)(?:{'|'.join(spelt)})(?!\w)", re.IGNORECASE)
