# SPDX-License-Identifier: EUPL-1.2
"""What lists that are polled have in common: the answer 304, and texts of cursors."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import StringConstraints

UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "Unchanged"}}
WithoutNul = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
"""A text that the database can be asked with."""
