# SPDX-License-Identifier: EUPL-1.2
"""Compares what a codec gave with what its vector expects; owns no codec and runs none.

As the public device repository's own check does, on JSON: deep equality, where a member that is
absent, null or an empty list of warnings says the same. Numbers are compared as numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

RELATIVE = 1e-9
ABSOLUTE = 1e-9
MAX_DIFFERENCES = 5
SHOWN = 80
_DATE = re.compile(r"^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?)?$")


def differences(expected: Any, got: Any) -> list[str]:
    """Return the first differences as `path: expected …, got …`; none where both say the same."""
    return list(islice(_compare("", expected, got), MAX_DIFFERENCES))


def _compare(path: str, expected: Any, got: Any) -> Iterator[str]:
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        for name in dict.fromkeys((*expected, *got)):
            where = f"{path}.{name}" if path else str(name)
            yield from _compare(where, expected.get(name), got.get(name))
    elif _is_list(expected) and _is_list(got):
        if len(expected) != len(got):
            yield f"{path}: {len(expected)} items expected, got {len(got)}"
            return
        for index, (one, other) in enumerate(zip(expected, got, strict=True)):
            yield from _compare(f"{path}[{index}]", one, other)
    elif not _same(expected, got):
        yield f"{path or 'result'}: expected {_show(expected)}, got {_show(got)}"


def _same(expected: Any, got: Any) -> bool:
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, int | float) and isinstance(got, int | float):
        return _near(expected, got)
    if isinstance(expected, str) and isinstance(got, str):
        return expected == got or _same_time(expected, got)
    return bool(expected == got)


def _near(expected: float, got: float) -> bool:
    try:
        return math.isclose(expected, got, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    except OverflowError:
        return expected == got


def _same_time(expected: str, got: str) -> bool:
    """Tell whether both are dates and name the same instant; one without a zone is UTC."""
    if not (_DATE.match(expected) and _DATE.match(got)):
        return False
    try:
        return _instant(expected) == _instant(got)
    except ValueError:
        return False


def _instant(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _show(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
