# SPDX-License-Identifier: EUPL-1.2
"""The folder that `stadttakt setup` keeps: the broker's files, and a secret per login; run again, it keeps secrets."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from stadttakt_messages.topics import Topics
from stadttakt_runtime.broker_access.city_file import read_users
from stadttakt_runtime.broker_access.grants import (
    Grant,
    acl_text,
    merged,
    public_reads,
    service_grants,
    simulator_grant,
)
from stadttakt_runtime.broker_access.passwords import (
    kept_secret,
    write_password_file,
    write_whole,
)
from stadttakt_runtime.plugins import BrokerAccess, CityError


def all_grants(
    city: Path, accesses: Sequence[BrokerAccess], topics: Topics, *, with_simulator: bool
) -> list[Grant]:
    """Return everybody's rights: the services', the city's sources' and its own logins'.

    Raises CityError where a login of the city bears another's name.
    """
    services = service_grants(topics)
    sources = [grant for access in accesses for grant in access(city, topics)]
    own = read_users(city, topics, {grant.user for grant in sources})
    everybody = [*services, *sources, *own]
    if with_simulator:
        everybody.append(simulator_grant(topics, sources))
    return merged(everybody)


def check_users(city: Path, accesses: Sequence[BrokerAccess], topics: Topics) -> list[str]:
    """Return what is to be told of the city's own logins; raises CityError as `all_grants` does."""
    sources: set[str] = set()
    for access in accesses:
        # what is wrong with sources is told by the checks of the services that read them
        with suppress(CityError):
            sources |= {grant.user for grant in access(city, topics)}
    return [f"{len(read_users(city, topics, sources))} logins of the city's own at the broker"]


def kept_session(secrets: Path, login: str) -> str | None:
    """Return the secret in the client ids of a service, drawn together with its first URL.

    None in an installation of before: another id is another session, and what waits in the old one
    has to come along (docs/how-to/broker-access.md).
    """
    file = secrets / f"mqtt-session.{login}"
    if not file.exists() and (secrets / f"mqtt-url.{login}").exists():
        return None
    return kept_secret(file)


def write_access(folder: Path, topics: Topics, grants: Sequence[Grant]) -> dict[str, str]:
    """Write the broker's two files and return each login's password."""
    passwords = {
        grant.user: kept_secret(folder / "secrets" / f"mqtt-password.{grant.user}")
        for grant in grants
    }
    write_password_file(folder / "broker/passwords", passwords.items())
    write_whole(folder / "broker/access.acl", acl_text(public_reads(topics), grants))
    return passwords
