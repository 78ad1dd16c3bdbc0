# SPDX-License-Identifier: EUPL-1.2
"""Whether an archived report is what the data of its time say, whichever version of the program wrote it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import orjson

from kpi_aggregator.reporting.document import WRITING, ReportDocument

_WORDED = frozenset({"formula", "rule", "missing", "text", "origin", "traffic_light"})
"""What the program itself puts into words: another version may do so otherwise, of the same data."""

_TOLD_SINCE_3 = frozenset({"missing", "trend"})
"""Former versions told no value that was overdue, and a trend across gaps and since made-up values."""


_TOLD_SINCE_5 = frozenset({"since", "corrects", "light", "trend"})
"""Former versions reckoned changes from what the last report had told, though it was corrected meanwhile, had
trends across versions of an indicator, and rated exact numbers where everybody is told rounded ones."""


_TOLD_SINCE_6 = frozenset({"since", "corrects", "corrections", "reasons"})
"""Former versions took what holds only so far for what holds of a period, and told neither the reason of a value
that does not hold any more nor that one was made up. Among the reasons they told those of values of the same
period in another unit, by a former version of the formula."""


class Likeness(StrEnum):
    """How an archived document compares with the one that is made of the same data now."""

    SAME = "same"
    SAME_DATA = "same-data"
    """An older version of the program wrote it; all it tells is in the data."""
    OTHER = "other"
    NEWER = "newer"
    """A newer version of the program wrote it, which this one cannot read."""


def writing_of(kept: bytes) -> int:
    """Return by which version of the words an archived document was written."""
    found = orjson.loads(kept).get("writing", 1)
    return int(found)


def likeness(kept: bytes, again: ReportDocument) -> Likeness:
    """Return how an archived document compares with one that was made again."""
    if again.to_bytes() == kept:
        return Likeness.SAME
    if writing_of(kept) >= WRITING:
        return Likeness.OTHER
    told, now = orjson.loads(kept), orjson.loads(again.to_bytes())
    since = ((3, _TOLD_SINCE_3), (5, _TOLD_SINCE_5), (6, _TOLD_SINCE_6))
    younger: frozenset[str] = frozenset({"writing"}).union(
        *(names for first, names in since if writing_of(kept) < first)
    )
    return Likeness.SAME_DATA if _tells(told, now, younger) else Likeness.OTHER


def _tells(kept: Any, again: Any, younger: frozenset[str]) -> bool:
    """Tell whether all that a part of an old document says is in the new one; words are not compared."""
    if isinstance(kept, dict):
        return isinstance(again, dict) and all(
            (value is None) == (again.get(name) is None)
            if name in _WORDED
            else _tells(value, again.get(name), younger)
            for name, value in kept.items()
            if name not in younger
        )
    if isinstance(kept, list):
        return (
            isinstance(again, list)
            and len(kept) == len(again)
            and all(_tells(*pair, younger) for pair in zip(kept, again, strict=True))
        )
    return bool(kept == again)
