# SPDX-License-Identifier: EUPL-1.2
"""What must hold before a service takes requests; workers report, `/ready` answers."""

from __future__ import annotations

from collections.abc import Mapping


class Readiness:
    """Named conditions, none of which holds until somebody says so."""

    def __init__(self, *conditions: str) -> None:
        self._missing: dict[str, str] = dict.fromkeys(conditions, "not reported yet")

    def set(self, condition: str) -> None:
        """Note that a condition holds."""
        self._missing.pop(condition, None)

    def clear(self, condition: str, reason: str) -> None:
        """Note that a condition does not hold, and why; the reason is public."""
        self._missing[condition] = reason

    @property
    def missing(self) -> Mapping[str, str]:
        """The conditions that do not hold, each with its reason."""
        return dict(self._missing)

    @property
    def is_ready(self) -> bool:
        """Whether all conditions hold."""
        return not self._missing
