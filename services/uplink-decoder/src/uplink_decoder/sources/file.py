# SPDX-License-Identifier: EUPL-1.2
"""Reads and checks a city's `sources.yaml`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from stadttakt_runtime.plain_words import in_plain_words
from stadttakt_runtime.plugins import CityError
from uplink_decoder.sources.model import Source

SHOWN_ERRORS = 3


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[Source, ...]

    @model_validator(mode="after")
    def _are_distinct(self) -> _File:
        counts = Counter(source.source_id for source in self.sources)
        twice = sorted(name for name, count in counts.items() if count > 1)
        if twice:
            raise ValueError(f"source_id stands twice: {', '.join(twice)}")
        return self


def read_sources(city: Path) -> tuple[Source, ...]:
    """Read a city's `sources.yaml`.

    Raises:
        CityError: absent, no YAML, an unknown key, or a wrong value; says where and why.

    """
    path = city / "sources.yaml"
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _File.model_validate(document, context={"folder": city}).sources
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CityError(path, str(error)) from error
    except ValidationError as error:
        told = [
            f"{'.'.join(str(part) for part in each['loc']) or 'sources'}: {in_plain_words(each)}"
            for each in error.errors()
        ]
        more = f" (and {len(told) - SHOWN_ERRORS} more)" if len(told) > SHOWN_ERRORS else ""
        raise CityError(path, "; ".join(told[:SHOWN_ERRORS]) + more) from error
