# SPDX-License-Identifier: EUPL-1.2
"""Writes the dashboards, each to a file of its name, and removes those that are no more."""

from __future__ import annotations

from pathlib import Path

from stadttakt_dashboards.all import DASHBOARDS

FOLDER = Path(__file__).parents[1] / "dashboards"


def main() -> None:
    """Write the files anew."""
    FOLDER.mkdir(exist_ok=True)
    wanted = {f"{each.name}.json": each.to_json() for each in DASHBOARDS}
    for file in FOLDER.glob("*.json"):
        if file.name not in wanted:
            file.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
