# SPDX-License-Identifier: EUPL-1.2
"""The life of a program that runs from the private root: start, ready, stop, kill; knows no program."""

import os
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from stadttakt_local.errors import StackError
from stadttakt_local.layout import inside
from stadttakt_local.process_table import all_pids, parent_of, send, working_folder

_POLL_S = 0.02


class Server(ABC):
    """A program in the foreground of the root, as its own user, on 127.0.0.1, with its data in one folder.

    Its working folder is its data folder: that, not a pid, tells its processes from everyone else's,
    also after this process has been killed and another one looks for what it left behind. `environment`
    is what it is told at its next start besides; paths there are those that it sees inside the root.
    """

    name: ClassVar[str]
    user: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    # What the kernel sends when the parent dies: the quickest end that leaves nothing running.
    orphan_signal: ClassVar[signal.Signals]

    def __init__(self, root: Path, data_dir: Path, port: int) -> None:
        self.root = root
        self.data_dir = data_dir
        self.port = port
        self.environment: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """The URL a client connects to."""

    @property
    def workdir(self) -> Path:
        """The folder the program runs in and owns."""
        return self.data_dir / "work"

    @property
    def log_file(self) -> Path:
        """Where the program's output goes."""
        return self.data_dir / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """The pid of the started program, if this object started it."""
        return self._process.pid if self._process else None

    @abstractmethod
    def prepare(self) -> None:
        """Make the data folder ready for a start: new, used, or left by a crash."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return the program's command line as seen inside the root."""

    @abstractmethod
    def answers(self) -> bool:
        """Tell whether the program serves clients now."""

    def start(self, *, outlive_parent: bool = False) -> None:
        """Start the program without waiting for it; it dies with its parent unless told otherwise."""
        if self.processes():
            raise StackError(
                f"{self.name} is running already in {self.data_dir}.",
                "Stop it first (`make down`).",
            )
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.prepare()
        self._process = self.spawn(self.command(), outlive_parent=outlive_parent)

    def wait_ready(self, timeout_s: float = 60) -> None:
        """Wait until the program serves clients; recovery after a crash is part of the wait."""
        deadline = time.monotonic() + timeout_s
        while not self.answers():
            if self._process is None or self._process.poll() is not None:
                raise StackError(
                    f"{self.name} ended while starting: {self._last_lines()}",
                    f"See {self.log_file}.",
                )
            if time.monotonic() > deadline:
                raise StackError(
                    f"{self.name} is not ready after {timeout_s} s.", f"See {self.log_file}."
                )
            time.sleep(_POLL_S)

    def stop(self, timeout_s: float = 60) -> None:
        """End the program cleanly, also one that another process started; kill it after a time."""
        for pid in self._leaders():
            send(pid, self.stop_signal)
        if not self._gone_within(timeout_s):
            self.kill()
        self._reap()

    def kill(self) -> None:
        """Kill every process of the program at once, as a power cut would."""
        for pid in self._leaders():
            # A stopped parent forks no child that the next lines would miss.
            send(pid, signal.SIGSTOP)
        while pids := self.processes():
            for pid in pids:
                send(pid, signal.SIGKILL)
            self._reap()
        self._reap()

    def processes(self) -> list[int]:
        """Return the pids of all processes of this program on this data folder."""
        return [pid for pid in all_pids() if working_folder(pid) == self.workdir]

    def spawn(self, command: list[str], *, outlive_parent: bool = False) -> subprocess.Popen[bytes]:
        """Start a command in the root as the program's user, its output appended to the log."""
        # setpriv sets the signal after the change of user: the kernel forgets it at that change.
        orphan = (
            [] if outlive_parent else ["--pdeathsig", self.orphan_signal.name.removeprefix("SIG")]
        )
        confined = [
            "chroot",
            str(self.root),
            "env",
            "-i",
            f"--chdir={inside(self.root, self.workdir)}",
        ]
        settings = ["PATH=/usr/sbin:/usr/bin", "LC_ALL=C.UTF-8", "TZ=UTC"]
        drop = [
            "setpriv",
            f"--reuid={self.user}",
            f"--regid={self.user}",
            "--init-groups",
            *orphan,
            "--",
        ]
        # Told to the program alone: what it preloads must belong to its user.
        told = ["env", *(f"{name}={value}" for name, value in self.environment.items())]
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                [*confined, *settings, *drop, *told, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def own(self, path: Path) -> None:
        """Give a folder to the program's user."""
        passwd = (self.root / "etc/passwd").read_text().splitlines()
        entry = next(line.split(":") for line in passwd if line.startswith(f"{self.user}:"))
        os.chown(path, int(entry[2]), int(entry[3]))

    def remove_data(self) -> None:
        """Remove the data folder of a stopped program."""
        if self.data_dir.exists():
            shutil.rmtree(self.data_dir)

    def __enter__(self) -> Self:
        try:
            self.start()
            self.wait_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _leaders(self) -> list[int]:
        pids = self.processes()
        return [pid for pid in pids if parent_of(pid) not in pids]

    def _gone_within(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while self.processes():
            if time.monotonic() > deadline:
                return False
            self._reap()
            time.sleep(_POLL_S)
        return True

    def _reap(self) -> None:
        if self._process is None:
            return
        # A child that ends after it, as the broker's watcher of files does, sees it until it is reaped.
        self._process.poll()
        if not self.processes():
            self._process.wait()
            self._process = None

    def _last_lines(self) -> str:
        lines = (
            self.log_file.read_text(errors="replace").splitlines() if self.log_file.exists() else []
        )
        return " / ".join(lines[-3:])
