# SPDX-License-Identifier: EUPL-1.2
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Starter = Callable[..., subprocess.Popen[str]]
RUN = """
import sys
from pathlib import Path
from stadttakt_local.programs import Program
from stadttakt_local.supervisor import supervise

def sh(name, script):
    return Program(name, ("sh", "-c", script))

LOOP = "while :; do sleep 0.05; done"
trap = lambda name, after: f"trap 'sleep {after}; echo {name} drained; exit 0' TERM; echo {name} pid $$; {LOOP}"
programs = [sh("service", trap("service", 0)), sh("simulator", trap("simulator", 0.5))]
if "dies" in sys.argv:
    programs.append(sh("frail", "sleep 0.5; echo out of memory; exit 3"))
status, word = supervise(
    programs, {"PATH": "/usr/bin:/bin"}, output=sys.stdout, logs=Path(sys.argv[1]),
    when_started=lambda stopping: print("STARTED", flush=True),
)
print("STATUS", status, word, flush=True)
"""


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Starter]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", RUN, str(tmp_path), *arguments],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def pids_told(process: subprocess.Popen[str]) -> list[int]:
    """Read until both stand-ins have said their pids."""
    pids: list[int] = []
    assert process.stdout
    while len(pids) < 2:
        line = process.stdout.readline()
        assert line
        if told := re.search(r"\| (?:service|simulator) pid (\d+)$", line):
            pids.append(int(told[1]))
    return pids


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_group_drains_the_simulator_before_the_services(
    supervised: Starter, stop: signal.Signals
) -> None:
    process = supervised()
    pids_told(process)
    os.killpg(process.pid, stop)
    output = process.communicate(timeout=20)[0]
    assert output.index("simulator drained") < output.index("service drained")
    assert output.endswith("STATUS 0 None\n")


def test_a_program_that_dies_ends_the_run_and_its_last_lines_are_told(supervised: Starter) -> None:
    output = supervised("dies").communicate(timeout=20)[0]
    assert "service drained" in output
    assert output.endswith("STATUS 1 frail ended by itself. Its last lines:\n  out of memory\n")


def test_nothing_outlives_a_killed_supervisor(supervised: Starter) -> None:
    process = supervised()
    pids = pids_told(process)
    process.kill()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def test_each_program_has_its_log(supervised: Starter, tmp_path: Path) -> None:
    supervised("dies").communicate(timeout=20)
    assert (tmp_path / "frail.log").read_text() == "out of memory\n"
