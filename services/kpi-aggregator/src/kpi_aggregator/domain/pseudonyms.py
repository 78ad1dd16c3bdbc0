# SPDX-License-Identifier: EUPL-1.2
"""By what persons are told apart who enter and decide, and by nothing else: subjects may be addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from hmac import new as hmac

LETTERS = 32
PERSON = "oidc:"
_KEYED = re.compile(r"^oidc:[0-9a-f]{8}-[0-9a-f]{32}$")
_UNKEYED = re.compile(r"^oidc:[0-9a-f]{32}$")


def drawn_with(pseudonym: str) -> str | None:
    """Return the name of the key that a pseudonym was drawn with; none of those of no key."""
    return pseudonym[len(PERSON) :].partition("-")[0] if _KEYED.match(pseudonym) else None


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Draws pseudonyms with a secret key: who knows all subjects of a city cannot find them out.

    Without a key they are digests alone, which can be guessed; they were so before there was one.
    """

    key: bytes | None = None

    def of(self, subject: str) -> str:
        """Return the pseudonym of a person."""
        return self._keyed(_digest(subject))

    def former(self, subject: str) -> frozenset[str]:
        """Return as whom a person was kept before: by their subject, then by its digest."""
        return frozenset({f"{PERSON}{subject}", f"{PERSON}{_digest(subject)}"})

    def renewed(self, kept: str) -> str:
        """Return a pseudonym, or a subject that was kept once, as it is drawn now."""
        if not kept.startswith(PERSON) or _KEYED.match(kept):
            return kept
        name = kept.removeprefix(PERSON)
        return self._keyed(name if _UNKEYED.match(kept) else _digest(name))

    def _keyed(self, digest: str) -> str:
        if self.key is None:
            return f"{PERSON}{digest}"
        name = sha256(b"stadttakt kpi key\0" + self.key).hexdigest()[:8]
        return f"{PERSON}{name}-{hmac(self.key, digest.encode(), sha256).hexdigest()[:LETTERS]}"


def _digest(subject: str) -> str:
    return sha256(f"stadttakt kpi\0{subject}".encode()).hexdigest()[:LETTERS]
