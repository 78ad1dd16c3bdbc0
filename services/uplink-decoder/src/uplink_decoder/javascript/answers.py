# SPDX-License-Identifier: EUPL-1.2
"""What a formatter returned, or why it could not: from the engine's text to checked plain JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

MAX_DEPTH = 64
MAX_TEXTS = 20
MAX_TEXT = 1000
MAX_WHOLE = 2**63
MAX_DIGITS = 20
LIMITS = frozenset({"codec_timeout", "codec_memory", "codec_crash"})


class ScriptError(ValueError):
    """The script cannot be loaded, or failed on a frame; `reason` is a stable code."""

    def __init__(self, text: str, reason: str = "codec_error") -> None:
        super().__init__(text)
        self.reason = reason

    @property
    def is_limit(self) -> bool:
        """Tell whether time or memory ran out: what other devices could feel."""
        return self.reason in LIMITS


@dataclass(frozen=True, slots=True)
class ScriptResult:
    """What a formatter returned, as plain JSON; `normalized` is a list of measurements."""

    data: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    normalized: Sequence[Any] | None = None


Answer = ScriptResult | ScriptError


def read_answers(text: bytes, count: int) -> list[Answer]:
    """Read what a worker said of so many frames: a list by prelude.js, or why there is none."""
    found = _parse(text)
    if isinstance(found, ScriptError):
        return [found] * count
    if isinstance(found, dict):
        return [_stopped(found)] * count
    if not isinstance(found, list) or len(found) != count:
        return [_disturbed()] * count
    return [_answer(each) for each in found]


def _disturbed() -> ScriptError:
    return ScriptError("the script disturbed its own call", "codec_output")


def _stopped(found: Mapping[str, Any]) -> ScriptError:
    """Return why the engine ended, as the worker tells it."""
    error, reason = found.get("error"), found.get("reason")
    if isinstance(error, str) and isinstance(reason, str):
        return ScriptError(error, reason)
    return _disturbed()


def _answer(found: Any) -> Answer:
    if not isinstance(found, dict):
        return _disturbed()
    if "d" in found:
        return _result(found)
    if "c" in found:
        return ScriptError(f"the result has {found['c']} characters", "codec_output")
    if "r" in found:
        return ScriptError(f"the script returned no object but {found['r']}")
    return _thrown(found)


def _result(found: Mapping[str, Any]) -> Answer:
    if _is_deeper(found, MAX_DEPTH):
        return ScriptError(f"the result is nested deeper than {MAX_DEPTH}", "codec_output")
    data, normalized = found["d"], None
    warnings, errors = texts(found.get("w")), texts(found.get("e"))
    if data is None and not (warnings or errors):
        return ScriptError("the script returned an object without 'data'")
    if not isinstance(data, dict | None):
        return ScriptError("'data' is not an object")
    made = found.get("n")
    if isinstance(made, dict):
        warnings += tuple(f"normalizeUplink: {each}" for each in texts(made.get("errors")))
        if (measured := made.get("data")) is not None:
            normalized = measured if isinstance(measured, list) else [measured]
    return ScriptResult(data or {}, warnings, errors, normalized)


def texts(value: Any) -> tuple[str, ...]:
    """Return warnings or errors as texts, whatever a script put there."""
    if value is None or value is False or value == "":
        return ()
    items = value if isinstance(value, list) else [value]
    return tuple(_shown(each) for each in items[:MAX_TEXTS])


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:MAX_TEXT]


def _thrown(found: Mapping[str, Any]) -> ScriptError:
    """Return what was thrown: `t` is no object, `k` and `m` are name and message of one."""
    if "t" in found:
        return ScriptError(f"thrown: {_shown(found['t'])}")
    if "k" not in found or "m" not in found:
        return _disturbed()
    name, text = str(found["k"]), str(found["m"])[:MAX_TEXT]
    if name == "InternalError" and text == "out of memory":
        return ScriptError("out of memory", "codec_memory")
    if name == "RangeError" and text == "Maximum call stack size exceeded":
        return ScriptError(text, "codec_stack")
    if name == text == "undefined":
        return ScriptError(f"thrown: {_shown(found.get('v'))}")
    return ScriptError(f"{name}: {text}")


def _parse(text: bytes) -> Any:
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        # Half a surrogate pair, which JSON can carry and UTF-8 cannot (RFC 8259, 8.2).
        try:
            decoded = text.decode("utf-8", "surrogatepass")
            return _storable(
                json.loads(decoded, parse_int=_whole, parse_float=_finite, parse_constant=_finite)
            )
        except (ValueError, RecursionError) as error:
            return ScriptError(f"the result is no JSON: {error}", "codec_output")
    return _storable(parsed) if b"\\u0000" in text else parsed


def _whole(text: str) -> int | float:
    """Return a whole number as orjson does: a float where 64 bits cannot hold it."""
    whole = int(text) if len(text) <= MAX_DIGITS else MAX_WHOLE
    return whole if -MAX_WHOLE <= whole < MAX_WHOLE else _finite(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is no number that can be stored")
    return number


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
    """Tell whether lists and objects lie deeper in each other than that."""
    level = [value]
    for _ in range(depth):
        level = [
            item
            for each in level
            for item in (each.values() if isinstance(each, dict) else each)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True
