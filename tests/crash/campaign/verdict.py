# SPDX-License-Identifier: EUPL-1.2
"""What the watcher's record says: no sign or feed told a number beyond its limit, nor a wrong one at rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

import orjson

from crash.campaign.beside import SILENT_AFTER_S
from crash.campaign.feeds import READ
from crash.campaign.shown import SILENT_SIGN_S
from crash.campaign.town import CLOCK_STEP_S, HOLD_S, SILENT_SIGN, STALE_AFTER_S
from crash.campaign.watcher import EACH_ROUND

EXPIRY_STEP_S = 2.0
"""MQTT counts message expiry in whole seconds (MQTT 5, 3.3.2.3.3), and a busy watcher reads late."""
LATE_S = {"live": EXPIRY_STEP_S, "retained": EXPIRY_STEP_S, "streamed": 1.0}
"""What comes by itself is judged when it was read."""
FEED_LATE_S = 4.5
"""Feeds tell times in whole seconds, and what ended is told for `FROZEN_AFTER_S` where it cannot be rendered sooner."""

Standing = Literal["judged", "silent", "exempt", "unavailable"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)


@dataclass(frozen=True, slots=True)
class Span:
    """A time of rest, and the truth then: how many places of each lot are free."""

    begin: float
    end: float
    free: Mapping[str, int]


def read(file: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
    """Return what was recorded from a place in the file on, and where it ends."""
    with file.open("rb") as record:
        record.seek(offset)
        data = record.read()
    whole = data[: data.rfind(b"\n") + 1]
    return [orjson.loads(line) for line in whole.splitlines()], offset + len(whole)


def offences(
    answers: Iterable[Mapping[str, Any]],
    rests: Sequence[Span],
    *,
    excused: bool = True,
    hangs: Mapping[str, Iterable[tuple[float, float]]] | None = None,
) -> list[str]:
    """Return what no sign must ever have told, what nobody could read, and who was unavailable at rest, or without a fault that excuses it.

    `hangs` tells for ways by which answers come by themselves from when to when who brings them stood still: what was on its way did not age.
    """
    apart = {way: disjoint(spans) for way, spans in (hangs or {}).items()}
    return [
        offence
        for answer in answers
        for offence in _offences(answer, rests, excused=excused, hangs=apart)
    ]


def disjoint(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the same time as spans that do not overlap."""
    found: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found


def _offences(
    answer: Mapping[str, Any],
    rests: Sequence[Span],
    *,
    excused: bool,
    hangs: Mapping[str, Sequence[tuple[float, float]]],
) -> Iterator[str]:
    if "unreadable" in answer:
        yield f"cannot be read: {answer}"
    elif "unavailable" in answer:
        if not excused:
            yield f"unavailable, and no fault takes anything away: {answer}"
        elif any(_is_within(answer, rest) for rest in rests):
            yield f"unavailable at rest: {answer}"
    else:
        if answer["way"] in READ:
            yield from _feed_beyond(answer)
        else:
            yield from _beyond_limits(answer, hangs)
        yield from _contradiction(answer)
        yield from (wrong for rest in rests if (wrong := _wrong(answer, rest)))


def unwatched(answers: Sequence[Mapping[str, Any]], ended: int | None) -> list[str]:
    """Return why nothing can be said of some signs or feeds: a way without answers, or a watcher that `ended`."""
    there = {answer["way"] for answer in answers if "unavailable" not in answer}
    found = [f"nothing was watched by way of {way}" for way in EACH_ROUND if way not in there]
    return found if ended is None else [f"the watcher ended with {ended}", *found]


def mute(answers: Sequence[Mapping[str, Any]], signs: Iterable[str]) -> list[str]:
    """Return the signs that told no number which was judged."""
    heard = {
        each["sign_id"]
        for each in answers
        if each["way"] not in READ and standing(each) == "judged"
    }
    return [f"{sign_id} told no number all the time" for sign_id in signs if sign_id not in heard]


def standings(answers: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Return by way how many answers were judged by their limits, silent, exempt, and unavailable."""
    readable = [each for each in answers if "unreadable" not in each]
    found: dict[str, dict[str, int]] = {
        each["way"]: dict.fromkeys(STANDINGS, 0) for each in readable
    }
    for each in readable:
        found[each["way"]][standing(each)] += 1
    return found


def standing(answer: Mapping[str, Any]) -> Standing:
    """Tell whether limits of an answer are judged.

    It is silent without a number, unavailable as a 503 or where nobody answered. Exempt is a lot of a feed that has no limit.
    """
    if "unavailable" in answer:
        return "unavailable"
    if answer.get("free") is None:
        return "silent"
    is_limited = answer["way"] not in READ or answer["sign_id"] in SILENT_AFTER_S
    return "judged" if is_limited or answer["valid_until"] is not None else "exempt"


def _contradiction(answer: Mapping[str, Any]) -> Iterator[str]:
    """A text with digits says how many are free, and no other number than `free`."""
    text = answer.get("text") or ""
    if any(each.isdigit() for each in text) and text != str(answer["free"]):
        yield f"its text says something else than `free`: {answer}"


def _beyond_limits(
    answer: Mapping[str, Any], hangs: Mapping[str, Sequence[tuple[float, float]]]
) -> Iterator[str]:
    """Judge an answer at the moment when it was asked for, and what came by itself when it came."""
    if standing(answer) != "judged":
        return
    until = _epoch(answer["valid_until"])
    way = answer["way"]
    asked_at: float = answer["told_at" if way in {"live", "streamed"} else "asked_at"]

    def is_over(limit: float) -> bool:
        spans = hangs.get(way, ())
        still = sum(max(0.0, min(asked_at, end) - max(limit, begin)) for begin, end in spans)
        return limit + still + LATE_S.get(way, 0.0) <= asked_at

    if is_over(until):
        yield f"valid until {asked_at - until:.2f} s before it was asked: {answer}"
    if until > answer["told_at"] + HOLD_S + CLOCK_STEP_S:
        yield f"valid for {until - answer['told_at']:.1f} s, longer than any sign's hold: {answer}"
    measured = answer["measured_at"]
    if way == "text":
        # The plain form does not tell.
        return
    stale_after_s = SILENT_SIGN_S if answer["sign_id"] == SILENT_SIGN else STALE_AFTER_S
    if measured is None or is_over(_epoch(measured) + stale_after_s):
        yield f"measured longer ago than {stale_after_s} s: {answer}"


def _feed_beyond(answer: Mapping[str, Any]) -> Iterator[str]:
    """Of the past lot all is over; of the others the limits are hours, which no round lasts."""
    limit_s = SILENT_AFTER_S.get(answer["sign_id"])
    asked_at = answer["asked_at"]
    if standing(answer) != "judged":
        return
    until = answer["valid_until"]
    if until is not None and _epoch(until) + FEED_LATE_S <= asked_at:
        yield f"valid until {asked_at - _epoch(until):.2f} s before it was asked: {answer}"
    measured = answer["measured_at"]
    if limit_s and (measured is None or _epoch(measured) + limit_s + FEED_LATE_S <= asked_at):
        yield f"measured longer ago than {limit_s} s: {answer}"


def _wrong(answer: Mapping[str, Any], rest: Span) -> str:
    lot_id = answer["sign_id"].removesuffix("-tor")
    if lot_id not in rest.free:
        return ""
    wanted = rest.free[lot_id]
    # A sign may fall silent, but must not say another number.
    if _is_within(answer, rest) and answer["free"] not in (None, wanted):
        return f"{wanted} are free, and it told {answer}"
    return ""


def _is_within(answer: Mapping[str, Any], rest: Span) -> bool:
    return bool(rest.begin < answer["asked_at"] and answer["told_at"] < rest.end)


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
