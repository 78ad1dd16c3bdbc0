"""One payload formatter on quickjs-ng: entry point, input, result, limits; owns no thread."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import orjson
import quickjs

from uplink_decoder.codecs.model import Frame

CPU_LIMIT_S = 0.2
"""Far above what a formatter takes (10 µs), since the engine's clock counts the whole process."""
MEMORY_LIMIT_BYTES = 16 * 1024 * 1024
STACK_LIMIT_BYTES = 512 * 1024
MAX_RESULT_CHARACTERS = 65_536
MAX_DEPTH = 64
MAX_SOURCE_CHARACTERS = 1_000_000

ENTRY_POINTS = ("decodeUplink", "Decoder", "Decode")
_NAMES = (*ENTRY_POINTS, "normalizeUplink")
_PRELUDE = (resources.files(__package__) / "prelude.js").read_text(encoding="utf-8")
_BUFFER = (resources.files(__package__) / "buffer.js").read_text(encoding="utf-8")
# `typeof` finds what was declared with `const` as well, which is no property of the global object.
_BIND = "__stadttakt_bind({{{}}})".format(
    ",".join(f"{name}: typeof {name} === 'function' ? {name} : undefined" for name in _NAMES)
)
_MENTIONS_BUFFER = re.compile(r"\bBuffer\b")

# A formatter's `new Date(2026, 0, 1)` must mean the same on every machine.
os.environ["TZ"] = "UTC"
time.tzset()


class ScriptError(ValueError):
    """The script cannot be loaded, or failed on a frame; `reason` is a stable code."""

    def __init__(self, text: str, reason: str = "codec_error") -> None:
        super().__init__(text)
        self.reason = reason

    @property
    def is_limit(self) -> bool:
        """Tell whether time or memory ran out: what other devices could feel."""
        return self.reason in {"codec_timeout", "codec_memory"}


@dataclass(frozen=True, slots=True)
class ScriptResult:
    """What a formatter returned, as plain JSON; `normalized` is a list of measurements."""

    data: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    normalized: Sequence[Any] | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A formatter that loads and has an entry point; safe to share between threads."""

    source: str

    def decode(self, frame: Frame, variables: Mapping[str, str] | None = None) -> ScriptResult:
        """Decode one frame in a fresh context on the calling thread.

        Raises:
            ScriptError: it threw, or ran into a limit.

        """
        (answer,) = LoadedScript(self.source).decode([frame], variables)
        if isinstance(answer, ScriptError):
            raise answer
        return answer


def compile_script(source: str) -> Script:
    """Check that a formatter loads and has an entry point.

    Raises:
        ScriptError: its text says what is wrong and, for a syntax error, in which line.

    """
    if len(source) > MAX_SOURCE_CHARACTERS:
        raise ScriptError(f"the source has more than {MAX_SOURCE_CHARACTERS} characters")
    LoadedScript(source)
    return Script(source)


class LoadedScript:
    """One context with a formatter in it; belongs to the thread that made it."""

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
            raise ScriptError("the source holds half a surrogate pair") from None
        if self._run is None:
            raise ScriptError(f"no known entry point: none of {', '.join(ENTRY_POINTS)}")
        self._context = context

    def decode(
        self, frames: Sequence[Frame], variables: Mapping[str, str] | None = None
    ) -> list[ScriptResult | ScriptError]:
        """Decode frames one after the other, in one call into the engine.

        Raises:
            ScriptError: the limit of all together was reached; no frame has a result then.

        """
        given = [
            {
                "b": list(frame.payload),
                "p": frame.f_port,
                "t": frame.received_at.isoformat(timespec="milliseconds"),
                "v": variables or {},
            }
            for frame in frames
        ]
        try:
            text = self._run(orjson.dumps(given).decode(), MAX_RESULT_CHARACTERS)
        except (quickjs.JSException, quickjs.StackOverflow) as error:
            raise _failure(error) from None
        answers = _parse(text)
        if not isinstance(answers, list) or len(answers) != len(frames):
            raise ScriptError("the script disturbed its own call", "codec_output")
        return [_answer(answer) for answer in answers]


def _answer(answer: Any) -> ScriptResult | ScriptError:
    if not isinstance(answer, dict) or ("d" not in answer and "x" not in answer):
        return ScriptError("the script disturbed its own call", "codec_output")
    if "x" in answer:
        return ScriptError(str(answer["m"])[:1000], str(answer["x"]))
    if _is_deeper(answer, MAX_DEPTH):
        return ScriptError(f"the result is nested deeper than {MAX_DEPTH}", "codec_output")
    if not isinstance(answer["d"], dict):
        return ScriptError("'data' is not an object")
    return ScriptResult(answer["d"], tuple(answer["w"]), tuple(answer["e"]), answer["n"])


def _failure(error: Exception) -> ScriptError:
    text = str(error).strip().removesuffix("\nundefined")
    first = text.partition("\n")[0][:1000]
    if isinstance(error, quickjs.StackOverflow):
        return ScriptError(first, "codec_stack")
    if first == "InternalError: interrupted":
        return ScriptError(f"stopped after {CPU_LIMIT_S} s", "codec_timeout")
    if first in {"InternalError: out of memory", "null"}:
        return ScriptError("out of memory", "codec_memory")
    where = re.search(r"<input>:(\d+):\d+", text)
    place = f" (line {where.group(1)})" if where and first.startswith("SyntaxError") else ""
    return ScriptError(f"{first}{place}")


def _parse(text: Any) -> Any:
    if not isinstance(text, str):
        raise ScriptError("the script disturbed its own call", "codec_output")
    try:
        parsed = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        # Half a surrogate pair, which JSON can carry and UTF-8 cannot (RFC 8259, 8.2).
        try:
            return _storable(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise ScriptError(f"the result is no JSON: {error}", "codec_output") from None
    return _storable(parsed) if "\\u0000" in text else parsed


def _storable(value: Any) -> Any:
    """Replace what PostgreSQL's jsonb refuses: NUL and halves of surrogate pairs."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    return value


def _is_deeper(value: Any, depth: int) -> bool:
    if depth < 0:
        return True
    if isinstance(value, dict):
        return any(_is_deeper(item, depth - 1) for item in value.values())
    if isinstance(value, list):
        return any(_is_deeper(item, depth - 1) for item in value)
    return False
