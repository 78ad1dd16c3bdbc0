# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt registry`: keys of contact data, requests for access and erasure."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from measure_registry.desk import access as opening
from measure_registry.desk import erasure
from measure_registry.sealing import KeyFileError, Vault, new_key
from measure_registry.storage import city, contacts
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.commands.output import DatabaseUrl, fail, one_line, out, print_json
from stadttakt_runtime.database import Database

T = TypeVar("T")
app = typer.Typer(
    help="Registry of ideas: contact data, their keys and erasure.", no_args_is_help=True
)
KeyFile = Annotated[
    Path,
    typer.Option(
        envvar="STADTTAKT_REGISTRY_CONTACT_KEY_FILE",
        exists=True,
        dir_okay=False,
        help="the file of keys that contact data are sealed with",
    ),
]


@app.callback()
def registry() -> None:
    """Registry of ideas."""


@app.command("new-key")
def new_key_command(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="is made, mode 600")],
    *,
    keep: Annotated[bool, typer.Option("--keep", help="one that is there is no error")] = False,
) -> None:
    """Make a file with a key for contact data; to change a key, put a new line before the old one."""
    if keep and file.exists():
        out.print(f"there already: {file}")
        return
    with one_line(OSError):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(new_key() + "\n")
    out.print(f"written: {file}; keep a copy elsewhere, without it contact data cannot be opened")


Ideas = Annotated[
    list[str] | None, typer.Option(help="an idea's id, instead of an address; repeatable")
]


@app.command()
def access(
    database_url: DatabaseUrl,
    key_file: KeyFile,
    idea: Ideas = None,
    files: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="a new folder for copies of attachments and scans"),
    ] = None,
) -> None:
    """Print all that is kept about an e-mail address, which is asked for, or with ideas (Art. 15 DSGVO)."""
    email = None if idea else _asked_email()
    with one_line(KeyFileError):
        vault = Vault.of_file(key_file)
        hashes = vault.address_hashes(email) if email else []
        found = _in_transaction(
            database_url,
            lambda c: opening.held(c, vault, idea or [], hashes, opening.asked_by(utc_now())),
        )
    if files is not None:
        with one_line(OSError):
            files.mkdir(mode=0o700)
            for each in found.files:
                (files / each.name).write_bytes(each.attachment.content)
    print_json(found.document)


@app.command()
def erase(
    database_url: DatabaseUrl,
    key_file: KeyFile,
    idea: Ideas = None,
    *,
    redact: Annotated[
        bool, typer.Option("--redact", help="also take what the person is called out of all texts")
    ] = False,
) -> None:
    """Delete contact data, attachments, saved forms and mails of an e-mail address; the ideas stay (Art. 17).

    Tells what texts of these ideas still seem to say of people, for staff to look at.
    """
    email = None if idea else _asked_email()
    with one_line(KeyFileError):
        vault = Vault.of_file(key_file)

        async def work(connection: Any) -> erasure.Erased:
            asked = erasure.Asked(idea or [])
            if email is not None:
                hashes = vault.address_hashes(email)
                rows = await contacts.by_address(connection, hashes)
                asked = erasure.Asked([each.idea_id for each in rows], hashes)
            return await erasure.erase(
                connection, asked, cause="on request", now=utc_now(), vault=vault, redact=redact
            )

        erased = _in_transaction(database_url, work)
    _tell(erased, redact=redact)


def _tell(erased: erasure.Erased, *, redact: bool) -> None:
    if erased.is_nothing:
        raise fail("no contact data were found")
    out.print(f"erased: {', '.join(erased.idea_ids)}")
    out.print(f"attachments deleted: {erased.attachments}")
    out.print(f"saved forms deleted: {erased.forms}")
    if redact:
        out.print(f"taken out of the texts of: {', '.join(erased.redacted) or 'none'}")
    for each in erased.found:
        finding = each.finding
        out.print(f"look at {each.idea_id}, {finding.where}: {finding.kind} {finding.text!r}")


@app.command("erase-due")
def erase_due(database_url: DatabaseUrl) -> None:
    """Delete now the contact data whose period is over; the running service does so every hour."""

    async def work(connection: Any) -> list[str]:
        known = await city.read(connection)
        return [] if known is None else await erasure.erase_due(connection, known, utc_now())

    out.print(f"erased: {', '.join(_in_transaction(database_url, work)) or 'nothing was due'}")


def _asked_email() -> str:
    email: str = typer.prompt("E-mail address", err=True).strip()
    if "@" not in email:
        raise fail("that is no e-mail address")
    return email


def _in_transaction(url: str, work: Callable[[Any], Awaitable[T]]) -> T:
    async def run() -> T:
        async with (
            Database.open(url, schema="registry", size=1) as database,
            database.transaction() as connection,
        ):
            return await work(connection)

    return asyncio.run(run())
