# SPDX-License-Identifier: EUPL-1.2
"""Long lists as JSON, put together of items that are written one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS


def json_item(item: Mapping[str, Any]) -> bytes:
    """Return an object; times are in UTC to the second."""
    return orjson.dumps(item, option=OPTIONS)


def json_list(items: Iterable[bytes]) -> bytes:
    """Return a list of written objects."""
    return b"[" + b",".join(items) + b"]"
