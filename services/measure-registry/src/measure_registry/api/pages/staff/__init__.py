# SPDX-License-Identifier: EUPL-1.2
"""The staff pages: board, ratings, one idea and all that is done with it, ideas from paper and files, measures, formats."""

from __future__ import annotations

from measure_registry.api.pages.staff import (
    board,
    contact,
    correction,
    entry,
    formats,
    idea,
    import_page,
    parts,
    personal,
    rating,
    undertaking_new,
    undertakings,
)
from measure_registry.api.pages.staff.entry import ENTRY
from measure_registry.api.pages.staff.import_page import PAGE as IMPORT

__all__ = ["ENTRY", "IMPORT", "ROUTERS"]

ROUTERS = (
    board.router,
    rating.router,
    entry.router,
    correction.router,
    parts.router,
    contact.router,
    formats.router,
    import_page.router,
    personal.router,
    undertaking_new.router,
    undertakings.router,
    idea.router,
)
