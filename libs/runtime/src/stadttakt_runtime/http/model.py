# SPDX-License-Identifier: EUPL-1.2
"""The base of request bodies."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class WriteModel(BaseModel):
    """A body that a client sends: frozen, and an unknown field is an error (422)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
