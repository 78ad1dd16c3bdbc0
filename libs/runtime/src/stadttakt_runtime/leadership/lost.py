# SPDX-License-Identifier: EUPL-1.2
"""What an instance is told that leads no longer."""

from __future__ import annotations

from stadttakt_runtime.errors import OperatorError


class LeadershipLostError(OperatorError):
    """Another instance leads; this one must end, and starts again as the standby."""
