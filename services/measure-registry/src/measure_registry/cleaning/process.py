# SPDX-License-Identifier: EUPL-1.2
"""Has a file made anew by a process of its own, and tells what ended that."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import cast

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
# One PDF and one picture at a time, for their memory; a PDF that takes long keeps no photo waiting.
_PDFS, _PICTURES = ThreadPoolExecutor(1, "pdf"), ThreadPoolExecutor(1, "picture")
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What making one file anew may take; memory is of addresses, some more than what is in use.

    The clock on the wall is the last resort: a starved machine gives CPU slowly.
    """

    cpu_s: int
    memory_bytes: int
    wall_s: float = 60.0


OF_PDFS = Limits(10, 320 * _MIB)
# Forty megapixels take 160 MB, turned twice that, and 16 bits of grey 400: up to 2.6 s.
OF_PICTURES = Limits(20, 640 * _MIB)


async def clean(content: bytes) -> Attachment:
    """Return a file made anew, when those of its kind that came before are done.

    Raises:
        AttachmentRefusedError: too large, of too many pixels, neither PDF nor PNG nor JPEG whatever
            its name says, broken, protected by a password, or too much work.

    """
    line, limits = (_PDFS, OF_PDFS) if kind_of(content) == PDF else (_PICTURES, OF_PICTURES)
    return await asyncio.get_running_loop().run_in_executor(line, cleaned_within, content, limits)


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
