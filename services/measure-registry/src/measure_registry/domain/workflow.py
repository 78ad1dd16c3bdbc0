# SPDX-License-Identifier: EUPL-1.2
"""The way of an idea as a declared state machine: states, and who may move from which to which."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from measure_registry.domain.roles import Role


class Need(StrEnum):
    """What must hold before a move."""

    RATED = "rated"
    MEASURE = "measure"


@dataclass(frozen=True, slots=True)
class State:
    """Where an idea stands; in a final one its work is over."""

    state: str
    title: Mapping[str, str]
    initial: bool = False
    final: bool = False


@dataclass(frozen=True, slots=True)
class Transition:
    """A move that some roles may make; `tells` sends the submitter a message."""

    origin: str
    target: str
    roles: tuple[Role, ...]
    needs: tuple[Need, ...] = ()
    tells: bool = True


@dataclass(frozen=True, slots=True)
class Workflow:
    """All states in their order, and all moves."""

    states: tuple[State, ...]
    transitions: tuple[Transition, ...]

    @property
    def initial(self) -> str:
        """The state in which an idea begins."""
        return next(each.state for each in self.states if each.initial)

    @property
    def final(self) -> frozenset[str]:
        """The states in which nothing more is done."""
        return frozenset(each.state for each in self.states if each.final)

    @property
    def of_rating(self) -> frozenset[str]:
        """The states that an idea leaves once it is rated."""
        return frozenset(each.origin for each in self.transitions if Need.RATED in each.needs)

    @property
    def part_of_a_measure(self) -> frozenset[str]:
        """The states that need a measure which takes the idea up."""
        return frozenset(each.target for each in self.transitions if Need.MEASURE in each.needs)

    @property
    def open_to_measures(self) -> frozenset[str]:
        """The states in which a measure may take an idea up: before such a move and after it; all where there is none."""
        before = frozenset(each.origin for each in self.transitions if Need.MEASURE in each.needs)
        return (before | self.part_of_a_measure) or frozenset(each.state for each in self.states)

    def title(self, state: str, language: str) -> str:
        """Return a state's name; the id of one that a former workflow had."""
        found = next((each for each in self.states if each.state == state), None)
        return state if found is None else found.title[language]

    def leaving(self, state: str, roles: Collection[Role]) -> list[Transition]:
        """Return the moves out of a state that some of these roles may make."""
        return [
            each
            for each in self.transitions
            if each.origin == state and not set(each.roles).isdisjoint(roles)
        ]


class ForbiddenMoveError(ValueError):
    """A move that is not declared, not for this role, or before its time (then something is lacking)."""

    def __init__(self, message: str, allowed: list[str], lacking: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.allowed = allowed
        self.lacking = list(lacking)


def move(
    workflow: Workflow,
    origin: str,
    target: str,
    *,
    roles: Collection[Role],
    fulfilled: Collection[Need],
) -> Transition:
    """Return the declared move.

    Raises:
        ForbiddenMoveError: with the states that these roles may move to.

    """
    possible = workflow.leaving(origin, roles)
    allowed = [each.target for each in possible]
    found = next((each for each in possible if each.target == target), None)
    if found is None:
        raise ForbiddenMoveError(f"from {origin} an idea cannot be moved to {target}", allowed)
    lacking = [need.value for need in found.needs if need not in fulfilled]
    if lacking:
        raise ForbiddenMoveError(f"{target} needs first: {', '.join(lacking)}", allowed, lacking)
    return found


def faults(workflow: Workflow) -> Iterator[str]:
    """Yield what makes a workflow unusable."""
    names = [each.state for each in workflow.states]
    if sum(each.initial for each in workflow.states) != 1:
        yield "one state, and only one, must be initial"
    pairs = [(each.origin, each.target) for each in workflow.transitions]
    for name in sorted({name for pair in pairs for name in pair} - {*names}):
        yield f"there is no state {name}"
    for origin, target in pairs:
        if origin == target:
            yield f"{origin} leads to itself"
        if pairs.count((origin, target)) > 1:
            yield f"{origin} to {target} is given twice"
    reached = _reached(workflow)
    for state in workflow.states:
        if state.state not in reached:
            yield f"{state.state} is never reached"
        if not state.final and state.state not in {origin for origin, _ in pairs}:
            yield f"{state.state} is not final and leads nowhere"


def _reached(workflow: Workflow) -> set[str]:
    reached = {each.state for each in workflow.states if each.initial}
    while True:
        new = {each.target for each in workflow.transitions if each.origin in reached} - reached
        if not new:
            return reached
        reached |= new
