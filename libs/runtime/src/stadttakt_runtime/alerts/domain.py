# SPDX-License-Identifier: EUPL-1.2
"""What an alert is and which change a condition makes to it; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from stadttakt_messages.notices import AlertText, Detail, Severity

__all__ = ["Changes", "Condition", "Severity", "compare", "plain_id"]

_FOREIGN = re.compile(r"[^A-Za-z0-9._:-]")
MAX_ID = 128


class Key(NamedTuple):
    """What an alert is known by: its kind and what it is about."""

    kind: str
    alert_id: str


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that wants attention now.

    Texts and details say what stays true while it lasts: each change of them is published, so
    that a running clock in a text would publish at every look. `simulated` marks what stems from
    simulated sources only.
    """

    kind: str
    alert_id: str
    severity: Severity
    text: AlertText
    details: Mapping[str, Detail] = field(default_factory=dict)
    simulated: bool = False

    @property
    def key(self) -> Key:
        """Return what the alert is known by."""
        return Key(self.kind, self.alert_id)


@dataclass(frozen=True, slots=True)
class Changes:
    """What brings the open alerts in line with the present conditions."""

    raised: tuple[Condition, ...] = ()
    renewed: tuple[Condition, ...] = ()
    cleared: tuple[Key, ...] = ()


def compare(open_alerts: Iterable[Condition], present: Iterable[Condition]) -> Changes:
    """Return which conditions to raise, which to renew and which alerts to clear.

    A condition that is open with other severity, text or details is renewed: same alert, same
    beginning. Of two conditions with one key the later counts.
    """
    before = {condition.key: condition for condition in open_alerts}
    now = {condition.key: condition for condition in present}
    return Changes(
        raised=tuple(condition for key, condition in now.items() if key not in before),
        renewed=tuple(
            condition for key, condition in now.items() if before.get(key, condition) != condition
        ),
        cleared=tuple(key for key in before if key not in now),
    )


def plain_id(text: str) -> str:
    """Return a text as an alert's id: one topic level of at most 128 harmless characters.

    `/` becomes `:`; where that is not enough, a digest keeps different texts apart.
    """
    candidate = text.replace("/", ":")
    plain = _FOREIGN.sub("_", candidate)
    if plain == candidate and 0 < len(plain) <= MAX_ID:
        return plain
    digest = blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()
    return f"{plain[: MAX_ID - 17]}-{digest}"
