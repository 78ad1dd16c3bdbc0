# SPDX-License-Identifier: EUPL-1.2
"""A page for somebody of staff: never kept by a cache, with the status of what was refused."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from measure_registry.api.pages import shown
from measure_registry.api.pages.entrance import Visit
from measure_registry.api.pages.staff.told import Refusal
from measure_registry.storage.city import City


def show(
    request: Request,
    city: City,
    template: str,
    *,
    visit: Visit,
    refusal: Refusal | None = None,
    **values: Any,
) -> Response:
    """Return a page for a visitor; a refusal stands on it and gives it its status."""
    return shown.show(
        request,
        city,
        template,
        private=True,
        status=200 if refusal is None else refusal.status,
        visit=visit,
        refusal=refusal,
        **values,
    )
