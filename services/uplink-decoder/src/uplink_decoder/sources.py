"""Where uplinks come from: the city's `sources.yaml` and which source owns a message."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hmac import compare_digest
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from stadttakt_runtime.plugins import CityError
from uplink_decoder.domain.ledger import Account, topic_class

REMEMBERED_TOPICS = 32_768


class Source(BaseModel):
    """One network server application, or several under a wildcard."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,60}$")]
    dialect: Literal["chirpstack", "tts"]
    broker: Literal["platform"] = "platform"
    topics: tuple[str, ...] = ()
    webhook_secret: str | None = None
    simulated: bool = False

    def secret(self) -> str | None:
        """Return the webhook's secret from the environment variable that the source names."""
        return os.environ.get(self.webhook_secret) if self.webhook_secret else None


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[Source, ...]


def read_sources(city: Path) -> tuple[Source, ...]:
    """Read a city's `sources.yaml`.

    Raises:
        CityError: absent, no YAML, an unknown key, or a wrong value.

    """
    path = city / "sources.yaml"
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _File.model_validate(document).sources
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CityError(path, str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CityError(path, f"{where}: {first['msg']}") from error


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


class SourceTable:
    """Finds the source of a topic or of a webhook's secret; the first that matches owns it."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = tuple(sources)
        self.stranger = Source(source_id="stranger", dialect="chirpstack")
        # A device's topics are always the same few.
        self._remembered = lru_cache(REMEMBERED_TOPICS)(self._find)
        self._filters = [
            (topic_filter.split("/"), source)
            for source in sources
            for topic_filter in source.topics
        ]

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The topic filters at the platform's broker, without those that a wider one covers.

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

    def of_topic(self, topic: str) -> Origin | None:
        """Return whose message this is and what it says; nothing for a stranger's topic."""
        return self._remembered(topic)

    def _find(self, topic: str) -> Origin | None:
        levels = topic.split("/")
        for pattern, source in self._filters:
            if _matches(pattern, levels):
                return _origin(source, levels)
        return None

    def of_secret(self, dialect: str, given: str) -> Source | None:
        """Return the webhook source with this secret, compared in constant time."""
        found = None
        for source in self.sources:
            secret = source.secret()
            if (
                source.dialect == dialect
                and secret
                and compare_digest(secret.encode(), given.encode())
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


def _covers(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    """Tell whether a filter matches all that another one does; `+` is one level, `#` is many."""
    if narrow[-1] == "#" and "#" not in wide[: len(narrow)]:
        return False
    return _matches(wide, narrow)


def _origin(source: Source, levels: Sequence[str]) -> Origin:
    """Read application, device and kind off a topic; a configured prefix may stand before."""
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
