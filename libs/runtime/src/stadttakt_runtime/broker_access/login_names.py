# SPDX-License-Identifier: EUPL-1.2
"""Which names the logins of a city may bear: rights of one name add up, so the platform's own are taken."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from stadttakt_messages.topics import Topics
from stadttakt_runtime.broker_access.grants import SIMULATOR, service_grants

_TAKEN = frozenset([SIMULATOR, *(grant.user for grant in service_grants(Topics()))])


def _free(name: str) -> str:
    if name in _TAKEN:
        raise ValueError(f"the login {name} is a service's or the simulator's")
    return name


SourceId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,60}$"), AfterValidator(_free)]
UserName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$"), AfterValidator(_free)
]
