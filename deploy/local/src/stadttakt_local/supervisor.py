# SPDX-License-Identifier: EUPL-1.2
"""Runs programs under honcho: prefixed lines, logs, an order of stopping, a word on the first that ended."""

import ctypes
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from honcho.manager import Manager
from honcho.printer import Message, Printer

from stadttakt_local.process_table import parent_of
from stadttakt_local.programs import Program

_PR_SET_PDEATHSIG = 1
DRAIN_S = 60.0
"""More than a service takes to leave at most."""
FIRST_S = 5.0


class _LoggingPrinter(Printer):  # type: ignore[misc]  # honcho has no types
    """Prints lines as honcho does and keeps them: all in a file per program, the last ones for the end."""

    def __init__(self, output: TextIO, folder: Path) -> None:
        super().__init__(output)
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._files: dict[str, TextIO] = {}
        self._waiting: deque[Message] = deque()
        self._is_writing = False
        self.last: dict[str, deque[str]] = {}

    def write(self, message: Message) -> None:
        """Print a message and keep it."""
        self._waiting.append(message)
        # honcho prints in its signal handler too; a second write within a write would be an error.
        if self._is_writing:
            return
        self._is_writing = True
        while self._waiting:
            self._write(self._waiting.popleft())
        self._is_writing = False

    def _write(self, message: Message) -> None:
        super().write(message)
        data, name = message.data, message.name
        text = data.decode(errors="replace") if isinstance(data, bytes) else data
        if name not in self._files:
            self._files[name] = (self._folder / f"{name}.log").open("a", buffering=1)
            self.last[name] = deque(maxlen=12)
        self._files[name].write(text)
        self.last[name].append(text.rstrip("\n"))


class Supervisor(Manager):  # type: ignore[misc]  # honcho has no types
    """honcho's manager that stops some programs before the others and leaves the rest time to drain."""

    def __init__(
        self, printer: _LoggingPrinter, *, first_to_stop: str, when_started: Callable[[], None]
    ) -> None:
        super().__init__(printer)
        self._first_to_stop = first_to_stop
        self._when_started = when_started
        self.is_stopping = False
        self.first_ended: str | None = None

    def terminate(self) -> None:
        """Stop all programs: first the one that feeds the others, then those."""
        if self.is_stopping:
            return
        self.is_stopping = True
        self.first_ended = next((n for n, p in self._processes.items() if "returncode" in p), None)
        end = threading.Timer(DRAIN_S, super().kill)
        end.daemon = True
        end.start()
        self._stop_first()
        super().terminate()

    def kill(self) -> None:
        """Kill nothing yet: honcho asks for it after five seconds, which is too short for draining."""

    def _start(self) -> None:
        super()._start()
        threading.Thread(target=self._when_started, daemon=True).start()

    def _stop_first(self) -> None:
        process = self._processes.get(self._first_to_stop, {})
        pid = process.get("pid")
        if pid is None or "returncode" in process:
            return
        self._procmgr.terminate(pid)
        deadline = time.monotonic() + FIRST_S
        while parent_of(pid) is not None and time.monotonic() < deadline:
            time.sleep(0.05)


def supervise(
    programs: list[Program],
    environment: dict[str, str],
    *,
    output: TextIO,
    logs: Path,
    when_started: Callable[[Callable[[], bool]], None],
    first_to_stop: str = "simulator",
) -> tuple[int, str | None]:
    """Run programs until a signal or until one ends; return the exit status and a word on who ended."""
    os.register_at_fork(after_in_child=_die_with_parent)
    printer = _LoggingPrinter(output, logs)
    supervisor = Supervisor(
        printer,
        first_to_stop=first_to_stop,
        when_started=lambda: when_started(lambda: supervisor.is_stopping),
    )
    for program in programs:
        supervisor.add_process(
            program.name, program.shell_command, env=environment | program.environment
        )
    supervisor.loop()
    ended = supervisor.first_ended
    if ended is None:
        return 0, None
    lines = "\n".join(f"  {line}" for line in printer.last.get(ended, ()))
    return 1, f"{ended} ended by itself. Its last lines:\n{lines}"


def _die_with_parent() -> None:
    """Honcho puts a process between this one and each program; killed here, it must not live on there."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
