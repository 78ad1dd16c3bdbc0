# SPDX-License-Identifier: EUPL-1.2
"""What readers and programs are told while the database does not answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from open_data_publisher.app import create_app
from open_data_publisher.domain.policy import Policy
from open_data_publisher.policy_file import POLICY_FILE, read_policy
from support.http_app import in_process
from support.open_data import OPEN_POLICY, PUBLICATION
from support.open_data_world import LOTS_POLICY
from support.portal import lots, tell


class Away:
    """A database that does not answer."""

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        raise ConnectionRefusedError
        yield None


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    (tmp_path / "opendata").mkdir()
    (tmp_path / POLICY_FILE).write_text(OPEN_POLICY + LOTS_POLICY)
    return read_policy(tmp_path)


async def asked(
    policy: Policy, path: str, accept: str, *, simulated: bool = True
) -> httpx.Response:
    app = create_app(publication=replace(PUBLICATION, policy=policy))
    app.state.database = Away()
    app.state.present.add("lots")
    tell(app, *lots(simulated=simulated))
    async with in_process(app) as client:
        return await client.get(path, headers={"accept": accept})


@pytest.mark.parametrize("path", ["/datasets", "/datasets/lots"])
async def test_a_reader_of_datasets_is_told_so_in_words(policy: Policy, path: str) -> None:
    page = await asked(policy, path, "text/html")
    assert page.status_code == 503
    assert "<h1>Gerade nicht zu erreichen</h1>" in page.text
    assert (await asked(policy, path, "application/json")).json()["code"] == "unavailable"


@pytest.mark.parametrize(("simulated", "mark"), [(True, "true"), (False, None)])
async def test_the_root_of_sensorthings_needs_no_database(
    policy: Policy, *, simulated: bool, mark: str | None
) -> None:
    root = await asked(policy, "/sensorthings/v1.1", "application/json", simulated=simulated)
    assert root.status_code == 200
    assert root.headers.get("stadttakt-simulated") == mark
