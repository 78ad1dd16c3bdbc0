# SPDX-License-Identifier: EUPL-1.2
"""The registry with an idea for each thing that may become of one, formats, measures and sub-projects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fuzz.answering import Target
from fuzz.running import Place, apply_city, target
from fuzz.walking import CSV, Walk
from measure_registry.sealing import new_key
from support.files import picture
from support.ideas import IDEA, PERSON, WHY

FORMAT = {
    "title": {"de": "Werkstatt", "en": "Workshop"},
    "kind": "workshop",
    "held_on": "2026-03-05",
}
MEASURE, PART = "smart-field", "besetztgrad"
TWICE = 2
"""One is done, one is left to whatever is drawn."""


@contextmanager
def running(url: str, place: Place) -> Iterator[Target]:
    """Yield the registry of Halle, which takes as many ideas as are sent."""
    apply_city(url)
    keys = place.folder / "keys"
    keys.write_text(new_key() + "\n")
    settings = {
        "STADTTAKT_REGISTRY_CONTACT_KEY_FILE": str(keys),
        # Not a limit is to be met, but what is behind it.
        "STADTTAKT_REGISTRY_INTAKE_PER_ADDRESS": "100000",
        "STADTTAKT_REGISTRY_INTAKE_PER_HOUR": "100000",
    }
    with target("measure_registry", url, place.mqtt_url, **settings) as found:
        yield found


def walk(way: Walk) -> None:
    """Ask for everything once."""
    idea = _idea(way)
    _read_and_rated(way, idea)
    _files(way, idea)
    for _ in range(TWICE):
        _goes_on(way)
        _is_adopted(way)
    _formats(way)
    for kind, name in (("measure", MEASURE), ("subproject", PART)):
        _undertaking(way, kind, name)
    lines = "external_id,call_id,submitted_on,title,summary,handlungsfeld\n"
    lines += "77,aufruf-2022,2022-11-20,Karrierebus,Besuch in Betrieben,bildung\n"
    way.ask("POST /v1/ideas:import", {}, lines, kind=CSV)
    way.ask("GET /massnahme/{name}.pdf", {"name": MEASURE})
    way.ask("GET /teilprojekt/{name}.pdf", {"name": PART})
    known = {"what": "measures", "measure_id": MEASURE, "subproject_id": PART, **idea}
    way.ask_all_readable(known)
    way.target.known.update({"{sort}": "massnahme", "massnahme/{name}": f"massnahme/{MEASURE}"})
    way.target.known.update(
        {"teilprojekt/{name}": f"teilprojekt/{PART}", "{idea_id}": idea["idea_id"]}
    )


def _idea(way: Walk, **more: Any) -> dict[str, str]:
    made = way.ask("POST /v1/ideas", {}, {**IDEA, "contact": PERSON, **more})
    return {"idea_id": made["idea_id"]}


def _move(way: Walk, idea: dict[str, str], to: str) -> None:
    way.ask("POST /v1/ideas/{idea_id}/transitions", idea, {"to": to, **WHY})


def _read_and_rated(way: Walk, idea: dict[str, str]) -> None:
    """Let an idea be public, read and rated."""
    tagged = idea | {"If-Match": "*"}
    way.ask("PATCH /v1/ideas/{idea_id}", tagged, {"goal": "Frau Sommerkorn", **WHY})
    way.ask("POST /v1/ideas/{idea_id}:redact", tagged, {"passages": ["Frau Sommerkorn"], **WHY})
    way.ask("POST /v1/ideas/{idea_id}:publish", tagged, {"confirmed": True, **WHY})
    way.ask("GET /idee/{idea_id}.pdf", idea)
    way.ask("POST /v1/ideas/{idea_id}:withdraw", tagged, WHY)
    way.ask("POST /v1/ideas/{idea_id}:publish", tagged, {"confirmed": True, **WHY})
    _move(way, idea, "gesichtet")
    _rate(way, idea)


def _rate(way: Walk, idea: dict[str, str]) -> None:
    for each in way.ask("GET /v1/criteria")["criteria"]:
        named = idea | {"criterion_id": each["criterion_id"]}
        body = {"rating": "erfuellt", "comment": "ja"}
        way.ask("PUT /v1/ideas/{idea_id}/ratings/{criterion_id}", named, body)


def _files(way: Walk, idea: dict[str, str]) -> None:
    for _ in range(TWICE + 1):
        way.ask("POST /v1/ideas/{idea_id}/attachments", idea, picture(), kind="image/jpeg")
    of = "/v1/ideas/{idea_id}/attachments"
    numbers = [str(each["number"]) for each in way.ask(f"GET {of}", idea)["items"]]
    way.ask(f"GET {of}/{{number}}", idea | {"number": numbers[0]})
    way.ask(f"DELETE {of}/{{number}}", idea | {"number": numbers[1]})
    way.offer(f"DELETE {of}/{{number}}", idea | {"number": numbers[2]})


def _goes_on(way: Walk) -> None:
    """Split one idea, and merge another into a part of it."""
    one, other = _idea(way), _idea(way)
    parts = [{**IDEA, "title": f"Teil {number} der Idee"} for number in (1, 2)]
    way.ask("POST /v1/ideas/{idea_id}:split", one | {"If-Match": "*"}, {"parts": parts, **WHY})
    into = _idea(way)["idea_id"]
    way.ask("POST /v1/ideas/{idea_id}:merge", other | {"If-Match": "*"}, {"into": into, **WHY})
    for deed, body in (("split", {"parts": parts}), ("merge", {"into": into})):
        left = _idea(way) | {"If-Match": "*"}
        way.offer(f"POST /v1/ideas/{{idea_id}}:{deed}", left, {**body, **WHY})


def _is_adopted(way: Walk) -> None:
    """Bring an idea to where a measure takes it up, and give it back; leave it to be taken up."""
    idea = _idea(way)
    _move(way, idea, "gesichtet")
    _rate(way, idea)
    for state in ("bewertet", "geclustert", "im-workshop", "qualifiziert"):
        _move(way, idea, state)
    for deed in ("adopt", "release"):
        body = {"measure_id": MEASURE, **WHY}
        way.ask(f"POST /v1/ideas/{{idea_id}}:{deed}", idea | {"If-Match": "*"}, body)


def _formats(way: Walk) -> None:
    of = "/v1/formats/{format_id}"
    for number in range(TWICE + 1):
        made = way.ask("POST /v1/formats", {}, {"format": FORMAT, **WHY})
        named = {"format_id": made["format_id"]}
        tagged = named | {"If-Match": "*"}
        if number == 0:
            way.ask(f"POST {of}:cancel", tagged, WHY)
        else:
            way.offer(f"POST {of}:cancel", tagged, WHY)
            way.ask(f"PUT {of}", tagged, {"format": FORMAT, **WHY})
    way.ask(f"GET {of}", named)
    way.ask(f"GET {of}/changes", named)
    way.target.known["{format_id}"] = named["format_id"]


def _undertaking(way: Walk, kind: str, name: str) -> None:
    own, of = f"{kind}_id", f"/v1/{kind}s"
    left_out = {"version", "changed_at", "subprojects", "ideas"}
    view = way.ask(f"GET {of}/{{{own}}}", {own: name})
    form = {each: value for each, value in view.items() if each not in left_out}
    tagged = {own: name} | {"If-Match": "*"}
    way.ask(f"PUT {of}/{{{own}}}", tagged, {kind: form, **WHY})
    way.ask(f"POST {of}", {}, {kind: {**form, own: "eigene"}, **WHY})
    way.offer(f"POST {of}", {}, {kind: {**form, own: "weitere"}, **WHY})
