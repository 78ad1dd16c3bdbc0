# SPDX-License-Identifier: EUPL-1.2
"""One payload formatter on quickjs-ng: entry point, limits, what its failures are called.

Runs in a worker process (worker.py) alone: the engine cannot be stopped inside of a built-in
function, a process can.
"""

from __future__ import annotations

import os
import pkgutil
import re
import time

import quickjs

CPU_LIMIT_S = 0.05
"""The slowest of 620 public formatters takes 0.008 s with its loading; the engine looks at its clock
between steps of the script only."""
MEMORY_LIMIT_BYTES = 16 * 1024 * 1024
STACK_LIMIT_BYTES = 512 * 1024
MAX_RESULT_CHARACTERS = 65_536

ENTRY_POINTS = ("decodeUplink", "Decoder", "Decode")
_NAMES = (*ENTRY_POINTS, "normalizeUplink")
_PRELUDE = (pkgutil.get_data(__package__, "prelude.js") or b"").decode()
_BUFFER = (pkgutil.get_data(__package__, "buffer.js") or b"").decode()
# `typeof` finds what was declared with `const` as well, which is no property of the global object.
_BIND = "__stadttakt_bind({{{}}})".format(
    ",".join(f"{name}: typeof {name} === 'function' ? {name} : undefined" for name in _NAMES)
)
_MENTIONS_BUFFER = re.compile(r"\bBuffer\b")

# A formatter's `new Date(2026, 0, 1)` must mean the same on every machine.
os.environ["TZ"] = "UTC"
time.tzset()


class EngineError(Exception):
    """The engine stopped: `text` is for people, `reason` a stable code."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text)
        self.text = text
        self.reason = reason


class LoadedScript:
    """One context with a formatter in it."""

    def __init__(self, source: str) -> None:
        context = quickjs.Context()
        context.set_memory_limit(MEMORY_LIMIT_BYTES)
        context.set_max_stack_size(STACK_LIMIT_BYTES)
        context.set_time_limit(CPU_LIMIT_S)
        try:
            context.eval(_PRELUDE)
            if _MENTIONS_BUFFER.search(source):
                context.eval(_BUFFER)
            context.eval(source)
            self._run = context.eval(_BIND)
        except (quickjs.JSException, quickjs.StackOverflow) as error:
            raise _failure(error) from None
        except UnicodeEncodeError:
            raise EngineError("the source holds half a surrogate pair", "codec_error") from None
        if not callable(self._run):
            names = ", ".join(ENTRY_POINTS)
            raise EngineError(f"no known entry point: none of {names}", "codec_error")
        self._context = context

    def decode(self, frames: str) -> str:
        """Decode frames, a JSON list, one after the other in one call; return a JSON list.

        Raises:
            EngineError: a limit of all together was reached, or the script disturbed the call.

        """
        try:
            text = self._run(frames, MAX_RESULT_CHARACTERS)
        except (quickjs.JSException, quickjs.StackOverflow) as error:
            raise _failure(error) from None
        except (TypeError, UnicodeError):
            # A value or a text that Python has no like of; the prelude gives none by itself.
            text = None
        if not isinstance(text, str):
            raise EngineError("the script disturbed its own call", "codec_output")
        return text


def _failure(error: Exception) -> EngineError:
    text = str(error).strip().removesuffix("\nundefined")
    first = text.partition("\n")[0][:1000]
    if isinstance(error, quickjs.StackOverflow):
        return EngineError(first, "codec_stack")
    if first == "InternalError: interrupted":
        return EngineError(f"stopped after {CPU_LIMIT_S} s", "codec_timeout")
    if first == "InternalError: out of memory":
        return EngineError("out of memory", "codec_memory")
    if first == "null":
        return EngineError("out of memory, or the script threw null", "codec_memory")
    where = re.search(r"<input>:(\d+):\d+", text)
    place = f" (line {where.group(1)})" if where and first.startswith("SyntaxError") else ""
    return EngineError(f"{first}{place}", "codec_error")
