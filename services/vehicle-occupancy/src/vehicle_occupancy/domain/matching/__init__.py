# SPDX-License-Identifier: EUPL-1.2
"""Which trip a vehicle drives, from where it is and when, against the timetable; pure.

Ask `Matcher.step` with each position in order; `MatchState.told` is the answer, None where two
trips are about as likely, or none fits. Decision 0043 says why it is so.
"""

from __future__ import annotations

from vehicle_occupancy.domain.matching.matcher import Matcher, MatchRules
from vehicle_occupancy.domain.matching.state import Candidate, Fix, MatchState, TripKey

__all__ = ["Candidate", "Fix", "MatchRules", "MatchState", "Matcher", "TripKey"]
