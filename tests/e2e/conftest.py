# SPDX-License-Identifier: EUPL-1.2
"""Halle as it is shipped, with decoder and parking as processes."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from random import Random

import pytest

from crash.world import make_world, migrate_servers
from e2e.messages import HALLE
from e2e.town import Town
from support.stack import Stack, running_stack
from support.trace_collector import TraceCollector, trace_collector

SECRET = "secret-of-the-stadtwerke"
MakeTown = Callable[[Path, Path], AbstractContextManager[Town]]


@pytest.fixture(scope="module")
def collector() -> Iterator[TraceCollector]:
    with trace_collector() as running:
        yield running


@pytest.fixture(scope="module")
def make_town(collector: TraceCollector) -> Iterator[MakeTown]:
    with running_stack() as stack:
        migrate_servers(stack)
        yield lambda folder, city: _running(stack, folder, city, collector)


@pytest.fixture(scope="module")
def halle(make_town: MakeTown, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with make_town(tmp_path_factory.mktemp("halle"), HALLE) as town:
        yield town


@contextmanager
def _running(stack: Stack, folder: Path, city: Path, collector: TraceCollector) -> Iterator[Town]:
    settings = {
        "STADTTAKT_UPLINK_WEBHOOK_SECRET_STADTWERKE": SECRET,
        "STADTTAKT_OTLP_ENDPOINT": collector.url,
        "STADTTAKT_TRACE_RATIO": "1",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with make_world(stack, folder, Random(1), city=city, settings=settings) as world:
        world.start()
        yield Town(world)
        # A service that ended by itself and was started again would go unnoticed.
        assert world.decoder.ends + world.parking.ends == []
