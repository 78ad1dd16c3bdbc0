# SPDX-License-Identifier: EUPL-1.2
"""One active instance per service: an advisory lock says who, an epoch fences who was."""

from stadttakt_runtime.leadership.certainty import Certainty
from stadttakt_runtime.leadership.leader import Leadership
from stadttakt_runtime.leadership.lost import LeadershipLostError
from stadttakt_runtime.leadership.schema import leadership_table

__all__ = ["Certainty", "Leadership", "LeadershipLostError", "leadership_table"]
