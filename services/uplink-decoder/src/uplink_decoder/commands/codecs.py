# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt codecs`: lists, uploads, activates, tries and imports codecs."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

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
from stadttakt_runtime.database import Database
from uplink_decoder.codec_library.proof import Proof, prove
from uplink_decoder.codec_library.public_repository import CODEC_ID
from uplink_decoder.codec_library.submission import Submission
from uplink_decoder.codec_library.trying import try_codec
from uplink_decoder.codec_library.yaml_form import FormError, read_yaml
from uplink_decoder.codecs.mapping import parse_mapping
from uplink_decoder.codecs.model import Frame
from uplink_decoder.codecs.registry import NATIVE_CODECS
from uplink_decoder.codecs.vectors import Vector, VectorError, check_json, read_bytes, read_vectors
from uplink_decoder.commands.codecs_import import import_command
from uplink_decoder.commands.running import BY, with_database
from uplink_decoder.javascript.answers import ScriptError
from uplink_decoder.javascript.process import ScriptProcess
from uplink_decoder.storage import codecs as storage

app = typer.Typer(help="Codecs: vendors' payload formatters.", no_args_is_help=True)
app.command("import")(import_command)

ALL = 1_000_000
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]
OptionalFile = Annotated[Path | None, typer.Option(exists=True, dir_okay=False)]
Version = Annotated[int | None, typer.Option(min=1, max=2**31 - 1)]


@app.command("list")
def list_command(database_url: DatabaseUrl, *, as_json: AsJson = False) -> None:
    """List native and stored codecs."""

    async def read(database: Database) -> list[Any]:
        async with database.connection() as connection:
            return await storage.list_codecs(connection, after="", limit=ALL)

    stored = [dict(row) for row in with_database(database_url, read)]
    native = [
        {
            "codec_id": each.codec_id,
            "language": "native",
            "maker": each.maker,
            "model": each.model,
            "active_version": each.version,
            "newest_version": each.version,
            "vectors_passed": None,
            "vectors_failed": None,
        }
        for each in NATIVE_CODECS.values()
    ]
    found = sorted([*stored, *native], key=lambda each: str(each["codec_id"]))
    if as_json:
        print_json(found)
        return
    rows = [_row(each) for each in found]
    headings = ("codec", "language", "maker", "model", "active", "newest", "vectors")
    print_table(headings, rows, whole=("codec",))


@app.command()
def show(database_url: DatabaseUrl, codec_id: str, *, version: Version = None) -> None:
    """Print the source of a version, the newest if none is named."""

    async def read(database: Database) -> Any:
        async with database.connection() as connection:
            return await storage.get_version(connection, codec_id, version)

    if codec_id in NATIVE_CODECS:
        raise fail(f"{codec_id} is native; its source is part of this build")
    row = with_database(database_url, read)
    if row is None:
        raise fail(f"there is no such version of a codec {escape(codec_id)}")
    err.print(
        f"{codec_id} version {row['version']}{' (active)' if row['active'] else ''},"
        f" {row['vectors_passed']} vectors passed, {row['vectors_failed']} failed",
        markup=False,
    )
    typer.echo(row["source"])


@app.command()
def versions(database_url: DatabaseUrl, codec_id: str, *, as_json: AsJson = False) -> None:
    """List the versions of a codec, the newest first."""

    async def read(database: Database) -> list[Any]:
        async with database.connection() as connection:
            return await storage.list_versions(
                connection, codec_id=codec_id, before=2**31 - 1, limit=ALL
            )

    if codec_id in NATIVE_CODECS:
        raise fail(f"{codec_id} is native and has one version")
    found = [dict(row) for row in with_database(database_url, read)]
    if not found:
        raise fail(f"there is no codec {escape(codec_id)}")
    if as_json:
        print_json([{**each, "mapping": each["mapping"] is not None} for each in found])
        return
    rows = [
        (
            str(each["version"]),
            "[green]active[/green]" if each["active"] else "",
            f"{each['created_at']:%Y-%m-%d %H:%M}",
            escape(each["created_by"]),
            "yes" if each["stateless"] else "no",
            "no" if each["mapping"] is None else "yes",
            _vectors_shown(each),
        )
        for each in found
    ]
    head = ("version", "", "stored (UTC)", "by", "stateless", "mapping", "vectors")
    print_table(head, rows)


@app.command()
def upload(  # noqa: PLR0913 (a command's options)
    database_url: DatabaseUrl,
    codec_id: str,
    source: File,
    *,
    vectors: OptionalFile = None,
    mapping: OptionalFile = None,
    maker: Annotated[str, typer.Option()] = "",
    model: Annotated[str, typer.Option()] = "",
    stateless: Annotated[
        bool, typer.Option("--stateless", help="the script keeps nothing between uplinks")
    ] = False,
    accept_failures: Annotated[
        bool, typer.Option("--accept-failures", help="store it although vectors fail")
    ] = False,
) -> None:
    """Upload a codec after running its vectors; the first version decodes at once."""
    if codec_id in NATIVE_CODECS:
        raise fail(f"{codec_id} is native; choose another id")
    if not CODEC_ID.fullmatch(codec_id):
        raise fail("a codec id is of lower-case letters, digits, dots, hyphens and underscores")
    submission = Submission(
        codec_id=codec_id,
        source=_text(source),
        vectors=_vectors(vectors),
        mapping=_mapping(mapping),
        stateless=stateless,
        maker=maker[:200],
        model=model[:200],
    )
    proof = _prove(submission.source, submission.vectors)
    _show_failures(proof)
    if proof.failed and not accept_failures:
        raise fail(f"{proof.failed} of {len(submission.vectors)} vectors failed; nothing is stored")

    async def store(database: Database) -> storage.Added:
        new = submission.version(proof, by=BY)
        return await database.persist(lambda connection: storage.add_version(connection, new))

    added = with_database(database_url, store)
    what = "stored" if added.is_new_version else "is there already"
    out.print(
        f"{codec_id} version {added.version} {what}, {proof.passed} vectors passed", markup=False
    )
    if added.is_new_version and not added.is_new_codec:
        out.print(
            f"it decodes after: stadttakt codecs activate {codec_id} {added.version}", markup=False
        )


@app.command()
def activate(
    database_url: DatabaseUrl,
    codec_id: str,
    version: Annotated[int, typer.Argument(min=1, max=2**31 - 1)],
) -> None:
    """Let a version decode, an older one to roll back; running decoders follow in seconds."""

    async def change(database: Database) -> bool:
        return await database.persist(
            lambda connection: storage.activate(connection, codec_id, version, by=BY)
        )

    if codec_id in NATIVE_CODECS:
        raise fail(f"{codec_id} is native and has one version")
    if not with_database(database_url, change):
        raise fail(f"there is no version {version} of a codec {escape(codec_id)}")
    out.print(f"{codec_id} decodes with version {version}", markup=False)


@app.command("try")
def try_command(
    database_url: DatabaseUrl,
    codec_id: str,
    f_port: Annotated[int, typer.Argument(min=0, max=255)],
    payload: Annotated[str, typer.Argument(help="hexadecimal digits or base64")],
    *,
    version: Version = None,
    recv_time: Annotated[datetime | None, typer.Option(help="UTC; now if omitted")] = None,
) -> None:
    """Decode one payload and print what comes of it; nothing is stored."""

    async def read(database: Database) -> Any:
        async with database.connection() as connection:
            return await storage.read_version(connection, codec_id, version)

    codec = with_database(database_url, read)
    if codec is None:
        raise fail(f"there is no such version of a codec {escape(codec_id)}")
    received = utc_now() if recv_time is None else recv_time.replace(tzinfo=utc_now().tzinfo)
    with one_line(VectorError):
        frame = Frame(f_port, read_bytes(payload, "payload"), received)
    tried = asyncio.run(try_codec(codec, frame))
    print_json(
        {
            "data": tried.data,
            "warnings": tried.warnings,
            "errors": tried.errors,
            "codec_version": codec.version,
            "readings": tried.readings,
        }
    )
    if tried.errors:
        raise typer.Exit(1)


@app.command()
def test(
    source: File,
    vectors: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
) -> None:
    """Run a script on a file of vectors (JSON or YAML 1.2) without storing anything."""
    proof = _prove(_text(source), _vectors(vectors))
    _show_failures(proof)
    out.print(f"{proof.passed} vectors passed, {proof.failed} failed", markup=False)
    if proof.failed:
        raise typer.Exit(1)


def _vectors_shown(each: dict[str, Any]) -> str:
    failed = each["vectors_failed"]
    if failed is None:
        return "-"
    total = each["vectors_passed"] + failed
    return f"[red]{failed} of {total} failed[/red]" if failed else f"{total} passed"


def _row(each: dict[str, Any]) -> tuple[str, ...]:
    return (
        each["codec_id"],
        each["language"],
        escape(each["maker"]),
        escape(each["model"][:40]),
        str(each["active_version"]),
        str(each["newest_version"]),
        _vectors_shown(each),
    )


def _prove(source: str, vectors: list[Vector] | Any) -> Proof:
    async def run() -> Proof:
        async with ScriptProcess() as process:
            return await prove(process, source, vectors)

    try:
        return asyncio.run(run())
    except ScriptError as error:
        raise fail(f"the codec cannot be run: {escape(str(error))}") from error


def _show_failures(proof: Proof) -> None:
    for failure in proof.failures:
        name = failure.vector.description or f"vector {failure.index}"
        err.print(f"[red]failed[/red] {escape(name)}: {escape('; '.join(failure.difference))}")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise fail(f"{escape(str(file))} is not UTF-8") from error


def _vectors(file: Path | None) -> list[Vector]:
    if file is None:
        return []
    try:
        return read_vectors(read_yaml(_text(file)))
    except (FormError, VectorError) as error:
        raise fail(f"{escape(str(file))}: {escape(str(error))}") from error


def _mapping(file: Path | None) -> dict[str, Any] | None:
    if file is None:
        return None
    try:
        document = json.loads(_text(file))
        check_json(document)
        parse_mapping(document)
    except (ValueError, RecursionError) as error:
        raise fail(f"{escape(str(file))}: {escape(str(error))}") from error
    checked: dict[str, Any] = document
    return checked
