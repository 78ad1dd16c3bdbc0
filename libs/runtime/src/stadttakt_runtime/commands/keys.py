# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt keys`: mints, lists and revokes API keys."""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import asyncpg
import typer
from rich.markup import escape

from stadttakt_runtime.auth import storage
from stadttakt_runtime.auth.api_key import ApiKey, StoredKey, mint, parse
from stadttakt_runtime.auth.scopes import ADMIN, SCOPES, Scope
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.commands.output import (
    AsJson,
    DatabaseUrl,
    err,
    fail,
    one_line,
    out,
    print_json,
    print_table,
)

T = TypeVar("T")
By = Annotated[
    str | None,
    typer.Option(help="who does it; where there is an account with a name, its name without this"),
]
app = typer.Typer(help="API keys.", no_args_is_help=True)


@app.command()
def create(
    database_url: DatabaseUrl,
    label: Annotated[str, typer.Option(help="whose key this is, for people")],
    scope: Annotated[list[str], typer.Option(help="what it may do; repeatable")],
    *,
    days: Annotated[int | None, typer.Option(min=1, help="valid for so many days")] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Mint a key and print it once; it cannot be shown again."""
    scopes = _known(scope)
    now, who = utc_now(), by or _somebody()
    expires_at = now + timedelta(days=days) if days else None
    key = mint()

    async def insert(connection: Any) -> None:
        await storage.insert_key(
            connection, key, scopes=scopes, label=label, created_at=now, expires_at=expires_at
        )
        await storage.note_creator(connection, key.key_id, who)

    _run(database_url, insert)
    if as_json:
        print_json({"key": str(key), "key_id": key.key_id, "expires_at": expires_at})
    else:
        err.print(f"key {key.key_id} for {label!r}; shown only now:", markup=False)
        typer.echo(str(key))


@app.command("list")
def list_keys(database_url: DatabaseUrl, *, as_json: AsJson = False) -> None:
    """List all keys, without their secrets."""
    keys = _run(database_url, storage.fetch_keys)
    if as_json:
        print_json([_public(key) for key in keys])
        return
    now = utc_now()
    rows = [
        (
            key.key_id,
            escape(key.label),
            ", ".join(sorted(key.scopes)),
            _day(key.created_at),
            _day(key.expires_at),
            _day(key.last_used_at),
            escape(key.created_by or "-"),
            "valid" if key.is_valid(now) else _ended(key),
        )
        for key in keys
    ]
    headings = ("id", "label", "scopes", "created", "expires", "last used", "by", "")
    print_table(headings, rows, whole=("id", "created", "expires", "last used"))


@app.command()
def revoke(database_url: DatabaseUrl, key_id: str, *, by: By = None) -> None:
    """Revoke a key; services forget it within ten seconds."""
    now, who = utc_now(), by or _somebody()
    if not _run(database_url, lambda c: storage.revoke_key(c, key_id, now, by=who)):
        raise fail(f"no unrevoked key has the id {key_id}")
    out.print(f"key {key_id} is revoked", markup=False)


@app.command("create-admin")
def create_admin(
    database_url: DatabaseUrl,
    file: Annotated[Path, typer.Option(help="where the key is kept, readable by you alone")],
) -> None:
    """Make sure that a file holds a valid administrator's key, and print the key."""
    typer.echo(str(_ensured(database_url, file, "administrator", [ADMIN])))


@app.command()
def keep(
    database_url: DatabaseUrl,
    file: Annotated[Path, typer.Option(help="where the key is kept, readable by you alone")],
    label: Annotated[str, typer.Option(help="whose key this is, for people")],
    scope: Annotated[list[str], typer.Option(help="what it may do; repeatable")],
) -> None:
    """Make sure that a file holds a valid key with these scopes; a lesser one in it is replaced, not revoked."""
    key = _ensured(database_url, file, label, _known(scope))
    err.print(f"{file}: key {key.key_id} for {label!r}", markup=False)


def _ensured(database_url: str, file: Path, label: str, scopes: list[Scope]) -> ApiKey:
    kept = _run(database_url, lambda connection: _kept(connection, _read(file), scopes))
    if kept is not None:
        return kept
    key = mint()
    _run(database_url, lambda connection: _store(connection, key, file, label, scopes))
    return key


def _read(file: Path) -> ApiKey | None:
    try:
        file.chmod(0o600)
        return parse(file.read_text().strip())
    except FileNotFoundError:
        return None


async def _kept(connection: Any, key: ApiKey | None, scopes: list[Scope]) -> ApiKey | None:
    """Return the key if the database still takes it as one with these scopes."""
    stored = await storage.fetch_key(connection, key.key_id) if key else None
    if key is None or stored is None or not stored.belongs_to(key):
        return None
    return key if stored.is_valid(utc_now()) and set(scopes) <= stored.scopes else None


async def _store(connection: Any, key: ApiKey, file: Path, label: str, scopes: list[Scope]) -> None:
    """Store the key and its file together: a file that cannot be written undoes the row."""
    await storage.insert_key(
        connection, key, scopes=scopes, label=label, created_at=utc_now(), expires_at=None
    )
    await storage.note_creator(connection, key.key_id, _account())
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{key.key_id}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(f"{key}\n")
    draft.replace(file)


def _somebody() -> str:
    account = _account()
    if account is None:
        raise fail('here nobody has a name; say who does it: --by "…"')
    return account


def _account() -> str | None:
    """Return whose account types here, also behind sudo; a container's user has no name."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return None


def _known(scopes: list[str]) -> list[Scope]:
    unknown = sorted(set(scopes) - SCOPES)
    if unknown:
        raise fail(f"no such scope: {', '.join(unknown)}; there are {', '.join(sorted(SCOPES))}")
    return cast("list[Scope]", scopes)


def _run(url: str, work: Callable[[Any], Awaitable[T]]) -> T:
    """Run `work` in one transaction as the role that owns the keys."""

    async def in_transaction() -> T:
        connection = await asyncpg.connect(url, timeout=10, server_settings={"role": "platform"})
        try:
            async with connection.transaction():
                return await work(connection)
        finally:
            await connection.close()

    with one_line(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        try:
            return asyncio.run(in_transaction())
        except (asyncpg.InvalidParameterValueError, asyncpg.UndefinedTableError) as error:
            raise fail("the database has no API keys yet; run: stadttakt migrate") from error
        except ConnectionError as error:
            raise fail(f"the database does not answer: {error}") from error


def _public(key: StoredKey) -> dict[str, Any]:
    names = (
        *("key_id", "label", "created_at", "expires_at", "revoked_at", "last_used_at"),
        *("created_by", "revoked_by"),
    )
    return {
        **{name: getattr(key, name) for name in names},
        "scopes": sorted(key.scopes),
        "valid": key.is_valid(utc_now()),
    }


def _ended(key: StoredKey) -> str:
    by = f" by {escape(key.revoked_by)}" if key.revoked_by else ""
    return f"[red]invalid[/red]{by}"


def _day(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
