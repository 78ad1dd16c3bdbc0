"""Long lists as JSON, item by item.

Written at once, 20,000 bays hold the interpreter for some ten milliseconds, in which nobody is answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS


def json_list(items: Iterable[Mapping[str, Any]]) -> bytes:
    """Return a list of objects; times are in UTC to the second."""
    return b"[" + b",".join(orjson.dumps(item, option=OPTIONS) for item in items) + b"]"
