# SPDX-License-Identifier: EUPL-1.2
"""Tries something in a process of its own: tells what kills from what was merely there when killed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

TRIAL_S = 10
LOOK_EVERY_S = 0.005


async def survives(work: Callable[[], object]) -> bool:
    """Run `work` in a forked process; tell whether it ended in order and within ten seconds.

    `work` must compute only: the fork shares sockets and has none of the other threads.
    """
    pid = os.fork()
    if pid == 0:
        _try(work)
    while (status := _status(pid)) is None:  # noqa: ASYNC110 (nobody tells of a fork's end)
        await asyncio.sleep(LOOK_EVERY_S)
    return status == 0


def _status(pid: int) -> int | None:
    ended, status = os.waitpid(pid, os.WNOHANG)
    return status if ended else None


def _try(work: Callable[[], object]) -> None:
    code = 1
    try:
        # By the kernel, so that neither an endless loop nor the parent's death keeps it alive.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(TRIAL_S)
        work()
        code = 0
    finally:
        os._exit(code)
