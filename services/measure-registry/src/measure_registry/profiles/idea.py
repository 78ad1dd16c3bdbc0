# SPDX-License-Identifier: EUPL-1.2
"""The Steckbrief of an idea, without anything that tells who submitted it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from measure_registry.domain.criteria import Judged, told
from measure_registry.domain.idea import Idea
from measure_registry.domain.import_profile import Source
from measure_registry.domain.undertaking import Undertaking
from measure_registry.profiles.sheet import (
    Fact,
    Facts,
    Link,
    Links,
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
from measure_registry.profiles.undertaking import PATHS
from measure_registry.profiles.wording import Wording

_TEXTS = ("goal", "benefit", "transferable")


@dataclass(frozen=True, slots=True)
class Around:
    """What belongs to an idea: where it has been, how it was rated, what took it up, ideas it came of and goes on in."""

    way: Sequence[tuple[datetime, str]]
    judged: Sequence[Judged]
    undertakings: Sequence[Undertaking]
    ideas: Sequence[Idea]
    onwards: Sequence[Idea]
    source: Source | None = None


def sheet_of_idea(idea: Idea, around: Around, wording: Wording) -> Sheet:
    """Return the Steckbrief."""
    moments = [idea.changed_at, *(each.changed_at for each in around.undertakings)]
    moments += [each.changed_at for each in (*around.ideas, *around.onwards)]
    priority = (f"{wording.tell('priority')} {idea.priority}",) if idea.priority else ()
    return Sheet(
        kind=wording.tell("kind_idea"),
        name=idea.idea_id,
        version=idea.version,
        title=idea.steckbrief.title,
        tags=(*_fields(idea, wording), wording.state_of(idea), *priority),
        sections=tuple(_sections(idea, around, wording)),
        city_name=wording.city.intake.city_name,
        language=wording.language,
        path=f"/idee/{idea.idea_id}",
        stand=wording.day(idea.changed_at),
        source=_source(idea, around.source, wording),
        changed_at=max(moments),
    )


def _source(idea: Idea, source: Source | None, wording: Wording) -> str:
    if source is not None:
        return " ".join(each for each in (source.name, source.url) if each)
    return wording.tell("source_import") if idea.channel == "import" else ""


def _fields(idea: Idea, wording: Wording) -> tuple[str, ...]:
    brief = idea.steckbrief
    return wording.titles("handlungsfelder", (brief.handlungsfeld, *brief.further_fields))


def _sections(idea: Idea, around: Around, wording: Wording) -> Iterator[Section]:
    brief, tell = idea.steckbrief, wording.tell
    said = [Fact(tell(f"form_{name}"), (getattr(brief, name),)) for name in _TEXTS
            if getattr(brief, name)]  # fmt: skip
    more = Facts(tuple(said)) if said else None
    yield from section(tell("sheet_about"), words(brief.summary), more)
    if idea.split_at is not None or idea.merged_into is not None:
        became = _linked(around.onwards)
        yield from section(tell("goes_on_in"), became or words(tell("goes_on_unseen")))
    yield from section(tell("sheet_place_of"), _placing(idea, wording))
    yield from section(tell("sheet_standing"), _standing(idea, wording))
    yield from section(tell("sheet_means"), _means(idea, wording))
    yield from section(tell("timeline"), steps(tuple(_way(around, wording))))
    yield from section(tell("ratings"), _ratings(around.judged, wording))
    found = [
        Link(each.definition["title"][wording.language], PATHS[each.kind] + each.undertaking_id)
        for each in around.undertakings
    ]
    yield from section(tell("taken_up_by"), links(tuple(found)))
    yield from section(tell("related_ideas"), _linked(around.ideas))


def _linked(found: Sequence[Idea]) -> Links | None:
    return links(tuple(Link(each.steckbrief.title, f"/idee/{each.idea_id}") for each in found))


def _placing(idea: Idea, wording: Wording) -> Facts:
    brief = idea.steckbrief
    kinds: Mapping[str, Sequence[str]] = {
        "mehrwerte": brief.mehrwerte,
        "leitsaetze": brief.leitsaetze,
        "target_groups": brief.target_groups,
    }
    place = (brief.place.name,) if brief.place.name else ()
    return Facts(
        (
            Fact(wording.tell("measure_handlungsfelder"), _fields(idea, wording)),
            *(
                Fact(wording.tell(f"measure_{kind}"), wording.titles(kind, terms))
                for kind, terms in kinds.items()
            ),
            Fact(wording.tell("form_place_name"), place),
        )
    )


def _standing(idea: Idea, wording: Wording) -> Facts:
    brief = idea.steckbrief
    return Facts(
        (
            Fact(wording.tell("state"), (wording.state_of(idea),)),
            Fact(wording.tell("priority"), (idea.priority,) if idea.priority else ()),
            Fact(wording.tell("measure_time"), (brief.timeframe,) if brief.timeframe else ()),
            Fact(wording.tell("number"), (idea.idea_id,)),
            Fact(wording.tell("submitted"), (wording.day(idea.submitted_at),)),
        )
    )


def _means(idea: Idea, wording: Wording) -> Facts:
    brief = idea.steckbrief
    kind = brief.submitter_kind
    return Facts(
        (
            Fact(wording.tell("measure_partners"), (brief.partners,) if brief.partners else ()),
            Fact(wording.tell("sheet_budget"), (brief.budget,) if brief.budget else ()),
            Fact(
                wording.tell("sheet_submitter"),
                wording.titles("submitters", (kind,)) if kind else (),
            ),
        )
    )


def _way(around: Around, wording: Wording) -> Iterator[Step]:
    last = len(around.way) - 1
    for index, (moment, name) in enumerate(around.way):
        tone: Tone = "open" if index == last else "done"
        yield Step(name, wording.tell(f"way_{tone}"), wording.day(moment), tone)


def _ratings(judged: Sequence[Judged], wording: Wording) -> Table | None:
    rows = tuple(
        (each.criterion.title[wording.language], wording.tell(f"verdict_{told(each)}"))
        for each in judged
    )
    header = (wording.tell("criterion"), wording.tell("verdict"))
    return table(wording.tell("ratings_caption"), header, rows)
