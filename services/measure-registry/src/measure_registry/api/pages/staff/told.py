# SPDX-License-Identifier: EUPL-1.2
"""What could not be done, in words for whoever wanted it, with the status of the same API answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from measure_registry.api.pages.staff.history import Row
from measure_registry.desk.problems import CorrectionNames
from measure_registry.domain.workflow import Need
from measure_registry.site.frame import TEXTS, Language, tell
from measure_registry.storage.city import City
from stadttakt_runtime.http.problem import Problem


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not done; `since` is what others did meanwhile, `passages` are to be looked at and confirmed."""

    status: int
    text: str
    since: Sequence[Row] = ()
    passages: Sequence[str] = ()


def refusal_of(problem: Problem, city: City, language: Language) -> Refusal:
    """Return a problem in words; the document's own where there are none."""
    if problem.code == "transition_forbidden":
        return Refusal(problem.status, _forbidden(problem.members, city, language))
    if problem.code == "not_ready":
        states = ", ".join(
            city.workflow.title(each, language) for each in problem.members["possible"]
        )
        return Refusal(problem.status, tell("said_not_ready", language, states=states))
    if problem.code == "names_somebody":
        is_correction = isinstance(problem, CorrectionNames)
        key = "said_correction_names" if is_correction else "said_names_somebody"
        passages = problem.members["passages"]
        text = tell(key, language, passages="; ".join(passages))
        return Refusal(problem.status, text, passages=passages)
    if not {"merged_into", "split_into"}.isdisjoint(problem.members):
        into = problem.members.get("merged_into") or ", ".join(problem.members["split_into"])
        return Refusal(problem.status, tell("said_merged", language, idea=into))
    if problem.code == "validation_failed":
        names = ", ".join(_field(each["field"], language) for each in problem.members["errors"])
        return Refusal(problem.status, tell("said_invalid", language, fields=names))
    key = f"said_{problem.code}"
    state = city.workflow.title(problem.members.get("state", ""), language)
    said = tell(key, language, state=state) if key in TEXTS else str(problem)
    return Refusal(problem.status, said)


def _field(name: str, language: Language) -> str:
    known = (key for key in (f"form_{name}", f"field_{name}") if key in TEXTS)
    key = next(known, None)
    return name if key is None else tell(key, language)


def _forbidden(members: dict[str, Any], city: City, language: Language) -> str:
    allowed = ", ".join(city.workflow.title(each, language) for each in members["allowed"])
    state = city.workflow.title(members["state"], language)
    if members["lacking"]:
        needs = ", ".join(tell(f"need_{Need(each)}", language) for each in members["lacking"])
        return tell("said_lacking", language, needs=needs)
    if not allowed:
        return tell("said_no_moves", language, state=state)
    return tell("said_forbidden", language, state=state, allowed=allowed)
