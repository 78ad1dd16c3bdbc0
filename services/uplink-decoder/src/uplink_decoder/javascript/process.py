# SPDX-License-Identifier: EUPL-1.2
"""One worker process as its owner sees it: starts it, asks it, ends it, and tells what killed it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

import orjson

from uplink_decoder.codecs.model import Frame
from uplink_decoder.javascript.answers import Answer, ScriptError, read_answers
from uplink_decoder.javascript.engine import CPU_LIMIT_S
from uplink_decoder.javascript.worker import LENGTHS, PART

MAX_SOURCE_CHARACTERS = 1_000_000
MAX_SOURCES = 1000
"""A worker that was sent more than that is replaced, so that it does not grow for ever."""
GIVE_UP_AFTER_S = 10.0
"""Of the clock on the wall: the kernel's limit is of CPU, which a starved machine gives slowly."""
REAP_AFTER_S = 1.0
COMMAND = ("-I", "-m", "uplink_decoder.javascript.worker")


@dataclass(frozen=True, slots=True)
class Told:
    """What a process said of frames, in order; fewer than asked where one ran into a limit.

    `death` is why the process ended before it said more.
    """

    answers: Sequence[Answer]
    death: ScriptError | None = None


class ScriptProcess:
    """Owns one worker process at a time; not for two callers at once."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._sent: set[str] = set()

    async def __aenter__(self) -> Self:
        """Start the process."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process, whatever it does."""
        await self.stop()

    async def start(self) -> None:
        """Start a process where there is none, and wait until it is ready: 60 ms of CPU."""
        if self._process is not None:
            return
        self._sent.clear()
        # No environment: a script that broke out would find no password in it.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={"TZ": "UTC", "LANG": "C.UTF-8"},
        )
        await self._read([])

    async def stop(self) -> int | None:
        """End the process and return its status, negative for a signal."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        return await process.wait()

    async def _reap(self) -> int | None:
        """Return the status of a process that ends by itself, else end it."""
        if self._process is not None:
            # Not killed at once: `kill` would take the status that tells what ended it.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REAP_AFTER_S):
                    await self._process.wait()
        return await self.stop()

    async def load(self, source: str) -> None:
        """Check that a formatter loads and has an entry point.

        Raises:
            ScriptError: its text says what is wrong and, for a syntax error, in which line.

        """
        told = await self.decode(source, [])
        if told.death is not None:
            raise told.death
        for answer in told.answers:
            if isinstance(answer, ScriptError):
                raise answer

    async def decode_one(
        self, source: str, frame: Frame, variables: Mapping[str, str] | None = None
    ) -> Answer:
        """Decode one frame in a fresh context."""
        told = await self.decode(source, [frame], variables)
        return told.answers[0] if told.answers else told.death or _death(None)

    async def decode(
        self,
        source: str,
        frames: Sequence[Frame],
        variables: Mapping[str, str] | None = None,
        *,
        kept: bool = False,
        together: bool = False,
    ) -> Told:
        """Decode frames in a fresh context each, or with `kept` in one that may have served before.

        With `together` all are one call: when it kills the process, no frame has an answer.
        """
        key, problem = _known(source)
        if problem is not None:
            return Told([problem] * max(1, len(frames)))
        await self._renew()
        head = {"key": key, "kept": kept, "together": together, "count": len(frames)}
        if key not in self._sent:
            head["source"] = source
            self._sent.add(key)
        text = orjson.dumps([_frame(frame, variables) for frame in frames])
        answers: list[Answer] = []
        try:
            async with asyncio.timeout(GIVE_UP_AFTER_S):
                await self._ask(orjson.dumps(head), text, answers)
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
            return Told(answers, _death(await self._reap()))
        return Told(answers)

    async def _renew(self) -> None:
        if len(self._sent) >= MAX_SOURCES:
            await self.stop()
        await self.start()

    async def _ask(self, head: bytes, frames: bytes, answers: list[Answer]) -> None:
        process = self._process
        if process is None or process.stdin is None:
            raise ConnectionError("there is no process")
        process.stdin.write(LENGTHS.pack(len(head), len(frames)) + head + frames)
        await process.stdin.drain()
        await self._read(answers)

    async def _read(self, answers: list[Answer]) -> None:
        """Append the parts of an answer as they come, to its end."""
        if self._process is None or (given := self._process.stdout) is None:
            raise ConnectionError("there is no process")
        while True:
            count, length = PART.unpack(await given.readexactly(PART.size))
            if count == 0:
                return
            answers += read_answers(await given.readexactly(length), count)


@lru_cache(maxsize=100)
def _known(source: str) -> tuple[str, ScriptError | None]:
    """Return what workers know a source by, and why it can be sent to none."""
    problem = _problem(source)
    return ("" if problem else hashlib.sha256(source.encode()).hexdigest(), problem)


def _problem(source: str) -> ScriptError | None:
    if len(source) > MAX_SOURCE_CHARACTERS:
        return ScriptError(f"the source has more than {MAX_SOURCE_CHARACTERS} characters")
    if any("\ud800" <= char <= "\udfff" for char in source):
        return ScriptError("the source holds half a surrogate pair")
    return None


def _frame(frame: Frame, variables: Mapping[str, str] | None) -> dict[str, Any]:
    return {
        "b": list(frame.payload),
        "p": frame.f_port,
        "t": frame.received_at.isoformat(timespec="milliseconds"),
        "v": variables or frame.variables or {},
    }


def _death(status: int | None) -> ScriptError:
    if status in {-signal.SIGPROF, -signal.SIGKILL}:
        return ScriptError(f"stopped after {CPU_LIMIT_S} s", "codec_timeout")
    return ScriptError(f"the engine ended with status {status}", "codec_crash")
