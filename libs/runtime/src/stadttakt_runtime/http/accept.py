# SPDX-License-Identifier: EUPL-1.2
"""Which of the forms of an answer a client likes best (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Form = TypeVar("Form")


def liked_best(accepted: str, form_of: Callable[[str], Form | None]) -> Form | None:
    """Return the form of the highest weight, the first of equals; none where none is taken.

    `form_of` tells what a media type or range in lower case stands for.
    """
    likes: list[tuple[float, int, Form]] = []
    for order, part in enumerate(accepted.split(",")):
        kind, *parameters = (each.strip().lower() for each in part.split(";"))
        found = form_of(kind)
        weight = _weight(parameters)
        if found is not None and weight > 0:
            likes.append((-weight, order, found))
    return min(likes, key=lambda like: like[:2])[2] if likes else None


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
