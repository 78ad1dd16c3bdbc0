# SPDX-License-Identifier: EUPL-1.2
"""Runs a service as it runs outside: its own process, its settings from the environment."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO

import httpx

from support.stack import free_ports

START_S = 60.0


def start(package: str, **settings: str) -> subprocess.Popen[str]:
    """Start a service's process with nothing in its environment but these settings; what it logs can be read."""
    return spawn(package, settings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def spawn(
    package: str,
    settings: Mapping[str, str],
    *,
    stdout: IO[bytes] | int | None = None,
    stderr: IO[bytes] | int | None = None,
) -> subprocess.Popen[str]:
    """Start a service's process with PATH and these settings alone; what it says goes where the caller's own goes, or there."""
    return subprocess.Popen(
        [sys.executable, "-m", package],
        env={"PATH": os.environ["PATH"], **settings},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        text=True,
    )


@contextmanager
def running(package: str, port: int | None = None, /, **settings: str) -> Iterator[httpx.Client]:
    """Yield a client of a running service; at the end it must leave by itself on SIGTERM."""
    port = port or free_ports(1)[0]
    process = start(package, STADTTAKT_HTTP_PORT=str(port), **settings)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
            wait_for(client, "/live", 200, process)
            yield client
        process.terminate()
        _, log = process.communicate(timeout=START_S)
        assert process.returncode == 0, log
    finally:
        process.kill()
        process.communicate()


@contextmanager
def running_together(
    services: Sequence[tuple[str, int, Mapping[str, str]]],
) -> Iterator[list[httpx.Client]]:
    """Yield clients of services (package, port, settings) that start at once; all must leave on SIGTERM."""
    started = [
        start(package, STADTTAKT_HTTP_PORT=str(port), **settings)
        for package, port, settings in services
    ]
    with ExitStack() as stack:
        for process in started:
            stack.callback(process.communicate)
            stack.callback(process.kill)
        clients = [
            stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30))
            for _, port, _ in services
        ]
        for client, process in zip(clients, started, strict=True):
            wait_for(client, "/live", 200, process, seconds=START_S * len(started))
        yield clients
        for process in started:
            process.terminate()
        for process in started:
            _, log = process.communicate(timeout=START_S)
            assert process.returncode == 0, log


def wait_for(
    client: httpx.Client,
    path: str,
    status: int,
    process: subprocess.Popen[str] | None = None,
    *,
    seconds: float = START_S,
) -> httpx.Response:
    """Ask until the answer has a status; fails after a minute, or when the process has ended."""
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            said = "\n".join(filter(None, process.communicate()))
            raise AssertionError(f"ended with {process.returncode}: {said}")
        try:
            answer = client.get(path)
        except httpx.TransportError as error:
            last = error
        else:
            last = answer.text
            if answer.status_code == status:
                return answer
        time.sleep(0.05)
    raise AssertionError(f"{path} did not answer {status}; last: {last}")
