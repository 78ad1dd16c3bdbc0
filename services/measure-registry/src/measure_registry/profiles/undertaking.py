# SPDX-License-Identifier: EUPL-1.2
"""The Steckbrief of a measure or sub-project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from measure_registry.domain.placed import Placed
from measure_registry.domain.undertaking import Kind, Reifegrad, Undertaking, public_risks
from measure_registry.profiles.sheet import (
    Fact,
    Facts,
    Link,
    Section,
    Sheet,
    Step,
    Table,
    Tone,
    links,
    section,
    steps,
    table,
    words,
)
from measure_registry.profiles.wording import Wording
from measure_registry.storage.changes import Change

PATHS: Mapping[Kind, str] = {Kind.MEASURE: "/massnahme/", Kind.SUBPROJECT: "/teilprojekt/"}
TONES: Mapping[str, Tone] = {
    "erreicht": "done",
    "offen": "open",
    "verspaetet": "late",
    "entfallen": "dropped",
}
STAGES = [each for each in Reifegrad if each is not Reifegrad.UNKNOWN]
MOST_CHANGES = 50
_AS_ENTERED = ("risks", "partners", "godparents", "budget", "place", "isek", "source", "objectives")
# told with what they were before; of other fields only that they changed
_TOLD = ("reifegrad", "state", "priority")


def page_of_placed(placed: Placed) -> str:
    """Return the page of something with a position; a pilot's is that of what it belongs to."""
    if placed.of is not None:
        return PATHS[placed.of.kind] + placed.of.name
    return (
        f"/idee/{placed.name}" if placed.kind == "idea" else PATHS[Kind(placed.kind)] + placed.name
    )


@dataclass(frozen=True, slots=True)
class Related:
    """What belongs to one: measures or sub-projects, ideas that everybody may see, its history, and what indicators are called."""

    undertakings: Sequence[Undertaking]
    ideas: Sequence[Any]
    history: Sequence[Change]
    indicators: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def sheet_of_undertaking(found: Undertaking, related: Related, wording: Wording) -> Sheet:
    """Return the Steckbrief; what the city keeps to itself is not in it."""
    said, language = found.definition, wording.language
    moments = [found.changed_at, *(each.changed_at for each in related.undertakings)]
    return Sheet(
        kind=wording.tell(f"kind_{found.kind}"),
        name=found.undertaking_id,
        version=found.version,
        title=said["title"][language],
        tags=_tags(said, wording),
        sections=tuple(_sections(found, related, wording)),
        city_name=wording.city.intake.city_name,
        language=language,
        path=PATHS[found.kind] + found.undertaking_id,
        stand=wording.day(found.changed_at),
        source=said.get("source") or "",
        changed_at=max(moments),
    )


def _tags(said: Mapping[str, Any], wording: Wording) -> tuple[str, ...]:
    priority = said.get("priority")
    return (
        wording.tell(f"reifegrad_{said['reifegrad']}"),
        wording.tell(f"standing_{said['state']}"),
        *((f"{wording.tell('priority')} {priority}",) if priority else ()),
    )


def _sections(found: Undertaking, related: Related, wording: Wording) -> Iterator[Section]:
    said, tell = found.definition, wording.tell
    yield from section(tell("sheet_about"), words(said["summary"][wording.language]))
    yield from section(tell("sheet_place_of"), _placing(said, wording))
    yield from section(tell("sheet_standing"), _standing(said, wording))
    yield from section(tell("sheet_means"), _means(said, wording))
    if said.get("modellhaft"):
        yield from section(tell("sheet_modellhaft"), words(said["modellhaft"][wording.language]))
    yield from section(tell("measure_milestones"), steps(tuple(_milestones(said, wording))))
    yield from section(tell("sheet_objectives"), *_objectives(said, wording))
    yield from section(tell("sheet_risks"), _risks(said, wording))
    yield from section(tell("measure_pilots"), *_pilots(said, wording))
    yield from section(tell("sheet_indicators"), _indicators(said, related, wording))
    yield from section(
        tell("measure_parts" if found.kind is Kind.MEASURE else "measure_of"),
        links(tuple(_links(related.undertakings, wording))),
    )
    ideas = tuple(Link(each["title"], f"/idee/{each['idea_id']}") for each in related.ideas)
    yield from section(tell("measure_ideas"), links(ideas))
    if wording.language != "de" and any(said.get(name) for name in _AS_ENTERED):
        yield from section(tell("sheet_language"), words(tell("sheet_as_entered")))
    yield from section(tell("sheet_changes"), _changes(related.history, wording))


def _placing(said: Mapping[str, Any], wording: Wording) -> Facts:
    kinds = ("handlungsfelder", "mehrwerte", "leitsaetze", "target_groups")
    found = [
        Fact(wording.tell(f"measure_{kind}"), wording.titles(kind, said.get(kind) or ()))
        for kind in kinds
    ]
    place = said.get("place")
    return Facts(
        (
            *found,
            Fact(wording.tell("measure_isek"), tuple(said.get("isek") or ())),
            Fact(wording.tell("form_place_name"), (place["name"],) if place else ()),
        )
    )


def _standing(said: Mapping[str, Any], wording: Wording) -> Facts:
    named = wording.tell(f"reifegrad_{said['reifegrad']}")
    if (reached := Reifegrad(said["reifegrad"])) in STAGES:
        stage = STAGES.index(reached) + 1
        named = wording.tell("sheet_stage", name=named, stage=stage, stages=len(STAGES))
    period = wording.span(said.get("starts_on"), said.get("ends_on"))
    priority = said.get("priority")
    return Facts(
        (
            Fact(wording.tell("state"), (wording.tell(f"standing_{said['state']}"),)),
            Fact(
                wording.tell("sheet_reifegrad"),
                (named,),
            ),
            *((Fact(wording.tell("priority"), (priority,)),) if priority else ()),
            Fact(wording.tell("measure_time"), (period,) if period else ()),
        )
    )


def _means(said: Mapping[str, Any], wording: Wording) -> Facts:
    return Facts(
        (
            Fact(wording.tell("measure_partners"), _with_parts(said.get("partners"), "name")),
            Fact(wording.tell("measure_godparents"), _with_parts(said.get("godparents"), "body")),
            Fact(wording.tell("sheet_budget"), tuple(_budget(said.get("budget"), wording))),
        )
    )


def _with_parts(found: Sequence[Mapping[str, Any]] | None, name: str) -> tuple[str, ...]:
    return tuple(
        f"{each[name]} ({each['part']})" if each.get("part") else str(each[name])
        for each in found or ()
    )


def _budget(budget: Mapping[str, Any] | None, wording: Wording) -> Iterator[str]:
    if budget is None:
        return
    if budget.get("frame_eur") is not None:
        yield wording.tell("sheet_frame", sum=wording.number(budget["frame_eur"]))
    if budget.get("funding"):
        yield wording.tell("sheet_funding", funding=budget["funding"])
    if budget.get("note"):
        yield str(budget["note"])


def _milestones(said: Mapping[str, Any], wording: Wording) -> Iterator[Step]:
    """Yield milestones in the order of their days; those without one come last."""
    found = said.get("milestones") or ()
    for each in sorted(found, key=lambda one: one.get("due_on") or "9999"):
        reached, due = each.get("reached_on"), each.get("due_on")
        when = ""
        if reached:
            when = wording.tell("sheet_reached", day=wording.day(reached))
        elif due:
            when = wording.tell("sheet_due", day=wording.day(due))
        if reached and due and reached != due:
            when += f" ({wording.tell('sheet_due', day=wording.day(due))})"
        status = wording.tell(f"milestone_{each['status']}")
        yield Step(each["title"][wording.language], status, when, TONES[each["status"]])


def _objectives(said: Mapping[str, Any], wording: Wording) -> Iterator[Table | None]:
    header = tuple(
        wording.tell(key) for key in ("okr_result", "okr_baseline", "okr_target", "okr_current")
    )
    for each in said.get("objectives") or ():
        rows = tuple(
            (f"{result['key_result']} ({result['unit']})", *_progress(result, wording))
            for result in each["key_results"]
        )
        yield table(each["objective"], header, rows)


def _progress(result: Mapping[str, Any], wording: Wording) -> tuple[str, str, str]:
    """Return baseline, target and current value, the last with its share of the way."""
    baseline, target, current = result.get("baseline"), result["target"], result.get("current")
    told = wording.number(current)
    if baseline is not None and current is not None and target != baseline:
        share = round((current - baseline) / (target - baseline) * 100)
        told += f" ({wording.tell('okr_share', share=share)})"
    return wording.number(baseline), wording.number(target), told


def _risks(said: Mapping[str, Any], wording: Wording) -> Table | None:
    keys = ("risk_risk", "risk_likelihood", "risk_impact", "risk_response")
    rows = tuple(
        (each["risk"], _degree(each.get("likelihood"), wording),
         _degree(each.get("impact"), wording), each["response"])
        for each in public_risks(said)
    )  # fmt: skip
    caption = wording.tell("risk_caption")
    return table(caption, tuple(wording.tell(key) for key in keys), rows)


def _degree(degree: str | None, wording: Wording) -> str:
    return wording.tell(f"degree_{degree}") if degree else "–"


def _pilots(said: Mapping[str, Any], wording: Wording) -> Iterator[Facts]:
    for each in said.get("pilots") or ():
        period = wording.span(each.get("starts_on"), each.get("ends_on"))
        yield Facts(
            (
                Fact(wording.tell("pilot_name"), (each["title"][wording.language],)),
                Fact(wording.tell("pilot_about"), (each["summary"][wording.language],)),
                Fact(wording.tell("state"), (wording.tell(f"standing_{each['status']}"),)),
                Fact(wording.tell("form_place_name"), (each["place"]["name"],)),
                Fact(wording.tell("measure_time"), (period,) if period else ()),
                Fact(wording.tell("measure_partners"), _with_parts(each.get("partners"), "name")),
                Fact(wording.tell("measure_next"), (each["next_step"][wording.language],)),
            )
        )


def _indicators(said: Mapping[str, Any], related: Related, wording: Wording) -> Table | None:
    keys = ("indicator_id", "indicator_since", "indicator_expected", "indicator_note")
    rows = tuple(
        (
            related.indicators.get(each["indicator_id"], {}).get(
                wording.language, each["indicator_id"]
            ),
            wording.day(each.get("effective_on")) or "–",
            wording.tell(f"expected_{each['expected']}") if each.get("expected") else "–",
            each.get("note") or "–",
        )
        for each in said.get("indicators") or ()
    )
    caption = wording.tell("indicator_caption")
    return table(caption, tuple(wording.tell(key) for key in keys), rows)


def _links(found: Sequence[Undertaking], wording: Wording) -> Iterator[Link]:
    for each in found:
        stage = wording.tell(f"reifegrad_{each.definition['reifegrad']}")
        text = f"{each.definition['title'][wording.language]} – {stage}"
        yield Link(text, PATHS[each.kind] + each.undertaking_id)


def _changes(history: Sequence[Change], wording: Wording) -> Table | None:
    """Return what was changed when, the newest first; who did it and why is the city's own."""
    rows = tuple(
        (wording.day(each.at), _change(each, wording))
        for each in reversed(history[-MOST_CHANGES:])
        if each.action in {"created", "changed", "adopted", "released"}
    )
    header = (wording.tell("when"), wording.tell("what"))
    return table(wording.tell("changes_caption"), header, rows)


def _change(change: Change, wording: Wording) -> str:
    if change.action != "changed":
        return wording.tell(f"change_{change.action}")
    details = change.details or {}
    said = [
        _before_after(name, details[name], wording)
        if name in _TOLD
        else wording.tell(f"field_{name}")
        for name in details
    ]
    return wording.tell("change_changed", fields=", ".join(said) or "–")


def _before_after(name: str, told: Mapping[str, Any], wording: Wording) -> str:
    texts = {"reifegrad": "reifegrad_", "state": "standing_"}
    prefix = texts.get(name)
    before, after = (
        wording.tell(prefix + each) if prefix and each else str(each or "–")
        for each in (told["before"], told["after"])
    )
    return f"{wording.tell(f'field_{name}')} ({before} → {after})"
