# SPDX-License-Identifier: EUPL-1.2
"""Services as processes, started again whenever they end: what an orchestrator does."""

import signal
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from stadttakt_runtime.service import LEAVES_AT_MOST_S
from support.service import spawn, wait_for
from support.stack import free_ports

RESTART_AFTER_S = 0.2


class Service:
    """One service under supervision; `ends` are the exit codes of its processes so far."""

    def __init__(self, module: str, log_file: Path, **settings: str) -> None:
        (port,) = free_ports(1)
        self.address = f"http://127.0.0.1:{port}"
        self.http = httpx.Client(base_url=self.address, timeout=5)
        self.ends: list[int] = []
        self.log_file = log_file
        self._module = module
        self._settings = {"STADTTAKT_HTTP_PORT": str(port), **settings}
        self._process: subprocess.Popen[str] | None = None
        self._keeper: threading.Thread | None = None
        self._given_up = threading.Event()

    @property
    def pid(self) -> int:
        """The pid of the present process."""
        assert self._process is not None
        return self._process.pid

    @property
    def name(self) -> str:
        """The module that runs."""
        return self._module

    @property
    def is_alive(self) -> bool:
        """Whether the present process has not ended."""
        assert self._process is not None
        return self._process.poll() is None

    def start(self) -> None:
        """Start the process and keep it running."""
        self._given_up.clear()
        self._spawn()
        self._keeper = threading.Thread(target=self._keep, name=self._module)
        self._keeper.start()

    def kill(self) -> None:
        """Kill the present process, as the kernel does when memory is short."""
        assert self._process is not None
        self._process.kill()

    def stop(self) -> float:
        """End the service in order; returns how many seconds it took, its code stands in `ends`."""
        self._let_be()
        assert self._process is not None
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        self.ends.append(self._process.wait(LEAVES_AT_MOST_S))
        return time.monotonic() - began

    def wait_ready(self, within_s: float = 60) -> None:
        """Wait until `/ready` answers 200."""
        try:
            wait_for(self.http, "/ready", 200, seconds=within_s)
        except AssertionError as error:
            error.add_note(self.log_tail())
            raise

    def status(self, path: str) -> int | None:
        """Return the status of an answer, or nothing where nobody answers."""
        try:
            return self.http.get(path).status_code
        except httpx.TransportError:
            return None

    def resident_mb(self) -> float:
        """Return the resident memory of the present process (proc_pid_status(5), VmRSS)."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise AssertionError(f"{self._module} is not running")

    def log_tail(self, lines: int = 15) -> str:
        """Return the end of the log."""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])

    def _spawn(self) -> None:
        with self.log_file.open("ab") as log:
            self._process = spawn(self._module, self._settings, stdout=log, stderr=log)

    def _keep(self) -> None:
        while not self._given_up.wait(0.05):
            assert self._process is not None
            code = self._process.poll()
            if code is None:
                continue
            self.ends.append(code)
            if self._given_up.wait(RESTART_AFTER_S):
                return
            self._spawn()

    def _let_be(self) -> None:
        self._given_up.set()
        if self._keeper is not None:
            self._keeper.join()
            self._keeper = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._let_be()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.http.close()
