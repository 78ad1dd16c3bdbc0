# SPDX-License-Identifier: EUPL-1.2
"""Servers that these tests may kill, and a line about each test at the end of the run."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random, SystemRandom

import pytest

from crash.world import World, make_world, migrate_servers
from support.stack import Stack, fresh_stack

SEED = os.environ.get("STADTTAKT_CRASH_SEED") or str(SystemRandom().randrange(10**6))
SEEDED, TOLD = "seeded", "told"
"""What tests leave in their reports, which come here from other workers, too."""


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
    request.node.user_properties.append((SEEDED, SEED))
    return Random(f"{SEED}/{request.node.name}")


@pytest.fixture
def world(servers: Stack, tmp_path: Path, rng: Random) -> Iterator[World]:
    """Decoder and parking, not started yet."""
    with make_world(servers, tmp_path, rng) as world:
        yield world


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say something that stands in the summary at the end of the run, beside the seed."""
    told = request.node.user_properties
    told.append((SEEDED, SEED))
    return lambda line: told.append((TOLD, line))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = [
        f"{report.nodeid.rpartition('::')[2]}, STADTTAKT_CRASH_SEED={properties[SEEDED]}: {line}"
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        if SEEDED in (properties := dict(report.user_properties))
        for line in [value for name, value in report.user_properties if name == TOLD]
        or [report.outcome]
    ]
    if lines:
        terminalreporter.section("crash tests and the seeds that repeat them")
        for line in lines:
            terminalreporter.write_line(line)
