# SPDX-License-Identifier: EUPL-1.2
"""Routes for reads that are polled thousands of times a second."""

from __future__ import annotations

from starlette.routing import Match, Route
from starlette.types import Scope


class HotRoute(Route):
    """A plain Starlette GET route, tried before all others, for `create_app(hot_routes=...)`.

    FastAPI's matching and parameter handling cost more than such an answer. The endpoint takes
    the request alone and returns a Response; a FastAPI route of the same path documents it.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match as usual, and leave the route where the request metrics look for it."""
        match, found = super().matches(scope)
        found["route"] = self
        return match, found
