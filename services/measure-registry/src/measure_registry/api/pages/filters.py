# SPDX-License-Identifier: EUPL-1.2
"""By what public lists and the map are filtered, as their addresses say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query

from measure_registry.site.frame import Language
from measure_registry.storage.city import City
from measure_registry.storage.ideas import Asked
from stadttakt_runtime.http.parameters import made_of

Sought = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")]
Word = Annotated[str, Query(max_length=80, pattern=r"^[A-Za-z0-9-]*$")]
"""What a choice is chosen by; of one that there is not the page says so, and lists what has it: nothing."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for: words, a Handlungsfeld, a state and a priority; empty is everything."""

    q: Sought = ""
    feld: Word = ""
    stand: Word = ""
    prio: Word = ""

    @property
    def asked(self) -> Asked:
        """Return it as a question for what is public."""
        return Asked(
            only_public=True,
            state=self.stand or None,
            handlungsfeld=self.feld or None,
            priority=self.prio or None,
            words=self.q.strip() or None,
        )

    @property
    def given(self) -> dict[str, str]:
        """Return it as an address has it."""
        return {"q": self.q, "feld": self.feld, "stand": self.stand, "prio": self.prio}


Filtered = Annotated[Filters, made_of(Filters)]


def selects(city: City, language: Language) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what lists are filtered by: a field's name and its choices."""
    return [
        ("feld", [(each.term, each.title[language]) for each in city.vocabulary.handlungsfelder]),
        ("stand", [(each.state, each.title[language]) for each in city.workflow.states]),
        ("prio", [(each, each) for each in "ABC"]),
    ]
