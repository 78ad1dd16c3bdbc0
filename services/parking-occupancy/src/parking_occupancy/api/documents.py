# SPDX-License-Identifier: EUPL-1.2
"""The forms of answers, for the API's documentation."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from stadttakt_messages.states import BayState, LotState, SignState
from stadttakt_runtime.http.paging import Item, Page


class LivePage(Page[Item]):
    """One page of a list, and where its changes go on."""

    changes_cursor: str = Field(description="for `changed_since`: what changes after this answer")


BayPage = LivePage[BayState]
LotPage = LivePage[LotState]
SignPage = LivePage[SignState]

MAP: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "application/geo+json": {
                "schema": {
                    "type": "object",
                    "required": ["type", "features", "next_cursor", "changes_cursor"],
                    "properties": {
                        "type": {"const": "FeatureCollection"},
                        "features": {"type": "array", "items": {"type": "object"}},
                        "next_cursor": {"type": ["string", "null"]},
                        "changes_cursor": {"type": "string"},
                    },
                }
            }
        }
    }
}
"""Bays as a map layer: each with its outline or point, its answer as properties."""

UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "Unchanged"}}
UNKNOWN_ID: dict[int | str, dict[str, Any]] = {404: {"description": "There is none of this id"}}
