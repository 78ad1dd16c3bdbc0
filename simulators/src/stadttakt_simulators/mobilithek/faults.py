# SPDX-License-Identifier: EUPL-1.2
"""What the stand-in does wrong when asked to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

Certificate = Literal["right", "foreign"]


@dataclass
class Faults:
    """Faults of the next `times` requests, of all while it is null.

    `status` is answered instead; `wait_s` passes before an answer; `reset` breaks the connection
    off, `after` the request was taken or before; `flood` answers without an end.
    """

    status: int | None = None
    retry_after: int | None = None
    wait_s: float = 0.0
    reset: Literal["before", "after"] | None = None
    flood: bool = False
    times: int | None = None
    certificate: Certificate = "right"

    def take(self) -> Faults:
        """Return the faults of one request, and count it."""
        if self.times is None:
            return self
        if self.times <= 0:
            return Faults(certificate=self.certificate)
        self.times -= 1
        return self

    @classmethod
    def parse(cls, text: bytes) -> Faults:
        """Read faults from JSON.

        Raises:
            ValueError: that is no JSON, or a fault is unknown.

        """
        found = json.loads(text or b"{}")
        try:
            return cls(**found)
        except TypeError as error:
            raise ValueError("an unknown fault") from error
