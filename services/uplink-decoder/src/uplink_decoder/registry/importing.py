# SPDX-License-Identifier: EUPL-1.2
"""Imports a CSV file of devices: every line or none, with a report of what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from uplink_decoder.domain.registration import Action, Entry, Owner, Step, retire, settled
from uplink_decoder.registry.lines import LineError, Numbered, unknown_codecs
from uplink_decoder.registry.sharing import Shared, joining_now, shared_bays
from uplink_decoder.registry.writing import nothing, plan, read_all, write
from uplink_decoder.storage import codecs, registry
from uplink_decoder.storage.registry import Author

TOLD = 1000


class RefusedError(ValueError):
    """Nothing was imported; `errors` says what is wrong in which lines."""

    def __init__(self, errors: Iterable[LineError]) -> None:
        self.errors = sorted(errors, key=lambda each: (each.line, each.column or ""))
        super().__init__(f"{len(self.errors)} errors, nothing is imported")


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to import: only try; retire registered devices that the file does not name."""

    dry_run: bool = False
    retire_absent: bool = False


class LineOutcome(NamedTuple):
    """What became of a device; no line where the file does not name it; which fields changed."""

    line: int | None
    dev_eui: str
    action: Action
    fields: Sequence[str]


@dataclass(frozen=True, slots=True)
class Imported:
    """How many of what, and the first of the devices that did not stay as they were."""

    counts: Counter[Action]
    changes: Sequence[LineOutcome]
    warnings: Sequence[LineError] = ()


async def import_devices(
    connection: Any,
    lines: Sequence[Numbered],
    options: ImportOptions,
    author: Author,
    advance: Callable[[int], object] = nothing,
) -> Imported:
    """Import lines in the caller's transaction; `advance` is told how many are written.

    Raises:
        RefusedError: a codec does not exist, or an assignment planned for later is in the way.

    """
    if not options.dry_run:
        await registry.take_turn(connection)
    errors = unknown_codecs(lines, await codecs.codec_ids(connection))
    named = [line.dev_eui for _, line in lines]
    entries = await read_all(connection, None if options.retire_absent else named)
    wishes = [line.wish() for _, line in lines]
    wishes = await joining_now(connection, entries, wishes, author.at)
    steps, refused = await plan(entries, wishes, by=Owner.OPERATOR, author=author)
    errors += [
        LineError(lines[position].number, "asset_id", detail, "assignment_overlap")
        for position, detail in refused
    ]
    if errors:
        raise RefusedError(errors)
    absent = _retired(entries, set(named), author) if options.retire_absent else []
    if not options.dry_run:
        await write(connection, [*steps, *absent], author, advance)
    shared = await shared_bays(connection, [*steps, *absent], author.at)
    return _report(lines, steps, absent, shared)


def _retired(entries: dict[str, Entry], named: set[str], author: Author) -> list[Step]:
    return [
        settled(entry, retire(entry, author.at), by=Owner.OPERATOR)
        for entry in entries.values()
        if entry.is_registered and entry.retired_at is None and entry.dev_eui not in named
    ]


def _is_change(told: tuple[int | None, Step]) -> bool:
    return told[1].action != Action.UNCHANGED


def _report(
    lines: Sequence[Numbered],
    steps: Sequence[Step],
    absent: Sequence[Step],
    shared: Sequence[Shared],
) -> Imported:
    numbers = [number for number, _ in lines]
    told: list[tuple[int | None, Step]] = [*zip(numbers, steps, strict=True)]
    told += [(None, step) for step in absent]
    changes = [
        LineOutcome(number, step.after.dev_eui, step.action, sorted(step.differences()[1]))
        for number, step in islice(filter(_is_change, told), TOLD)
    ]
    line_of = {line.dev_eui: number for number, line in lines}
    warnings = [
        LineError(line_of[each.dev_eui], "asset_id", str(each), "shared_bay")
        for each in shared[:TOLD]
    ]
    return Imported(Counter(step.action for _, step in told), changes, warnings)
