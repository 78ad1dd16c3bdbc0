# SPDX-License-Identifier: EUPL-1.2
"""Parameters of a request as an object of their own."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from fastapi import Depends


def made_of(kind: Callable[..., Any]) -> Any:
    """Return the dependency that makes an object of the parameters that its class names.

    FastAPI runs whatever is no coroutine in a thread, each time, also a class that only takes its arguments.
    """

    async def make(**given: Any) -> Any:
        return kind(**given)

    make.__signature__ = inspect.signature(kind, eval_str=True)  # type: ignore[attr-defined]
    return Depends(make)
