# SPDX-License-Identifier: EUPL-1.2
"""Which source owns a message: by its topic or by its webhook's secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hmac import compare_digest

from stadttakt_runtime.errors import OperatorError
from uplink_decoder.domain.ledger import Account, topic_class
from uplink_decoder.sources.model import Source

REMEMBERED_TOPICS = 32_768
OBSERVATION = "observation"
"""The event of what partners publish themselves."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A message's source with what its topic says of application, device and kind.

    `via` is how it came in, if not over a broker: `webhook`, `backfill`, `http`, `import`.
    """

    source: Source
    application: str | None
    device: str | None
    event: str
    via: str = ""
    account: Account = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Find the account once, since origins are remembered by topic."""
        name = topic_class(self.event)
        account = Account(self.source.source_id, f"{self.via}/{name}" if self.via else name)
        object.__setattr__(self, "account", account)


class OwnTopicsError(OperatorError):
    """A source would take in again what the platform itself publishes."""


class SourceTable:
    """Finds the source of a topic or of a webhook's secret; the first that matches owns it."""

    def __init__(self, sources: Sequence[Source], *, stranger: Source | None = None) -> None:
        self.sources = tuple(sources)
        self.stranger = stranger or Source(source_id="stranger", dialect="chirpstack")
        # A device's topics are always the same few.
        self._remembered = lru_cache(REMEMBERED_TOPICS)(self._find)
        self._filters = [
            (topic_filter.split("/"), source)
            for source in sources
            for topic_filter in source.topics
        ]

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The topic filters of all sources, without those that a wider one covers.

        A broker may deliver a message once for each filter that matches (MQTT 5, 3.3.4).
        """
        filters = list(dict.fromkeys(topic for source in self.sources for topic in source.topics))
        return tuple(
            topic
            for topic in filters
            if not any(
                other != topic and _covers(other.split("/"), topic.split("/")) for other in filters
            )
        )

    @cached_property
    def at_platform(self) -> SourceTable:
        """The sources that come over the platform's own broker."""
        return SourceTable([source for source in self.sources if not source.has_own_broker])

    def of_stored(self, source_id: str, topic: str) -> Origin | None:
        """Return whose message a stored one is today.

        What came by a partner's broker stays that partner's, whose topics may be anybody's else;
        the others are found by their topic, as at the platform's broker.
        """
        for source in self.sources:
            if source.source_id == source_id and source.has_own_broker:
                return SourceTable([source]).of_topic(topic) or Origin(source, None, None, "")
        return self.at_platform.of_topic(topic)

    def refuse_own_topics(self, root: str) -> None:
        """Refuse sources of observations whose filters match what is published below `root`.

        Raises:
            OwnTopicsError: names source and filter.

        """
        own = [*root.split("/"), "observation", "#"]
        for source in self.at_platform.sources:
            for topic in source.topics if source.dialect == "canonical" else ():
                if _overlap(topic.split("/"), own):
                    raise OwnTopicsError(
                        f"sources.yaml: {source.source_id}: {topic} takes in what the platform"
                        f" publishes itself; give the partner a prefix of its own"
                    )

    def of_topic(self, topic: str) -> Origin | None:
        """Return whose message this is and what it says; nothing for a stranger's topic."""
        return self._remembered(topic)

    def _find(self, topic: str) -> Origin | None:
        levels = topic.split("/")
        for pattern, source in self._filters:
            if _matches(pattern, levels):
                return _origin(source, levels)
        return None

    def of_secret(self, dialect: str, given: str, user: str | None = None) -> Source | None:
        """Return the webhook source with this secret, compared in constant time.

        `user` is that of Basic: a source that asks for one takes no other.
        """
        found = None
        for source in self.sources:
            secret = source.secret()
            if (
                source.dialect == dialect
                and secret
                and compare_digest(secret.encode(), given.encode())
                and user in {None, source.webhook_user or user}
            ):
                found = found or source
        return found


def _matches(pattern: Sequence[str], levels: Sequence[str]) -> bool:
    """Match topic levels against a filter (MQTT 5, section 4.7)."""
    for index, part in enumerate(pattern):
        if part == "#":
            return True
        if index >= len(levels) or part not in {"+", levels[index]}:
            return False
    return len(pattern) == len(levels)


def _overlap(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether some topic matches both filters."""
    for mine, theirs in zip(one, other, strict=False):
        if "#" in {mine, theirs}:
            return True
        if mine != theirs and "+" not in {mine, theirs}:
            return False
    # `a/#` matches `a` too (MQTT 5, 4.7.1.2).
    longer = max(one, other, key=len)
    rest = longer[min(len(one), len(other)) :]
    return not rest or rest == ["#"]


def _covers(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    """Tell whether a filter matches all that another one does; `+` is one level, `#` is many."""
    if narrow[-1] == "#" and "#" not in wide[: len(narrow)]:
        return False
    return _matches(wide, narrow)


def _origin(source: Source, levels: Sequence[str]) -> Origin:
    """Read application, device and kind off a topic; a configured prefix may stand before."""
    if source.dialect == "canonical":
        return Origin(source, None, None, OBSERVATION)
    marker = "device" if source.dialect == "chirpstack" else "devices"
    if marker not in levels[:-1]:
        return Origin(source, None, None, "up")
    place = levels.index(marker)
    rest = levels[place + 2 :]
    if source.dialect == "chirpstack":
        rest = rest[1:] if rest[:1] == ["event"] else rest
    return Origin(
        source,
        application=levels[place - 1] if place else None,
        device=levels[place + 1],
        event="/".join(rest) or "up",
    )
