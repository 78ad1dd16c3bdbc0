# SPDX-License-Identifier: EUPL-1.2
"""What of a table's rows is not as it must be."""

from collections import Counter
from collections.abc import Iterable, Iterator

SHOWN = 3


def compare(table: str, found: Counter[str], wanted: Iterable[str]) -> Iterator[str]:
    """Yield what of a table is lost, of nobody, or there more than once."""
    wanted = set(wanted)
    parts = {
        "lost": wanted - found.keys(),
        "that nobody sent": found.keys() - wanted,
        "stored more than once": {each for each, count in found.items() if count > 1},
    }
    for what, ids in parts.items():
        if ids:
            yield f"{table}: {len(ids)} {what}, e.g. {sorted(ids)[:SHOWN]}"
