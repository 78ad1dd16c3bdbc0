"""Servers that these tests may kill, and a line about each test at the end of the run."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random, SystemRandom

import pytest

from crash.world import World, make_world, migrate_servers
from support.stack import Stack, fresh_stack

SEED = os.environ.get("STADTTAKT_CRASH_SEED") or str(SystemRandom().randrange(10**6))
LINES = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def servers() -> Iterator[Stack]:
    with fresh_stack() as stack:
        stack.postgres.start()
        stack.mosquitto.start()
        stack.postgres.wait_ready()
        stack.mosquitto.wait_ready()
        migrate_servers(stack)
        yield stack


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> Random:
    """Chance of one's own for each test; STADTTAKT_CRASH_SEED repeats its choices."""
    request.config.stash.setdefault(LINES, [])
    return Random(f"{SEED}/{request.node.name}")


@pytest.fixture
def world(servers: Stack, tmp_path: Path, rng: Random) -> Iterator[World]:
    """Decoder and parking, not started yet."""
    with make_world(servers, tmp_path, rng) as world:
        yield world


@pytest.fixture
def tell(request: pytest.FixtureRequest, rng: Random) -> Callable[[str], None]:
    """Say something that stands in the summary at the end of the run."""
    lines = request.config.stash[LINES]
    return lambda line: lines.append(f"{request.node.name}: {line}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = terminalreporter.config.stash.get(LINES, None)
    if lines is not None:
        terminalreporter.section(f"crash tests, STADTTAKT_CRASH_SEED={SEED}")
        for line in lines:
            terminalreporter.write_line(line)
