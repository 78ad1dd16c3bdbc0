# SPDX-License-Identifier: EUPL-1.2
"""What becomes of reports on their way: some get lost, some come twice, some late."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from stadttakt_simulators.transit.reports import AxleReport, DoorReport, Event, PresenceReport
from stadttakt_simulators.transit.vehicles import Errors


@dataclass(frozen=True, slots=True)
class Delivered:
    """A report that arrives at a time; its id stays the same when it comes again."""

    arrives_at: datetime
    event_id: str
    event: Event


def deliver(events: Iterable[Event], errors: Errors, *, seed: int) -> Iterator[Delivered]:
    """This function delivers one vehicle's events; sensors' messages suffer, the control centre's and truth do not."""
    rng: random.Random | None = None
    for number, event in enumerate(events):
        rng = rng or random.Random(f"{seed}/{event.vehicle_id}/delivery/{event.at}")
        event_id = f"sim-{event.vehicle_id}-{event.at:%Y%m%dT%H%M%S}-{number}"
        if not isinstance(event, DoorReport | PresenceReport | AxleReport):
            yield Delivered(event.at, event_id, event)
            continue
        if rng.random() < errors.loss:
            continue
        late = rng.random() < errors.late
        arrives = event.at + timedelta(seconds=rng.random() * errors.late_s if late else 0)
        yield Delivered(arrives, event_id, event)
        if rng.random() < errors.duplicate:
            yield Delivered(arrives + timedelta(seconds=rng.random() * 60), event_id, event)
