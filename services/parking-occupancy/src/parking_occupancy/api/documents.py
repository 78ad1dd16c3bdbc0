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

UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "Unchanged"}}
UNKNOWN_ID: dict[int | str, dict[str, Any]] = {404: {"description": "There is none of this id"}}
