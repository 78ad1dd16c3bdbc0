# SPDX-License-Identifier: EUPL-1.2
"""Brings many codecs into the registry: proves what is new, stores what passes, tells of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import Any

from stadttakt_runtime.database import Database
from uplink_decoder.codec_library.proof import Failure, Proof, prove
from uplink_decoder.codec_library.public_repository import PublicCodec
from uplink_decoder.codecs.registry import NATIVE_CODECS
from uplink_decoder.javascript.answers import ScriptError
from uplink_decoder.javascript.process import ScriptProcess
from uplink_decoder.storage import codecs as storage

PROCESSES = 2
Contents = Mapping[tuple[str, bytes], tuple[int, int, int]]


class Outcome(StrEnum):
    """What became of one codec file."""

    IMPORTED = "imported"
    NEW_VERSION = "new_version"
    UNCHANGED = "unchanged"
    VECTORS_FAILED = "vectors_failed"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class Imported:
    """One codec file with its outcome; `failures` are the vectors that failed."""

    codec: PublicCodec
    outcome: Outcome
    version: int | None = None
    passed: int = 0
    failed: int = 0
    failures: tuple[Failure, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to import; a dry run stores nothing."""

    by: str
    accept_failures: bool = False
    activate: bool = False
    dry_run: bool = False


async def import_codecs(
    database: Database,
    codecs: Iterable[PublicCodec],
    options: ImportOptions,
    tell: Callable[[Imported], None],
) -> list[Imported]:
    """Import codec after codec and `tell` of each; stored content is not run again."""
    async with database.connection() as connection:
        known = await storage.known_contents(connection)
    done: list[Imported] = []
    files: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        processes = [await stack.enter_async_context(ScriptProcess()) for _ in range(PROCESSES)]
        for batch in _batches(codecs, PROCESSES):
            proofs = (
                _prove(process, _distinct(codec, files), known)
                for process, codec in zip(processes, batch, strict=False)
            )
            for found in await asyncio.gather(*proofs):
                imported = await _store(database, found, options)
                tell(imported)
                done.append(imported)
    return done


def _distinct(codec: PublicCodec, files: dict[str, str]) -> PublicCodec:
    """Return the codec, or why not: an id that is native, or that another file has taken."""
    first = files.setdefault(codec.codec_id, codec.file)
    problem = ""
    if codec.codec_id in NATIVE_CODECS:
        problem = "this codec id is native"
    elif first != codec.file:
        problem = f"its codec id is that of {first}"
    return replace(codec, submission=None, problem=problem) if problem else codec


async def _prove(process: ScriptProcess, codec: PublicCodec, known: Contents) -> Imported:
    """Run the vectors of a codec that is not stored yet."""
    submission = codec.submission
    if submission is None:
        return Imported(codec, Outcome.UNUSABLE, failed=codec.vectors, detail=codec.problem)
    stored = known.get((codec.codec_id, submission.sha256))
    if stored is not None:
        version, passed, failed = stored
        return Imported(codec, Outcome.UNCHANGED, version, passed, failed)
    try:
        proof = await prove(process, submission.source, submission.vectors)
    except ScriptError as error:
        detail = f"does not load: {error}"
        return Imported(codec, Outcome.UNUSABLE, failed=codec.vectors, detail=detail)
    outcome = Outcome.VECTORS_FAILED if proof.failed else Outcome.IMPORTED
    return Imported(codec, outcome, None, proof.passed, proof.failed, tuple(proof.failures))


async def _store(database: Database, found: Imported, options: ImportOptions) -> Imported:
    submission = found.codec.submission
    wanted = found.outcome is Outcome.IMPORTED or (
        found.outcome is Outcome.VECTORS_FAILED and options.accept_failures
    )
    if submission is None or not wanted or options.dry_run:
        return found
    new = submission.version(Proof(found.passed, found.failures), by=options.by)

    async def store(connection: Any) -> storage.Added:
        added = await storage.add_version(connection, new)
        if options.activate:
            await storage.activate(connection, new.codec_id, added.version, by=options.by)
        return added

    added = await database.persist(store)
    outcome = Outcome.IMPORTED if added.is_new_codec else Outcome.NEW_VERSION
    return replace(found, outcome=outcome, version=added.version)


def _batches(codecs: Iterable[PublicCodec], size: int) -> Iterator[list[PublicCodec]]:
    rest = iter(codecs)
    while batch := list(islice(rest, size)):
        yield batch
