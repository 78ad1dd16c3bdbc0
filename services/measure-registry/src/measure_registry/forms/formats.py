# SPDX-License-Identifier: EUPL-1.2
"""What a networking format says of itself, over HTTP and stored."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from measure_registry.forms.undertakings import (
    Form,
    Ids,
    IdText,
    Line,
    PlaceForm,
    TitleForm,
    WordsForm,
)


class FormatForm(Form):
    """A workshop, meeting or the like on one day; partners are bodies, not persons."""

    title: TitleForm
    kind: IdText
    held_on: date
    summary: WordsForm | None = None
    place: PlaceForm | None = None
    measures: Ids = ()
    partners: Annotated[tuple[Line, ...], Field(max_length=100)] = ()
    participants: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
