# SPDX-License-Identifier: EUPL-1.2
"""The fields of a Steckbrief in forms of staff: read, checked, compared, and what is wrong in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from hashlib import blake2b
from typing import Any

import orjson
from pydantic import ValidationError
from starlette.datastructures import FormData

from measure_registry.api.bodies import PlaceBody, ProfileBody
from measure_registry.domain.steckbrief import Steckbrief, faults
from measure_registry.site.frame import TEXTS, Language, tell
from measure_registry.storage.city import City
from stadttakt_runtime.http.problem import ValidationFailed

TEXT_FIELDS = (
    "title", "summary", "handlungsfeld", "goal", "benefit", "place_name", "lat", "lon", "partners",
    "timeframe", "budget", "transferable", "submitter_kind",
)  # fmt: skip
LIST_FIELDS = ("further_fields", "mehrwerte", "leitsaetze", "target_groups")
FIELDS = (*TEXT_FIELDS, *LIST_FIELDS)
KINDS = {
    "handlungsfeld": "handlungsfelder",
    "further_fields": "handlungsfelder",
    "submitter_kind": "submitters",
}
"""Where a field's words stand in the vocabulary, if not under its own name."""

Written = Mapping[str, str | tuple[str, ...]]
"""What stands in the fields of a form."""


def text_of(form: FormData, name: str) -> str:
    """Return what stands in a field, with the line breaks of Unix."""
    value = form.get(name, "")
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""


def written_in(form: FormData) -> dict[str, str | tuple[str, ...]]:
    """Return what a form says of a Steckbrief."""
    texts: dict[str, str | tuple[str, ...]] = {name: text_of(form, name) for name in TEXT_FIELDS}
    for name in LIST_FIELDS:
        chosen = [each for each in form.getlist(name) if isinstance(each, str)]
        texts[name] = tuple(dict.fromkeys(chosen))
    return texts


def written_of(brief: Steckbrief) -> dict[str, str | tuple[str, ...]]:
    """Return what stands in a form that shows a Steckbrief."""
    said = {**asdict(brief), "place_name": brief.place.name}
    said |= {"lat": brief.place.lat, "lon": brief.place.lon}
    texts = {name: "" if said[name] is None else str(said[name]) for name in TEXT_FIELDS}
    return {**texts, **{name: tuple(said[name]) for name in LIST_FIELDS}}


def brief_of(
    written: Written, city: City, language: Language
) -> tuple[Steckbrief | None, dict[str, str]]:
    """Return the Steckbrief that was written, or what is wrong by field, in words for who wrote it."""
    given: dict[str, Any] = {
        name: value for name, value in written.items() if value and name in ProfileBody.model_fields
    }
    place = {"name": written["place_name"], "lat": written["lat"], "lon": written["lon"]}
    given["place"] = {
        name: str(value).replace(",", ".") if name != "name" else value
        for name, value in place.items()
        if value
    }
    try:
        brief = ProfileBody(**given).steckbrief()
    except ValidationError as error:
        # a place's name is a field of its own in the form
        names = ["place_name" if each["loc"][-1] == "name" else str(each["loc"][0 if each["loc"][0] != "place" else -1])
                 for each in error.errors()]  # fmt: skip
        return None, {name: fault(name, language) for name in names}
    wrong = list(faults(brief, city.vocabulary))
    if wrong:
        return None, {_place(each.field): fault(_place(each.field), language, word=True) for each in wrong}  # fmt: skip
    return brief, {}


def where_in(form: FormData) -> PlaceBody | None:
    """Return where a form says that an idea lies; nothing where it does not say it at all.

    Raises ValidationFailed where that is no place.
    """
    if "place_name" not in form:
        return None
    given = {
        "name": text_of(form, "place_name"),
        "lat": text_of(form, "lat").replace(",", "."),
        "lon": text_of(form, "lon").replace(",", "."),
    }
    try:
        return PlaceBody(**{name: value for name, value in given.items() if value})
    except ValidationError as error:
        raise ValidationFailed(
            [
                {
                    "in": "body",
                    "field": _field(each["loc"][-1]),
                    "detail": each["msg"],
                    "code": each["type"],
                }
                for each in error.errors()
            ]
        ) from error


def _field(name: str | int) -> str:
    return "place_name" if name == "name" else str(name)


def _place(field: str) -> str:
    return "lat" if field == "place" else field


def fault(name: str, language: Language, *, word: bool = False) -> str:
    """Return what is wrong with a field; `word`: it fits no other, or is none of the city's words."""
    own = f"fault_{name}"
    if own in TEXTS:
        return tell(own, language)
    return tell("fault_word" if word else "fault_other", language, name=label(name, language))


def label(name: str, language: Language) -> str:
    """Return what a field is called in forms."""
    return tell(f"form_{name}", language)


def shown(name: str, value: str | tuple[str, ...], city: City, language: Language) -> str:
    """Return a field's value as people read it."""
    kind = KINDS.get(name, name)
    if isinstance(value, tuple):
        return "; ".join(city.vocabulary.title(kind, each, language) for each in value)
    if name in KINDS and value:
        return city.vocabulary.title(kind, value, language)
    return value


def digest(value: str | tuple[str, ...]) -> str:
    """Return what tells whether a field says something else than when the form was opened."""
    text = value if isinstance(value, str) else "\0".join(sorted(value))
    return blake2b(text.encode(), digest_size=6).hexdigest()


def digests(written: Written) -> dict[str, str]:
    """Return the digests of all fields, to be kept in a form."""
    return {name: digest(written[name]) for name in FIELDS}


def based_on(text: str) -> Mapping[str, str]:
    """Return the digests of what the form began with; of a form without, none."""
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(told, dict):
        return {}
    return {name: each for name, each in told.items() if isinstance(each, str)}
