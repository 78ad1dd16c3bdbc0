# SPDX-License-Identifier: EUPL-1.2
"""ETag and If-Match: a change says which version it changes, so that none is lost."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Header, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from measure_registry.desk.problems import VersionChanged, VersionNeeded

_TAG = re.compile(r'(?:W/)?"v([0-9]{1,9})"')
Match = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        description="the ETag that was read; 412 where it is another now",
    ),
]


def _expected(if_match: Match = None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise VersionChanged("If-Match names no ETag of this service")
    return int(found[1])


def _needed(if_match: Match = None) -> int | None:
    if if_match is None:
        raise VersionNeeded("a change without the version it changes could lose another's")
    return _expected(if_match)


Expected = Annotated[int | None, Depends(_expected)]
"""The version that a caller names, if it names one."""
Needed = Annotated[int | None, Depends(_needed)]
"""The version that a caller must name; none for `*`."""


def tagged(view: BaseModel, version: int) -> Response:
    """Answer with a view and its ETag, not to be kept by any cache unasked."""
    headers = {"etag": f'"v{version}"', "cache-control": "no-cache"}
    return JSONResponse(view.model_dump(mode="json"), headers=headers)
