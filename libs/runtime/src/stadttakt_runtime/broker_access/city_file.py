# SPDX-License-Identifier: EUPL-1.2
"""Reads a city's `broker.yaml`: logins of the control centre, of fleets, of whoever else is let in."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from stadttakt_messages.topics import Topics
from stadttakt_runtime.broker_access.grants import (
    Grant,
    covers,
    operator_reads,
    partner_writes,
)
from stadttakt_runtime.broker_access.login_names import UserName
from stadttakt_runtime.city_files import Located, read_yaml_list
from stadttakt_runtime.mqtt.options import is_topic_filter

FILE = "broker.yaml"


class UserEntry(BaseModel):
    """One login; filters are below the topic root."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user: UserName
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


def read_users(city: Path, topics: Topics, sources: Collection[str]) -> list[Grant]:
    """Return the logins that a city gives beside those of its sources, none without the file.

    Raises CityError with file and line where one asks for more than the catalogue gives away, or bears another's name.
    """
    file = city / FILE
    if not file.exists():
        return []
    return [_grant(located, topics, sources) for located in read_yaml_list(file, "users")]


def _grant(located: Located, topics: Topics, sources: Collection[str]) -> Grant:
    entry = located.parse(UserEntry)
    if entry.user in sources:
        raise located.error(f"the login {entry.user} is a source's", ("user",))
    reads = _below_root(located, "reads", topics, operator_reads(topics))
    writes = _below_root(located, "writes", topics, partner_writes(topics))
    return Grant(entry.user, reads, writes)


def _below_root(
    located: Located, key: str, topics: Topics, allowed: tuple[str, ...]
) -> tuple[str, ...]:
    given: Any = located.fields.get(key, ())
    found = []
    for place, text in enumerate(given):
        topic = f"{topics.root}/{text}"
        if not is_topic_filter(topic):
            raise located.error(f"{key}: {text} is no MQTT topic filter", (key, place))
        # `input/#` is short for all topics of the catalogue below it.
        short = [one for one in allowed if covers(topic, one)]
        if short:
            found += short
        elif any(covers(one, topic) for one in allowed):
            found.append(topic)
        else:
            told = ", ".join(one.removeprefix(f"{topics.root}/") for one in allowed)
            raise located.error(
                f"{key}: {text} is nobody's to give; there are {told}", (key, place)
            )
    return tuple(dict.fromkeys(found))
