# SPDX-License-Identifier: EUPL-1.2
"""The form of a report in `kpi/*.yaml`; docs/reference/city-folder.md tells it to people."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kpi_aggregator.city.entries import IdText, TextEntry, Title, Version
from kpi_aggregator.domain.spans import Interval


class ReportEntry(BaseModel):
    """Who is reported to, how often, about what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    report_id: IdText
    title: TextEntry
    recipient: TextEntry
    every: Interval
    version: Version
    occasion: Title = "zur Kenntnisnahme"
    office: Title = "zu benennen"
    reference: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = ""
    due_days: Annotated[int, Field(ge=0, le=90)] = 5
    public: bool = False
    mehrwerte: tuple[IdText, ...] = ()
