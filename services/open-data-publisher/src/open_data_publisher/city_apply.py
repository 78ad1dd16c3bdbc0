# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt city apply`: checks what a city publishes; the publisher reads it itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from open_data_publisher.city import FILE, read_names, read_publication
from open_data_publisher.city_portal import read_portal


def apply_city(folder: Path, _database_url: str) -> Sequence[str]:
    """Check `opendata/` of a city folder and tell what is public.

    Raises CityError with file, line and reason.
    """
    if not (folder / FILE).is_file():
        return ["nothing published in this city"]
    names = read_names(folder)
    policy = read_publication(folder, names).policy
    read_portal(folder, names)
    return [
        f"live states: {', '.join(policy.states) or 'none public'}",
        f"datasets: {', '.join(policy.datasets) or 'none public'} (a running publisher follows)",
    ]
