# SPDX-License-Identifier: EUPL-1.2
"""The form of a measure or sub-project for staff: what it shows of a definition, and the definition it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import orjson
from pydantic import ValidationError
from starlette.datastructures import FormData

from measure_registry.api.pages.staff.fields import text_of
from measure_registry.api.pages.staff.numbers import plain_euros, plain_number
from measure_registry.domain.undertaking import Kind, Reifegrad, Standing
from measure_registry.forms.undertakings import (
    MeasureForm,
    RuleError,
    SubprojectForm,
    UndertakingForm,
)
from measure_registry.site.frame import Language, tell

FORMS: Mapping[Kind, tuple[str, type[UndertakingForm]]] = {
    Kind.MEASURE: ("measure_id", MeasureForm),
    Kind.SUBPROJECT: ("subproject_id", SubprojectForm),
}
SINGLE = (
    "title.de", "title.en", "summary.de", "summary.en", "modellhaft.de", "modellhaft.en", "priority",
    "reifegrad", "state", "starts_on", "ends_on", "place.name", "place.lat", "place.lon",
    "budget.frame_eur", "budget.funding", "budget.note", "isek", "source",
)  # fmt: skip
CHOSEN = ("handlungsfelder", "mehrwerte", "leitsaetze", "target_groups", "measures")
PARTS: Mapping[str, Sequence[str]] = {
    "partners": ("name", "part"),
    "godparents": ("body", "part"),
    "milestones": ("milestone_id", "title.de", "title.en", "due_on", "status", "reached_on"),
    "risks": ("risk", "likelihood", "impact", "response", "public"),
    "objectives": ("objective", "key_results"),
    "pilots": (
        "pilot_id", "title.de", "title.en", "summary.de", "summary.en", "place.name", "place.lat",
        "place.lon", "starts_on", "ends_on", "partners", "next_step.de", "next_step.en", "status",
    ),
    "indicators": ("indicator_id", "effective_on", "expected", "note"),
}  # fmt: skip
LINES: Mapping[str, Sequence[str]] = {
    "partners": ("name", "part"),
    "key_results": ("key_result", "unit", "baseline", "target", "current"),
}
"""Parts of parts: a line each, with `|` between what it says."""
AREAS = frozenset({"summary.de", "summary.en", "modellhaft.de", "modellhaft.en", "isek", "response",
                   "next_step.de", "next_step.en", *LINES})  # fmt: skip
_DEGREES = ("gering", "mittel", "hoch")
CHOICES: Mapping[str, tuple[str, Sequence[str]]] = {
    "reifegrad": ("reifegrad_", tuple(Reifegrad)),
    "state": ("standing_", tuple(Standing)),
    "priority": ("", ("A", "B", "C")),
    "milestones.status": ("milestone_", ("offen", "erreicht", "verspaetet", "entfallen")),
    "pilots.status": ("standing_", ("geplant", "laufend", "abgeschlossen", "nicht_angegeben")),
    "risks.likelihood": ("degree_", _DEGREES),
    "risks.impact": ("degree_", _DEGREES),
    "risks.public": ("said_", ("yes", "no")),
    "indicators.expected": ("expected_", ("up", "down")),
}
NUMBERS = frozenset({"lat", "lon", "frame_eur", "baseline", "target", "current"})
_DEFAULTS = {"milestones.status": "offen", "pilots.status": "nicht_angegeben", "risks.public": "yes"}  # fmt: skip
MOST_ROWS = 200
_ROW = re.compile(r"([a-z]+)-([0-9]{1,3})-[a-z_.]+")


def shown(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands in the fields: texts by path, chosen words, and rows of each part with an empty one."""
    single = {path: _text(path, _at(definition, path)) for path in SINGLE}
    chosen = {name: list(definition.get(name) or ()) for name in CHOSEN}
    rows = {
        part: [
            *({path: _text(path, _at(row, path)) for path in paths}
              for row in definition.get(part) or ()),
            {path: _DEFAULTS.get(f"{part}.{path}", "") for path in paths},
        ]
        for part, paths in PARTS.items()
    }  # fmt: skip
    return {"single": single, "chosen": chosen, "rows": rows}


def _at(found: Mapping[str, Any], path: str) -> Any:
    value: Any = found
    for name in path.split("."):
        value = (value or {}).get(name)
    return value


def _text(path: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if path in LINES:
        return "\n".join(_line(each, LINES[path]) for each in value)
    if isinstance(value, list | tuple):
        return "\n".join(value)
    return str(value)


def _line(found: Mapping[str, Any], names: Sequence[str]) -> str:
    told = ["" if found.get(name) is None else str(found[name]) for name in names]
    return " | ".join(told).rstrip(" |")


def definition_in(form: FormData, kind: Kind, name: str) -> dict[str, Any]:
    """Return what a form says, unchecked; rows that say nothing, or are to go, are left out."""
    said: dict[str, Any] = {FORMS[kind][0]: name}
    for path in SINGLE:
        _put(said, path, _value(path, text_of(form, path)))
    if kind is Kind.MEASURE:
        said.pop("priority", None)
    for field in CHOSEN:
        if kind is Kind.SUBPROJECT or field != "measures":
            words = [each for each in form.getlist(field) if isinstance(each, str)]
            said[field] = list(dict.fromkeys(words))
    for part, paths in PARTS.items():
        said[part] = list(_rows(form, part, paths))
    return said


def in_order(said: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form says with chosen words in the order that they had: a form knows none."""
    ordered = {}
    for name in CHOSEN:
        words = said.get(name) or []
        had = [word for word in before.get(name) or () if word in words]
        ordered[name] = [*had, *(word for word in words if word not in had)]
    return {**said, **{name: ordered[name] for name in ordered if name in said}}


def _rows(form: FormData, part: str, paths: Sequence[str]) -> Iterator[dict[str, Any]]:
    found = {int(match[2]) for key in form if (match := _ROW.fullmatch(key)) and match[1] == part}
    for number in sorted(found)[:MOST_ROWS]:
        texts = {path: text_of(form, f"{part}-{number}-{path}") for path in paths}
        is_said = any(text and f"{part}.{path}" not in _DEFAULTS for path, text in texts.items())
        if not is_said or text_of(form, f"{part}-{number}-drop"):
            continue
        row: dict[str, Any] = {}
        for path, text in texts.items():
            _put(row, path, text == "yes" if path == "public" else _value(path, text))
        yield row


def _put(into: dict[str, Any], path: str, value: Any) -> None:
    """Store a value at a path; what is empty is not there."""
    if value is None or value == []:
        return
    *outer, last = path.split(".")
    for name in outer:
        into = into.setdefault(name, {})
    into[last] = value


def _value(path: str, text: str) -> Any:
    if path == "isek":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if path in LINES:
        return [_parsed(line, LINES[path]) for line in text.splitlines() if line.strip()]
    if path.rpartition(".")[2] in NUMBERS:
        return (plain_euros(text) if path.endswith("frame_eur") else plain_number(text)) or None
    return text or None


def _parsed(line: str, names: Sequence[str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, text in zip(names, line.split("|"), strict=False):
        _put(told, name, _value(name, text.strip()))
    return told


def checked(
    said: Mapping[str, Any], kind: Kind, language: Language
) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """Return the definition as it is stored, or what is wrong by field in words."""
    try:
        return FORMS[kind][1].model_validate(said).model_dump(mode="json"), {}
    except ValidationError as error:
        found = {_field(_loc(each)): why(each, language) for each in error.errors()}
    return None, {
        field or "title.de": f"{label(field, language)}: {said}" for field, said in found.items()
    }


def _loc(error: Any) -> Sequence[int | str]:
    """Return where an error belongs; a rule of several fields names the one of which it is told."""
    loc: tuple[int | str, ...] = error["loc"]
    broken = (error.get("ctx") or {}).get("error")
    if not isinstance(broken, RuleError):
        return loc
    return (*loc, broken.field, 0) if broken.field in PARTS else (*loc, broken.field)


def _field(loc: Sequence[int | str]) -> str:
    """Return which field of the form an error is about; empty for one of the whole."""
    if len(loc) > 1 and isinstance(loc[1], int) and loc[0] in PARTS:
        inner = [str(each) for each in loc[2:]]
        path = inner[0] if inner and inner[0] in LINES else ".".join(inner)
        known = path if path in PARTS[str(loc[0])] else PARTS[str(loc[0])][0]
        return f"{loc[0]}-{loc[1]}-{known}"
    path = ".".join(str(each) for each in loc if not isinstance(each, int))
    if path in SINGLE or path in CHOSEN:
        return path
    return next((each for each in SINGLE if path and each.startswith(f"{path}.")), "")


_KINDS = {"missing": "missing", "string_too_short": "missing", "too_short": "missing", "string_too_long": "long", "too_long": "long", "date": "date",
          "float": "number", "int": "number", "greater": "number", "less": "number"}  # fmt: skip


def why(error: Any, language: Language) -> str:
    """Return what is wrong with a field of a form's model, in words."""
    broken = (error.get("ctx") or {}).get("error")
    if isinstance(broken, RuleError):
        return tell(f"wrong_{broken.code}", language)
    kind = next(
        (told for begin, told in _KINDS.items() if error["type"].startswith(begin)), "other"
    )
    return tell(f"wrong_{kind}", language)


def label(field: str, language: Language) -> str:
    """Return what a field is called, a row's with its number."""
    part, _, rest = field.partition("-")
    if rest:
        number, _, path = rest.partition("-")
        return f"{tell(f'part_{part}', language)} {int(number) + 1}, {tell(f'u_{path}', language)}"
    return tell(f"u_{field}", language) if field else tell("part_all", language)


def digests(definition: Mapping[str, Any]) -> dict[str, str]:
    """Return what tells of each field whether it says something else than when the form was opened."""
    return {
        name: blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=6).hexdigest()
        for name, value in definition.items()
    }


def merged(
    mine: Mapping[str, Any], theirs: Mapping[str, Any], base: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """Return mine with what only others changed, and the fields that both changed, each otherwise."""
    own, now, both, result = digests(mine), digests(theirs), [], dict(mine)
    for name, value in theirs.items():
        if own.get(name) == base.get(name):
            result[name] = value
        elif now[name] not in {base.get(name), own.get(name)}:
            both.append(name)
    return result, both
