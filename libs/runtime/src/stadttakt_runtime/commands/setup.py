# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt setup`: draws the secrets of an installation and writes who may what at its broker."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlsplit

import typer

from stadttakt_messages.topics import DEFAULT_ROOT, Topics
from stadttakt_runtime import plugins
from stadttakt_runtime.broker_access.folder import all_grants, kept_session, write_access
from stadttakt_runtime.broker_access.grants import service_grants
from stadttakt_runtime.broker_access.passwords import kept_secret, write_whole
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.commands.output import fail, one_line, out
from stadttakt_runtime.database_certificate import keep_database_certificate
from stadttakt_runtime.migrations.logins import login_of
from stadttakt_runtime.plugins import CityError

DRAWN = (
    "database-password",
    "grafana-database-password",
    "grafana-password",
    "kpi-pseudonym-secret",
    "transit-publication-secret",
)
GIVEN = ("smtp-url", "oidc-client-secret", "oidc-roles")
"""What others give the city; empty until the operator puts it there."""
GRAFANA = {"grafana-password": "admin-password", "grafana-database-password": "database-password"}
"""What Grafana gets a copy of: it runs as a user of its own, who reads no other secret."""
HANDED_IN = ("deliveries", "sources", "signing")
"""Where the operator puts what platforms gave the city to deliver with, and the secrets that sources and signing keys name."""
METRICS = "metrics"
HELD_ELSEWHERE = {
    "database-password": ("secrets/database-url", "the database's owner"),
    "grafana-password": ("grafana/admin-password", "Grafana's administrator"),
}
"""What a server took over at its first start and does not read again; where the one it knows still stands, and whose it is."""


def setup_command(
    city: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="the city folder")],
    into: Annotated[Path, typer.Option(help="a folder that nobody else may read")],
    *,
    broker: Annotated[str, typer.Option(help="how services reach it")] = "mqtt://127.0.0.1:1893",
    database: Annotated[
        str | None, typer.Option(help="postgresql://user@host:port/name, without a password")
    ] = None,
    root: Annotated[str, typer.Option(help="of all topics")] = DEFAULT_ROOT,
    simulator: Annotated[bool, typer.Option(help="give the simulator a login")] = False,
) -> None:
    """Write secrets, the broker's logins and rights; run it again after the city has changed."""
    topics = Topics(root)
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    refuse_to_draw_anew(into)
    accesses = list(plugins.load(plugins.BROKER_ACCESS).values())
    with one_line(CityError, OSError, ValueError):
        grants = all_grants(city, accesses, topics, with_simulator=simulator)
        passwords = write_access(into, topics, grants)
        services = {grant.user for grant in service_grants(topics)}
        guessable = write_urls(into / "secrets", broker, passwords, services)
        for name in HANDED_IN:
            (into / name).mkdir(mode=0o700, exist_ok=True)
        (into / METRICS).mkdir(mode=0o755, exist_ok=True)
        drawn = {name: kept_secret(into / "secrets" / name) for name in DRAWN}
        for name, copy in GRAFANA.items():
            write_whole(into / "grafana" / copy, drawn[name], mode=0o600)
        for name in GIVEN:
            if not (into / "secrets" / name).exists():
                write_whole(into / "secrets" / name, "", mode=0o600)
        write_database(into / "secrets", database, drawn["database-password"])
        if database is not None:
            host = urlsplit(database).hostname or ""
            keep_database_certificate(into, host, utc_now())
    out.print(f"{len(passwords)} logins, secrets in {into}", markup=False)
    for name in guessable:
        out.print(
            f"the client id of {name} can be guessed: docs/how-to/broker-access.md#sessions",
            markup=False,
            soft_wrap=True,
        )
    for name in left_over(into / "secrets", passwords):
        out.print(
            f"of a login that is no more, may be removed: {name}", markup=False, soft_wrap=True
        )


def write_urls(
    secrets: Path, broker: str, passwords: Mapping[str, str], services: Collection[str]
) -> list[str]:
    """Write how each login reaches the broker; return the services whose sessions have no secret in their ids."""
    without = []
    for user, password in passwords.items():
        url = with_login(broker, user, password)
        if user in services:
            session = kept_session(secrets, user)
            if session is None:
                without.append(user)
            else:
                url += f"?session={session}"
        write_whole(secrets / f"mqtt-url.{user}", url, mode=0o600)
    return without


def refuse_to_draw_anew(folder: Path) -> None:
    """End the command where a server would go on with a secret that is no longer in the folder."""
    for name, (known, whose) in HELD_ELSEWHERE.items():
        if (folder / known).exists() and not (folder / "secrets" / name).exists():
            raise fail(
                f"secrets/{name} is gone, and {whose} keeps the one in {known}: put it back;"
                " how it is changed stands in docs/how-to/change-secrets.md"
            )


def left_over(secrets: Path, logins: Collection[str]) -> list[str]:
    """Return the files of logins at the broker that nobody has any more."""
    kinds = ("mqtt-password.", "mqtt-url.")
    return sorted(
        path.name
        for kind in kinds
        for path in secrets.glob(f"{kind}*")
        if path.name.removeprefix(kind) not in logins
    )


def write_database(secrets: Path, database: str | None, owner_password: str) -> None:
    """Draw each service's password, and write the owner's URL and theirs where the address is given."""
    passwords = {
        schema: kept_secret(secrets / f"database-password.{schema}")
        for schema in plugins.load(plugins.MIGRATIONS)
    }
    if database is None:
        return
    owner = urlsplit(database).username or "stadttakt"
    write_whole(secrets / "database-url", with_login(database, owner, owner_password), mode=0o600)
    for schema, password in passwords.items():
        url = with_login(database, login_of(schema), password)
        write_whole(secrets / f"database-url.{schema}", url, mode=0o600)


def with_login(url: str, user: str, password: str) -> str:
    """Return a URL with user and password in it; raises ValueError for one without a host."""
    parts = urlsplit(url)
    if not parts.scheme or not parts.hostname:
        raise ValueError(f"{url} has no host")
    port = f":{parts.port}" if parts.port else ""
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return parts._replace(netloc=f"{login}@{parts.hostname}{port}").geturl()
