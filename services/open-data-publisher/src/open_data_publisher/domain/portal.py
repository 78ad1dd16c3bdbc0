# SPDX-License-Identifier: EUPL-1.2
"""What the portal's pages need to know of a city, and of what the law asks of its pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from typing import Any, Literal

Language = Literal["de", "en"]
LANGUAGES: tuple[Language, ...] = ("de", "en")
Both = Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class Blank:
    """What the city has to fill in; `prompt` says what belongs there."""

    prompt: str


Field = str | Blank


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who answers for the pages (DDG § 5, MStV § 18)."""

    name: Field = Blank("Name der Stadt")
    represented_by: Field = Blank("Vertretungsberechtigte Person")
    address: Field = Blank("Anschrift")
    phone: Field = Blank("Telefon")
    email: Field = Blank("E-Mail")
    editor: Field = Blank("Inhaltlich verantwortliche Person mit Anschrift")
    supervision: Field = Blank("Rechtsaufsicht")
    vat_id: str | None = None


@dataclass(frozen=True, slots=True)
class Privacy:
    """What the city says of data protection beside what the software does by itself.

    `server_log_days` is how long the city's own web server keeps addresses, 0: not at all.
    """

    officer: Field = Blank("Datenschutzbeauftragte Person mit Anschrift und E-Mail")
    authority: Field = Blank("Datenschutz-Aufsichtsbehörde mit Anschrift")
    legal_basis: Field = Blank("Rechtsgrundlage nach Landesrecht zu Art. 6 Abs. 1 Buchst. e DSGVO")
    server_log_days: int | Blank = Blank("Wie lange der Webserver Adressen speichert, in Tagen")


Conformance = Literal["full", "partial", "none"]


@dataclass(frozen=True, slots=True)
class Accessibility:
    """The statement after Implementing Decision (EU) 2018/1523: what is not accessible, and whom to ask."""

    conformance: Conformance | Blank = Blank("Stand der Vereinbarkeit: full, partial oder none")
    prepared_on: date | Blank = Blank("Datum der Erstellung")
    method: Literal["self", "external"] | Blank = Blank("Wie geprüft wurde: self oder external")
    email: Field = Blank("E-Mail für Rückmeldungen")
    phone: Field = Blank("Telefon für Rückmeldungen")
    enforcement: Field = Blank("Stelle für das Durchsetzungsverfahren mit Anschrift und E-Mail")
    gaps: tuple[Both, ...] = ()
    reviewed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Credit:
    """Whose data a map shows, and under which licence."""

    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class BaseMap:
    """What lies under the car parks; `tiles` is a path of the same server with {z}, {x} and {y}."""

    geojson: bytes | None = None
    tiles: str | None = None
    tiles_max_zoom: int = 19
    credits: tuple[Credit, ...] = ()


@dataclass(frozen=True, slots=True)
class PortalCity:
    """Whose portal it is; `timezone` is an IANA name."""

    city_name: str
    timezone: str
    responsible: Responsible = Responsible()
    privacy: Privacy = Privacy()
    accessibility: Accessibility = Accessibility()
    base_map: BaseMap = field(default_factory=BaseMap)

    def blanks(self) -> list[str]:
        """Return where the city has yet to fill in something, as `privacy.officer`."""
        return [
            f"{part}.{name}"
            for part in ("responsible", "privacy", "accessibility")
            for name in _blanks_of(getattr(self, part))
        ]


def _blanks_of(part: Any) -> Iterator[str]:
    assert is_dataclass(part)  # noqa: S101 (tells the type checker)
    return (each.name for each in fields(part) if isinstance(getattr(part, each.name), Blank))


NOWHERE = PortalCity("Stadttakt", "UTC")
"""An application that was built without a city's folder."""
