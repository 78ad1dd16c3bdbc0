# SPDX-License-Identifier: EUPL-1.2
"""The real servers of a test session and what a test gets of them."""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy.engine import make_url

from stadttakt_runtime.commands import output
from support.database import Copies, create_migrated
from support.links import Link, Network
from support.stack import Stack, running_stack

TEMPLATE = "migrated"
# No test asserts a time, and a busy machine may take any.
# What commands say is looked for in whole lines, however wide the terminal is where tests run.
output.out.width = output.err.width = 300
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Refuse tests of one id: shared out among workers only one of them would run."""
    twice = [name for name, times in Counter(item.nodeid for item in items).items() if times > 1]
    if twice:
        raise pytest.UsageError(f"more than one test is called {', '.join(twice)}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what tests have to tell."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "told":
                terminalreporter.write_line(str(value))


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """A command that runs within a test logs to that test's streams, which are gone after it."""
    root = logging.getLogger()
    before, level = set(root.handlers), root.level
    yield
    for handler in [each for each in root.handlers if each not in before]:
        root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    with running_stack(durable=False) as running:
        yield running


@pytest.fixture(scope="session")
def migrated(stack: Stack) -> str:
    """The name of a database with every service's schema, to be copied."""
    create_migrated(stack, TEMPLATE)
    return TEMPLATE


@pytest.fixture(scope="session")
def copies(stack: Stack, migrated: str) -> Copies:
    """Databases like the migrated one."""
    return Copies(stack, migrated)


@pytest.fixture
def database_url(copies: Copies) -> Iterator[str]:
    """A database as new, with all migrations applied."""
    with copies.lent() as url:
        yield url


@pytest.fixture(scope="module")
def shared_database_url(copies: Copies) -> Iterator[str]:
    """Such a database that the tests of a module share, which must not mind each other's rows."""
    with copies.lent() as url:
        yield url


@pytest.fixture
def mqtt_url(stack: Stack) -> str:
    return stack.mosquitto.url


@pytest.fixture
def topic_root() -> str:
    """A root of one's own, since all tests share one broker."""
    return f"test/{uuid.uuid4().hex[:12]}"


@pytest.fixture
def network() -> Iterator[Network]:
    """A network whose links can be cut and held."""
    with Network() as network:
        yield network


@pytest.fixture
def link(network: Network, database_url: str) -> Link:
    """The link to the database of `far_url`."""
    return network.link(make_url(database_url).port or 5432)


@pytest.fixture
def far_url(link: Link, database_url: str) -> str:
    """The database behind a link that can be cut and held."""
    url = make_url(database_url).set(host="127.0.0.1", port=link.port)
    return url.render_as_string(hide_password=False)
