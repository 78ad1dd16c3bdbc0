# SPDX-License-Identifier: EUPL-1.2
"""The staff pages: board, ratings, one idea and all that is done with it, ideas from paper."""

from __future__ import annotations

from measure_registry.api.pages.staff import (
    board,
    contact,
    correction,
    entry,
    idea,
    parts,
    rating,
    undertaking_new,
    undertakings,
)
from measure_registry.api.pages.staff.entry import ENTRY

__all__ = ["ENTRY", "ROUTERS"]

ROUTERS = (
    board.router,
    rating.router,
    entry.router,
    correction.router,
    parts.router,
    contact.router,
    undertaking_new.router,
    undertakings.router,
    idea.router,
)
