# SPDX-License-Identifier: EUPL-1.2
"""Secrets as files: a folder whose files bear the names of the variables that they stand for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "STADTTAKT_SECRET_FILES"
PREFIX = "STADTTAKT_"


def secret_files(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the files of the folder that STADTTAKT_SECRET_FILES names by variable; an empty file is not given.

    Raises OSError for a folder or file that is named and cannot be read.
    """
    folder = environment.get(VARIABLE)
    if not folder:
        return {}
    found = {
        file.name: file.read_text(encoding="utf-8").strip()
        for file in sorted(Path(folder).iterdir())
        if file.name.startswith(PREFIX) and file.is_file()
    }
    return {name: text for name, text in found.items() if text}


def into_environment() -> None:
    """Make secret files variables of this process, for commands; what is set already wins."""
    for name, text in secret_files().items():
        os.environ.setdefault(name, text)
