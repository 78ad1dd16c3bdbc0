# SPDX-License-Identifier: EUPL-1.2
"""Has a file made anew by a process of its own, and tells what ended that."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Semaphore
from typing import ParamSpec, TypeVar, cast

from measure_registry.cleaning.kinds import (
    CLEANED,
    PDF,
    REFUSED,
    Attachment,
    AttachmentRefusedError,
    Why,
    kind_of,
)
from stadttakt_runtime.log import get_logger

COMMAND = (sys.executable, "-I", "-m", "measure_registry.cleaning.worker")
_MIB = 1024 * 1024
_KILLED_BY_LIMIT = {-signal.SIGXCPU, -signal.SIGKILL}
MOST_WAITING = 14
"""So many files of a kind wait for the one at work, those of five full forms with it; who comes then is asked to come again."""
log = get_logger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """What making one file anew may take; memory is of addresses, some more than what is in use.

    The clock on the wall is the last resort: a starved machine gives CPU slowly.
    """

    cpu_s: int
    memory_bytes: int
    wall_s: float = 30.0


class Line:
    """Work that is done one after the other, with room for so many who wait."""

    def __init__(self, name: str, most_waiting: int = MOST_WAITING) -> None:
        self._worker = ThreadPoolExecutor(1, name)
        self._room = Semaphore(1 + most_waiting)

    async def done(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Return what work amounts to, once all before it is done.

        Raises:
            AttachmentRefusedError: `busy`, as many wait as there is room for.

        """
        take_places([self])
        return await asyncio.wrap_future(self.begin(work, *args, **named))

    def take(self) -> bool:
        """Take a place for one piece of work, where there is room."""
        return self._room.acquire(blocking=False)

    def leave(self) -> None:
        """Give a place back that nothing was begun on."""
        self._room.release()

    def begin(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> Future[T]:
        """Let work begin on a place that was taken; its end, or its being cancelled, gives the place back."""
        begun = self._worker.submit(work, *args, **named)
        # also where whoever sent it is gone before its turn
        begun.add_done_callback(lambda _: self._room.release())
        return begun


def take_places(lines: Sequence[Line]) -> None:
    """Take a place in each line, or in none.

    Raises:
        AttachmentRefusedError: `busy`, as many wait as there is room for.

    """
    taken: list[Line] = []
    for line in lines:
        if not line.take():
            for each in taken:
                each.leave()
            log.warning("attachments_busy")
            raise AttachmentRefusedError("busy")
        taken.append(line)


# One PDF and one picture at a time, for their memory; a PDF that takes long keeps no photo waiting.
_PDFS, _PICTURES = Line("pdf"), Line("picture")
OF_PDFS = Limits(10, 320 * _MIB)
# Forty megapixels take 160 MB, turned twice that, and 16 bits of grey 400: up to 2.6 s.
OF_PICTURES = Limits(20, 640 * _MIB)


async def clean(content: bytes) -> Attachment:
    """Return a file made anew, when those of its kind that came before are done.

    Raises:
        AttachmentRefusedError: too large, of too many pixels, neither PDF nor PNG nor JPEG whatever
            its name says, broken, protected by a password, too much work, or one too many at this moment.

    """
    (begun,) = begin_cleaning([content])
    return await asyncio.wrap_future(begun)


def begin_cleaning(contents: Sequence[bytes]) -> list[Future[Attachment]]:
    """Let all files of a form be made anew, one after the other by kind; each ends as `clean` does.

    Raises AttachmentRefusedError `busy` where there is no room for all of them: then none is begun.
    """
    ways = [
        (_PDFS, OF_PDFS) if kind_of(each) == PDF else (_PICTURES, OF_PICTURES) for each in contents
    ]
    take_places([line for line, _ in ways])
    return [
        line.begin(cleaned_within, content, limits)
        for (line, limits), content in zip(ways, contents, strict=True)
    ]


def cleaned_within(content: bytes, limits: Limits) -> Attachment:
    """Return a file made anew, as `clean` does; blocking, for a thread."""
    command = [*COMMAND, str(limits.cpu_s), str(limits.memory_bytes)]
    try:
        # No environment: a file that broke out would find no password in it.
        ended = subprocess.run(  # noqa: S603  # our own program, with two numbers
            command,
            input=content,
            stdout=subprocess.PIPE,
            # which may quote what is in a file
            stderr=subprocess.DEVNULL,
            env={"TZ": "UTC", "LANG": "C.UTF-8"},
            timeout=limits.wall_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        log.warning("attachment_too_complex", bytes=len(content), status=None)
        raise AttachmentRefusedError("too_complex") from None
    return read_answer(ended.stdout, ended.returncode, sent_bytes=len(content))


def read_answer(answer: bytes, status: int, *, sent_bytes: int) -> Attachment:
    """Return what a process made; AttachmentRefusedError where it refused, failed or was ended."""
    told, _, made = answer.partition(b"\n")
    word, _, detail = told.decode("ascii", "replace").partition(" ")
    if status == 0 and word == CLEANED:
        return Attachment(detail, made)
    if status == 0 and word == REFUSED:
        raise AttachmentRefusedError(cast(Why, detail))
    if status in _KILLED_BY_LIMIT:
        log.warning("attachment_too_complex", bytes=sent_bytes, status=status)
        raise AttachmentRefusedError("too_complex")
    log.warning("attachment_not_cleaned", bytes=sent_bytes, error=detail, status=status)
    raise AttachmentRefusedError("not_a_file")
