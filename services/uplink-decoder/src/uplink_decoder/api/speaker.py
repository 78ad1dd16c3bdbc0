# SPDX-License-Identifier: EUPL-1.2
"""For which source a caller speaks: its own secret says it, or a key with the scope names it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Security
from fastapi.security import SecurityScopes

from stadttakt_runtime.auth.dependencies import Credentials, authorise
from stadttakt_runtime.http.problem import Problem, ValidationFailed
from uplink_decoder.sources import Source, SourceTable

CANONICAL = "canonical"

SourceName = Annotated[
    str | None,
    Query(
        alias="source",
        pattern=r"^[a-z0-9-]{1,60}$",
        description="for which source; with a source's own secret it may be left out",
    ),
]


class OtherSource(Problem):
    """The secret belongs to another source."""

    status, code, title = 403, "other_source", "This secret speaks for another source"


async def _speaker(
    request: Request, credentials: Credentials, needed: SecurityScopes, source: SourceName = None
) -> Source:
    sources: SourceTable = request.app.state.sources
    if credentials is not None:
        own = sources.of_secret(CANONICAL, credentials.credentials)
        if own is not None:
            if source not in {None, own.source_id}:
                raise OtherSource(f"it speaks for {own.source_id}")
            return own
    await authorise(request, credentials, needed)
    found = next((each for each in sources.sources if each.source_id == source), None)
    if found is None or found.dialect != CANONICAL:
        told = f"{source!r} is no source with `dialect: canonical` in sources.yaml"
        where = {"in": "query", "field": "source", "code": "unknown_source"}
        raise ValidationFailed([{**where, "detail": told}])
    return found


Speaker = Annotated[Source, Security(_speaker, scopes=["observations:write"])]
