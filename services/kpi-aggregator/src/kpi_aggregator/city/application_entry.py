# SPDX-License-Identifier: EUPL-1.2
"""The form of an application in `kpi/*.yaml`; docs/reference/city-folder.md tells it to people."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class ApplicationEntry(BaseModel):
    """An application that reads open data without a key, since when, and where that can be seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    application: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9 ._-]{0,78}[a-z0-9]$")]
    first_used_on: date
    evidence: Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00]{1,500}$")]
