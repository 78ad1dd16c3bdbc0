# SPDX-License-Identifier: EUPL-1.2
"""What keeps the local stack from running, told to a person; no recovery."""

from dataclasses import dataclass


@dataclass(eq=False)
class StackError(Exception):
    """Raised when something the stack needs is missing; says what and what to do about it."""

    missing: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.missing}\n{self.remedy}"
