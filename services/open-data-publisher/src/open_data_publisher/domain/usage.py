# SPDX-License-Identifier: EUPL-1.2
"""What is counted of a request, and what is not: no address, no cookie, no name of a program; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple


class Client(StrEnum):
    """What kind of program asks; nothing finer is kept."""

    BROWSER = "browser"
    APP = "app"
    SCRIPT = "script"
    ROBOT = "robot"
    OTHER = "other"


class Kind(StrEnum):
    """What kind of thing is asked for."""

    FEED = "feed"
    DATASET = "dataset"
    CATALOGUE = "catalogue"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked for: a feed or dataset by its id, a page by the pattern of its path."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Key:
    """One line of the statistics."""

    day: date
    subject: Subject
    client: Client


SLOT = timedelta(minutes=10)


class Slot(NamedTuple):
    """Ten minutes of a day of the city, of how many it has: a day on which clocks change has others."""

    day: date
    number: int
    slots: int


def slot_of(now: datetime, zone: tzinfo) -> Slot:
    """Return the slot that a moment lies in."""
    day = now.astimezone(zone).date()
    begin, end = (
        datetime.combine(each, time(), zone).astimezone(UTC)
        for each in (day, day + timedelta(days=1))
    )
    return Slot(day, (now - begin) // SLOT, (end - begin) // SLOT)


_RULES = (
    (
        Client.ROBOT,
        re.compile(r"bot\b|crawl|spider|slurp|monitor|uptime|health|probe", re.IGNORECASE),
    ),
    (
        Client.APP,
        re.compile(r"okhttp|cfnetwork|dart/|dalvik|alamofire|ktor|expo|reactnative", re.IGNORECASE),
    ),
    (Client.BROWSER, re.compile(r"^mozilla/", re.IGNORECASE)),
    (
        Client.SCRIPT,
        re.compile(
            r"curl|wget|python|httpx|aiohttp|requests|urllib|go-http|java|jersey|perl|ruby|php|guzzle"
            r"|node|undici|axios|postman|insomnia|powershell|apache|libwww|\br\b",
            re.IGNORECASE,
        ),
    ),
)
LONGEST_READ = 300


def client_of(user_agent: str) -> Client:
    """Return the kind of program behind a User-Agent; the text itself goes no further."""
    read = user_agent[:LONGEST_READ]
    return next((client for client, rule in _RULES if rule.search(read)), Client.OTHER)
