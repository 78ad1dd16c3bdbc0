# SPDX-License-Identifier: EUPL-1.2
"""The form of the words of a formula in `kpi/*.yaml`: what people call what it reads."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from kpi_aggregator.city.entries import TextEntry

_VIEW = re.compile(r"^(parking|transit|uplink|opendata|registry|kpi)\.v[0-9]+_[a-z0-9_]{1,60}$")


def _view(name: str) -> str:
    if not _VIEW.match(name):
        raise ValueError(f"{name[:80]} is no view that a service shares, as parking.v1_lot is one")
    return name


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
ViewName = Annotated[str, AfterValidator(_view)]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600)]
Value = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class SentenceEntry(BaseModel):
    """A sentence in German and English."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    de: Sentence
    en: Sentence


class PartNamesEntry(BaseModel):
    """A view in which the parts have names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    view: ViewName
    part: Name
    name: Name


class FormulaWordsEntry(BaseModel):
    """What people call what a formula reads; nothing of it changes a number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    says: SentenceEntry | None = None
    view: TextEntry | None = None
    terms: dict[Name, TextEntry] = {}
    values: dict[Value, TextEntry] = {}
    part_names: PartNamesEntry | None = None
