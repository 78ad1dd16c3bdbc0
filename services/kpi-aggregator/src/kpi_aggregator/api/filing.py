# SPDX-License-Identifier: EUPL-1.2
"""A file of values: tried, handed in, and decided on as a whole; by the API or at a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from itertools import islice
from typing import Any, Literal, NamedTuple

from kpi_aggregator.api.proposals import decide_one, withdraw_one
from kpi_aggregator.api.visible import today_of, visible
from kpi_aggregator.csv_values import Line, Tried, try_values
from kpi_aggregator.domain.filed import Act, Held, Known, key_of, would_be_so_far
from kpi_aggregator.domain.four_eyes import Hand
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.periods import name_of
from kpi_aggregator.storage import value_files, values
from kpi_aggregator.storage.value_files import NewFile
from kpi_aggregator.storage.values import StoredValue
from stadttakt_runtime.csv_import import MOST_ERRORS, LineError
from stadttakt_runtime.http.problem import Conflict, NotFound

Verdict = Literal["approved", "rejected", "withdrawn"]
HANDED_IN = (Act.NEW, Act.CORRECTS)
LONGEST_NAME = 200
LEAST_ROLE = 3
"""Letters, as of a single value."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a file would do, held against what is known now."""

    tried: Tried
    known: Mapping[str, Indicator]
    held: Held
    today: date

    def is_so_far(self, line: Line) -> bool:
        """Tell whether what a line hands in would be a value so far."""
        said = line.proposal
        if said is None or line.act not in HANDED_IN:
            return False
        return would_be_so_far(said, self.held.get(key_of(said), Known()), self.today)

    def count(self, *acts: Act) -> int:
        """Return how many lines would do this."""
        return sum(line.act in acts for line in self.tried.lines)


class Sent(NamedTuple):
    """A file as it was sent, under the name it has at the sender's."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """Return by what the same file is known again."""
        return sha256(self.content).hexdigest()


class Filed(NamedTuple):
    """What was handed in: the file's number, none where nothing was new, and its values'."""

    file_id: int | None
    value_ids: Sequence[int]


def named(name: str) -> str:
    """Return a file's name as it is kept: the last part of a path, printable, not endless."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable()).strip()[-LONGEST_NAME:]


async def try_file(
    connection: Any, content: bytes, now: datetime, *, role_said: str | None
) -> Trial:
    """Return what a file would do; nothing is kept of it.

    `role_said` is the function that a key says for lines which say none, empty where it does not;
    none of a person, whose login says it.
    """
    known = {each.indicator_id: each for each in await visible(connection, sees_all=True)}
    held = await value_files.held(connection, list(known.values()), now)
    today = await today_of(connection)
    tried = try_values(content, known, today, held)
    if role_said is not None:
        wrong = _without_role(tried, role_said)
        tried = replace(tried, errors=[*tried.errors, *islice(wrong, MOST_ERRORS)])
    return Trial(tried, known, held, today)


def _without_role(tried: Tried, role_said: str) -> Iterator[LineError]:
    """Yield which lines do not say in whose function they are entered: four eyes of keys rest on it."""
    for line in tried.lines:
        if line.act not in HANDED_IN or line.proposal is None:
            continue
        role = line.proposal.author_role or role_said
        if not role:
            detail = "must be given with a key, in the line or for the whole file"
            yield LineError(line.number, "author_role", detail, "missing")
        elif len(role) < LEAST_ROLE:
            detail = f"must have at least {LEAST_ROLE} characters"
            yield LineError(line.number, "author_role", detail, "string_too_short")


async def hand_in(
    connection: Any, sent: Sent, trial: Trial, hand: Hand, now: datetime, *, is_person: bool
) -> Filed:
    """Store the new values of a file that has no faults; those of a person are in the role of the login.

    The role of a key is that of lines which say none; without it the file has that of its first line.
    """
    lines = [line for line in trial.tried.lines if line.act in HANDED_IN]
    if not lines:
        return Filed(None, [])
    stored = [
        await _stored(connection, line, trial, hand, now, is_person=is_person) for line in lines
    ]
    role = hand.role or stored[0].author_role
    new = NewFile(sent.name, sent.sha256, hand.principal, role, now)
    numbers = [(each.value_id, line.number) for each, line in zip(stored, lines, strict=True)]
    file_id = await value_files.add(connection, new, numbers)
    return Filed(file_id, [each.value_id for each in stored])


async def _stored(
    connection: Any, line: Line, trial: Trial, hand: Hand, now: datetime, *, is_person: bool
) -> StoredValue:
    proposal = line.proposal
    if proposal is None:
        raise ValueError(f"line {line.number} says no value")
    if is_person or not proposal.author_role:
        proposal = replace(proposal, author_role=hand.role)
    return await values.propose(
        connection,
        proposal,
        version=trial.known[proposal.indicator_id].version,
        author=hand.principal,
        now=now,
    )


async def settle(
    connection: Any, found: StoredValue, verdict: Verdict, hand: Hand, note: str
) -> None:
    """Decide on a value that is locked, or withdraw it."""
    if verdict == "withdrawn":
        await withdraw_one(connection, found, hand, note)
    else:
        await decide_one(connection, found, verdict, hand, note)


async def decide_file(
    connection: Any, file_id: int, verdict: Verdict, hand: Hand, note: str
) -> int:
    """Decide on all lines of a file that wait, or withdraw them, each as if alone; return how many.

    Raises:
        NotFound: there is no such file.
        Conflict: one of them is refused, told with its line, or none waits; then nothing is decided.

    """
    lines = {
        each.value.value_id: each.line for each in await value_files.lines_of(connection, file_id)
    }
    if not lines:
        raise NotFound(f"there is no file {file_id}")
    waiting = [
        each for each in await values.locked_all(connection, list(lines)) if each.state == "pending"
    ]
    if not waiting:
        raise Conflict(f"no line of file {file_id} waits for a decision", why="decided_already")
    for each in sorted(waiting, key=lambda value: lines[value.value_id]):
        try:
            await settle(connection, each, verdict, hand, note)
        except Conflict as conflict:
            line = lines[each.value_id]
            where = f"line {line} ({each.indicator_id} {name_of(each.period, each.period_start)})"
            raise Conflict(
                f"{where}: {conflict.detail}; nothing was decided",
                code=conflict.code,
                why=conflict.members.get("why", conflict.code),
                line=line,
                field=conflict.members.get("field", ""),
                of=conflict.members.get("of", ""),
                value_id=each.value_id,
            ) from conflict
    return len(waiting)
