# SPDX-License-Identifier: EUPL-1.2
"""What can be wrong with what somebody wants done, with the codes that clients see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from measure_registry.domain.steckbrief import Fault
from measure_registry.domain.workflow import ForbiddenMoveError
from stadttakt_runtime.http.problem import (
    Conflict,
    NotFound,
    Problem,
    Unavailable,
    ValidationFailed,
)


class TransitionForbidden(Conflict):
    """The move is not declared, not for this role, or before its time; names those that are."""

    code, title = "transition_forbidden", "The idea cannot be moved there"

    def __init__(self, error: ForbiddenMoveError, state: str) -> None:
        super().__init__(str(error), state=state, allowed=error.allowed, lacking=error.lacking)


class NotReady(Conflict):
    """A measure takes an idea up only where the workflow lets it become part of one; names those states."""

    code, title = "not_ready", "The idea is not in a state in which a measure takes it up"

    def __init__(self, state: str, possible: Iterable[str]) -> None:
        super().__init__(f"in {state} no measure takes an idea up", possible=sorted(possible))


class StillNeeded(Conflict):
    """An idea that is part of a measure needs one that it is part of."""

    code, title = "still_needed", "Let another measure take the idea up first"


class LosesMeasure(Conflict):
    """What takes an idea up goes along in a merger, and would not where the other stands."""

    code, title = "loses_measure", "Merge the other way round, or release the idea first"

    def __init__(self, into: str, state: str) -> None:
        super().__init__(f"a measure takes the idea up, and {into} is in {state}", state=state)


class TakenUpWhole(Conflict):
    """A measure takes an idea up as a whole; of its parts nobody has decided that."""

    code, title = "taken_up_whole", "Release the idea first; a part of a measure stays whole"


class RatingOver(Conflict):
    """In a final state the work on an idea is over, and with it its rating."""

    code, title = "rating_over", "The work on the idea is over: it is rated no more"

    def __init__(self, state: str) -> None:
        super().__init__(f"{state} is a final state", state=state)


class NamesSomebody(Conflict):
    """What an idea would tell everybody may name persons; `passages` are for somebody to look at and confirm."""

    code, title = "names_somebody", "The texts may name persons: look, then confirm"

    def __init__(
        self,
        passages: Sequence[str],
        detail: str = "send confirmed: true to publish nevertheless",
    ) -> None:
        super().__init__(detail, passages=list(passages))


class CorrectionNames(NamesSomebody):
    """What a public idea would tell everybody now may name persons."""

    def __init__(self, passages: Sequence[str]) -> None:
        super().__init__(
            passages, "the idea is public: send confirmed: true to change it nevertheless"
        )


class VersionChanged(Problem):
    """Somebody else has changed it meanwhile (RFC 9110, 15.5.13)."""

    status, code, title = 412, "version_changed", "It has been changed meanwhile"


class VersionNeeded(Problem):
    """A change must say what it changes (RFC 6585, 3)."""

    status, code, title = 428, "version_needed", "Send If-Match with the ETag that was read"


class NoCallOpen(Conflict):
    """Ideas are taken only while a call is open."""

    code, title = "no_call_open", "No call for ideas is open"


class TooMany(Problem):
    """More came than people write (RFC 6585, 4)."""

    status, code, title = 429, "too_many", "Too many at once"


def not_found(kind: str, name: str) -> NotFound:
    """Return that there is no such thing, or not for this caller."""
    return NotFound(f"there is no {kind} {name}")


def no_city() -> Unavailable:
    """Return that the service does not know its city yet."""
    return Unavailable("no city has been applied: run stadttakt city apply")


def refused(found: Iterable[Fault]) -> ValidationFailed | None:
    """Return what is wrong with fields, if anything is."""
    errors: Sequence[dict[str, str]] = [
        {"in": "body", "field": each.field, "detail": each.detail, "code": each.code}
        for each in found
    ]
    return ValidationFailed(errors) if errors else None
