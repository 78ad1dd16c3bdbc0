# SPDX-License-Identifier: EUPL-1.2
"""Secrets as files: a folder whose files bear the names of the variables that they stand for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "STADTTAKT_SECRET_FILES"
PREFIX = "STADTTAKT_"


def secret_files(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the files of the folders that STADTTAKT_SECRET_FILES names, with `:` between, by variable.

    An empty file is not given; of two the first folder's counts. Raises OSError for a folder or file that cannot be read.
    """
    found = {
        file.name: file.read_text(encoding="utf-8").strip()
        for folder in reversed(_folders(environment))
        for file in sorted(folder.iterdir())
        if file.name.startswith(PREFIX) and file.is_file()
    }
    return {name: text for name, text in found.items() if text}


def named_secret(variable: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return what a variable that the city folder names holds, else the secret file of its name, else nothing.

    Such a name need not begin with STADTTAKT_. Raises OSError or UnicodeDecodeError for a file that cannot be read.
    """
    if given := environment.get(variable):
        return given
    for folder in _folders(environment):
        file = folder / variable
        if file.is_file() and (text := file.read_text(encoding="utf-8").strip()):
            return text
    return None


def _folders(environment: Mapping[str, str]) -> list[Path]:
    return [Path(one) for one in environment.get(VARIABLE, "").split(":") if one]


def into_environment() -> None:
    """Make secret files variables of this process, for commands; what is set already wins."""
    for name, text in secret_files().items():
        os.environ.setdefault(name, text)
