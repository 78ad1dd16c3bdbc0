# SPDX-License-Identifier: EUPL-1.2
"""A process: what ends it, what drains it, and what its log says then."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.service import wait_for
from support.stack import free_ports

PROGRAM = """
import asyncio, sys
from stadttakt_runtime.errors import OperatorError
from stadttakt_runtime.http.app import create_app
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime import process
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import periodic, run, serve
from stadttakt_runtime.settings import ServiceSettings

process.LEAVE_WITHIN_S = 2.0
settings = ServiceSettings()
say = lambda word: print(word, flush=True)

async def works(stop):
    say("works")
    await stop.wait()
    await asyncio.sleep(1)
    say("drained")

async def ends(stop):
    await asyncio.sleep(0.2)

async def fails(stop):
    await asyncio.sleep(0.2)
    raise ValueError("boom")

async def misses(stop):
    raise OperatorError("the key is missing: run this")

async def sticks(stop):
    await asyncio.Event().wait()

async def tick():
    say("tick")

async def main():
    if "awaits" in sys.argv:
        async with Database.open("postgresql://127.0.0.1:1/none", schema="kpi"):
            say("connected")
    await serve(settings, app, chosen)

workers = {"works": works, "ends": ends, "fails": fails, "misses": misses,
           "sticks": sticks, "awaits": sticks,
           "periodic": periodic("ticking", 0.05, tick)}
app = create_app(title="t", description="t", version="1", settings=settings, readiness=Readiness())
chosen = [workers[name] for name in sys.argv[1:]]
run("program", settings, main)
"""


class Program:
    """A process with a few workers, its output and its log."""

    def __init__(self, folder: Path, *workers: str, port: int, **settings: str) -> None:
        script = folder / "program.py"
        script.write_text(PROGRAM)
        environment = {"PATH": os.environ["PATH"], "STADTTAKT_HTTP_PORT": str(port), **settings}
        self.process = subprocess.Popen(
            [sys.executable, script, *workers],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.url = f"http://127.0.0.1:{port}"

    def end(self) -> tuple[int, str, list[dict[str, Any]]]:
        """Wait for the end; return code, output, and the lines of the log."""
        output, log = self.process.communicate(timeout=20)
        return self.process.returncode, output, [json.loads(line) for line in log.splitlines()]

    def wait_until_it_says(self, event: str) -> None:
        """Read its log until an event."""
        assert self.process.stderr is not None
        assert any(json.loads(line)["event"] == event for line in self.process.stderr)


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_signal_ends_who_waits_for_a_database_at_its_start(tmp_path: Path, port: int) -> None:
    program = Program(tmp_path, "awaits", port=port)
    program.wait_until_it_says("database_away")
    program.process.send_signal(signal.SIGTERM)
    code, output, log = program.end()
    assert (code, output) == (0, "")
    assert [line["event"] for line in log][-2:] == ["stopping", "stopped"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_drains_the_workers_while_health_still_answers(
    tmp_path: Path, port: int, number: signal.Signals
) -> None:
    program = Program(tmp_path, "works", port=port)
    with httpx.Client(base_url=program.url, timeout=5) as client:
        wait_for(client, "/live", 200, program.process)
        program.process.send_signal(number)
        time.sleep(0.4)
        assert client.get("/live").status_code == 200
    code, output, log = program.end()
    assert (code, output.split()) == (0, ["works", "drained"])
    own = [line["event"] for line in log if not line["logger"].startswith("uvicorn")]
    assert own == ["starting", "stopping", "stopped"]


def test_worker_that_does_not_end_is_cut_off_and_named(tmp_path: Path, port: int) -> None:
    program = Program(tmp_path, "works", "sticks", port=port)
    with httpx.Client(base_url=program.url, timeout=5) as client:
        wait_for(client, "/live", 200, program.process)
    program.process.terminate()
    code, output, log = program.end()
    assert (code, output.split()) == (0, ["works", "drained"])
    assert [line["worker"] for line in log if line["event"] == "cut_off"] == ["sticks"]


def test_worker_that_ends_by_itself_ends_the_process_with_1(tmp_path: Path, port: int) -> None:
    code, output, log = Program(tmp_path, "works", "ends", port=port).end()
    assert code == 1
    assert "drained" not in output
    assert log[-1]["event"] == "ended"
    assert "ends ended by itself" in log[-1]["error"]


def test_worker_that_fails_ends_the_process_with_1_and_its_traceback(
    tmp_path: Path, port: int
) -> None:
    code, _, log = Program(tmp_path, "works", "fails", port=port).end()
    assert code == 1
    (ended,) = [line for line in log if line["event"] == "ended"]
    assert ended["error"] == "ValueError('boom')"
    assert "in fails" in ended["exception"]
    assert ended["level"] == "critical"


def test_taken_port_is_one_clear_line_and_no_worker_starts(tmp_path: Path, taken: int) -> None:
    code, output, log = Program(tmp_path, "works", port=taken).end()
    assert (code, output) == (1, "")
    starting, ended = log
    assert starting["event"] == "starting"
    assert ended["error"] == f"cannot listen on 127.0.0.1:{taken}: Address already in use"
    assert "exception" not in ended


def test_what_an_operator_can_mend_is_one_line(tmp_path: Path, port: int) -> None:
    code, _, log = Program(tmp_path, "misses", port=port).end()
    assert code == 1
    assert (log[-1]["error"], "exception" in log[-1]) == ("the key is missing: run this", False)


def test_log_names_the_service_and_no_secret(tmp_path: Path, port: int) -> None:
    url = "postgresql://u:hunter2@127.0.0.1/x"
    program = Program(tmp_path, "ends", port=port, STADTTAKT_DATABASE_URL=url)
    _, _, log = program.end()
    assert {line["service"] for line in log} == {"program"}
    assert log[0]["settings"]["http_port"] == port
    assert "hunter2" not in json.dumps(log)


def test_text_for_reading_has_no_colour_codes_in_a_file(tmp_path: Path, port: int) -> None:
    program = Program(tmp_path, "ends", port=port, STADTTAKT_LOG_FORMAT="console")
    _, log = program.process.communicate(timeout=20)
    assert "ends ended by itself" in log
    assert "\x1b[" not in log


def test_periodic_work_goes_on_until_the_signal(tmp_path: Path, port: int) -> None:
    program = Program(tmp_path, "periodic", port=port)
    assert program.process.stdout is not None
    for _ in range(3):
        assert program.process.stdout.readline() == "tick\n"
    program.process.terminate()
    code, _, _ = program.end()
    assert code == 0
