# SPDX-License-Identifier: EUPL-1.2
"""Secrets that a source names and never holds: an environment variable, a secret file of its name, or any file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, StringConstraints, ValidationInfo

from stadttakt_runtime.secret_files import named_secret

Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]


class SecretMissingError(ValueError):
    """The variable is not set or the file cannot be read; the text says which, never what."""


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    return Path(folder) / path if folder else path


CityPath = Annotated[Path, AfterValidator(_beside_the_file)]
"""A path, relative to the folder of `sources.yaml`."""


def read_secret(variable: str | None, file: Path | None) -> str | None:
    """Return a secret, or nothing where neither is named.

    Raises:
        SecretMissingError: named, and not there or empty.

    """
    try:
        if variable is not None:
            found = named_secret(variable)
        elif file is not None:
            found = file.read_text(encoding="utf-8").strip()
        else:
            return None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise SecretMissingError(f"{variable or file}: {reason}") from error
    if not found:
        missing = f"the environment variable {variable} is not set, and no secret file has its name"
        raise SecretMissingError(f"{file} is empty" if variable is None else missing)
    return found
