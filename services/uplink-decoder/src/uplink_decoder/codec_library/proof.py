# SPDX-License-Identifier: EUPL-1.2
"""Runs a formatter on its vectors and tells which results differ; stores nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from uplink_decoder.codecs.comparison import differences
from uplink_decoder.codecs.model import Frame
from uplink_decoder.codecs.vectors import Vector
from uplink_decoder.javascript.answers import ScriptError, ScriptResult
from uplink_decoder.javascript.process import ScriptProcess

# After so many vectors that ran into a limit, the others are not run: an upload must end.
MAX_LIMITS = 3
NO_TIME = datetime(2020, 1, 1, tzinfo=UTC)
"""The reception time of a vector that names none; fixed, so that its result stays the same."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One vector that failed: what was expected, what came, and where they differ."""

    index: int
    vector: Vector
    got: Mapping[str, Any] | None
    difference: Sequence[str]


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of all vectors."""

    passed: int
    failures: Sequence[Failure] = ()

    @property
    def failed(self) -> int:
        """How many did not give what they should."""
        return len(self.failures)


async def prove(process: ScriptProcess, source: str, vectors: Sequence[Vector]) -> Proof:
    """Load a script and run every vector in a fresh context.

    Raises:
        ScriptError: it does not load, or has no entry point.

    """
    await process.load(source)
    failures: list[Failure] = []
    limits = 0
    for index, vector in enumerate(vectors):
        if limits >= MAX_LIMITS:
            failures.append(
                Failure(index, vector, None, ("not run after others ran into a limit",))
            )
            continue
        frame = Frame(vector.f_port, vector.payload, vector.recv_time or NO_TIME)
        answer = await process.decode_one(source, frame, vector.variables)
        if isinstance(answer, ScriptError):
            failures.append(Failure(index, vector, None, (str(answer),)))
            limits += answer.is_limit
        elif failure := _compare(index, vector, answer):
            failures.append(failure)
    return Proof(len(vectors) - len(failures), tuple(failures))


def _compare(index: int, vector: Vector, result: ScriptResult) -> Failure | None:
    got = _output(result)
    found = differences(_expected(vector), got)
    if vector.normalized is not None:
        normalized = differences(vector.normalized, result.normalized)
        found += [f"normalized {each}" for each in normalized]
        got["normalized"] = result.normalized
    return Failure(index, vector, got, found) if found else None


def _expected(vector: Vector) -> dict[str, Any]:
    """Return the whole output; a codec that reports errors need not say anything of the data."""
    expected = vector.expected
    return {
        "data": expected.get("data") or {},
        "warnings": expected.get("warnings") or [],
        "errors": expected.get("errors") or [],
    }


def _output(result: ScriptResult) -> dict[str, Any]:
    return {
        "data": dict(result.data),
        "warnings": list(result.warnings),
        "errors": list(result.errors),
    }
