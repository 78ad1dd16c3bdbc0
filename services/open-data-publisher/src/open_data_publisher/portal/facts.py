# SPDX-License-Identifier: EUPL-1.2
"""What a page tells of a lot beside its numbers, as pairs of words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from open_data_publisher.domain.portal import Language
from open_data_publisher.domain.publication import SiteDetails
from open_data_publisher.portal.words import TEXTS, Words
from stadttakt_messages.states import KindCount, LotState, SiteStatus

_OSM_WORDS: dict[Language, dict[str, str]] = {
    "de": {"Tu": "Di", "We": "Mi", "Th": "Do", "Su": "So", "PH": "Feiertage", "off": "geschlossen"},
    "en": {"PH": "public holidays", "off": "closed", "Mo": "Mon", "Tu": "Tue", "We": "Wed",
           "Th": "Thu", "Fr": "Fri", "Sa": "Sat", "Su": "Sun"},
}  # fmt: skip


def facts_of(
    state: LotState, site: SiteDetails, words: Words, language: Language
) -> list[tuple[str, str]]:
    """Return name and value of what is known; what the city does not tell is left out."""
    facts = [
        ("capacity", str(state.capacity)),
        ("opening", opening_in_words(state.opening, words, language)),
        ("max_stay", _with_unit(words, "minutes", state.max_stay_min)),
        ("max_height", _with_unit(words, "centimetres", state.max_height_cm)),
        ("address", site.address),
        ("operator", site.operator),
        ("fee", _fee(site, words)),
        ("detection", words(f"parking.detection_{state.detection}")),
        ("out_of_service", str(state.out_of_service) if state.out_of_service else None),
    ]
    told = [(words(f"parking.{key}"), value) for key, value in facts if value]
    if site.is_park_and_ride:
        told.append((words("parking.park_and_ride"), "✓"))
    return told


def opening_in_words(opening: str, words: Words, language: Language) -> str:
    """Return hours in OSM's syntax (wiki: Key:opening_hours) so that people read them."""
    if opening == "24/7":
        return words("parking.always_open")
    told = _OSM_WORDS[language]
    return re.sub(r"[A-Za-z]+", lambda found: told.get(found[0], found[0]), opening)


def kind_rows(state: LotState, words: Words) -> list[tuple[str, KindCount]]:
    """Return the counts by kind in words, where a lot has more than one kind and is not closed."""
    has_rows = len(state.by_kind) > 1 and state.state is not SiteStatus.CLOSED
    return list(_named(state.by_kind, words)) if has_rows else []


def _named(counts: dict[str, KindCount], words: Words) -> Iterator[tuple[str, KindCount]]:
    for kind, count in counts.items():
        key = f"parking.kind_{kind}"
        yield words(key if key in TEXTS else "parking.kind_other"), count


def _with_unit(words: Words, unit: str, count: int | None) -> str | None:
    return None if count is None else words(f"parking.{unit}", count=count)


def _fee(site: SiteDetails, words: Words) -> str | None:
    if site.fee_description is not None:
        return site.fee_description
    if site.has_fee is None:
        return None
    return words("parking.fee_yes" if site.has_fee else "parking.fee_no")
