# SPDX-License-Identifier: EUPL-1.2
"""The process that runs formatters: requests on standard input, answers on standard output.

The kernel ends it when a script burns its time inside of a built-in function, which the engine
cannot interrupt; whoever started it notices and starts another. It holds no secret and no socket,
and imports little, since it may have to start often.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import struct
import sys
from typing import Any, BinaryIO

from uplink_decoder.javascript.contexts import Contexts
from uplink_decoder.javascript.engine import CPU_LIMIT_S, EngineError, LoadedScript

KILL_AFTER_S = CPU_LIMIT_S + 0.025
ADDRESS_SPACE_BYTES = 512 * 1024 * 1024
LENGTHS = struct.Struct("<II")
"""Bytes of what is asked, and of the frames that it is asked of, a JSON list; both follow."""
PART = struct.Struct("<II")
"""How many frames a part of an answer is about (0: the answer ends), and its bytes."""
ENDS = frozenset({"codec_timeout", "codec_memory"})


def main() -> None:
    """Answer until standard input ends."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    given, answers = sys.stdin.buffer, sys.stdout.buffer
    try:
        worker = Worker(answers)
        while lengths := given.read(LENGTHS.size):
            head, frames = (given.read(each) for each in LENGTHS.unpack(lengths))
            worker.answer(json.loads(head), frames.decode())
    except BrokenPipeError:
        # Whoever asked has ended; Python would try to write once more and complain.
        os._exit(0)


class Worker:
    """Knows the sources it was sent, by key, and writes answers; the first says that it is ready."""

    def __init__(self, answers: BinaryIO) -> None:
        self._answers = answers
        self._sources: dict[str, str] = {}
        self._contexts = Contexts()
        self._write(0, b"")

    def answer(self, request: dict[str, Any], frames: str) -> None:
        """Decode the frames of a request; end early when one ran into a limit.

        Without frames it is tried whether the source loads.
        """
        key, count = request["key"], request["count"]
        if "source" in request:
            self._sources[key] = request["source"]
        if not count:
            self._load(self._sources[key])
        elif request["together"]:
            self._together(key, frames, count)
        else:
            self._singly(key, frames, kept=request["kept"])
        self._write(0, b"")

    def _load(self, source: str) -> None:
        try:
            with _Timed():
                LoadedScript(source)
        except EngineError as error:
            self._write(1, _error(error))

    def _together(self, key: str, frames: str, count: int) -> None:
        """Decode all in one call; which of them runs into a limit is then found one by one."""
        try:
            with _Timed():
                text = self._contexts.decode(key, self._sources[key], frames, count=count)
        except EngineError:
            self._singly(key, frames, kept=True)
        else:
            self._write(count, text.encode("utf-8", "surrogatepass"))

    def _singly(self, key: str, frames: str, *, kept: bool) -> None:
        source = self._sources[key]
        for frame in json.loads(frames):
            try:
                with _Timed():
                    if kept:
                        text = self._contexts.decode(key, source, json.dumps([frame]), count=1)
                    else:
                        text = LoadedScript(source).decode(json.dumps([frame]))
            except EngineError as error:
                self._write(1, _error(error))
                if error.reason in ENDS:
                    return
            else:
                self._write(1, text.encode("utf-8", "surrogatepass"))

    def _write(self, count: int, text: bytes) -> None:
        # At once: what is done must be known if the next frame ends the process.
        self._answers.write(PART.pack(count, len(text)) + text)
        self._answers.flush()


class _Timed:
    """Lets the kernel end the process (SIGPROF) once this block has burned so much CPU."""

    def __enter__(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, KILL_AFTER_S)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _error(error: EngineError) -> bytes:
    text = error.text.encode("utf-8", "replace").decode()
    return json.dumps({"error": text, "reason": error.reason}).encode()


if __name__ == "__main__":
    main()
