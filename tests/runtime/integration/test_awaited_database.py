# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt migrate --wait`: a server that is still being made is waited for, one that refuses is not."""

import asyncio

from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from runtime.integration.relay import relayed
from stadttakt_runtime.cli import build
from stadttakt_runtime.migrations.awaited import wait_for_server
from support.stack import Stack, free_ports


def at(url: str, port: int) -> str:
    return make_url(url).set(host="127.0.0.1", port=port).render_as_string(hide_password=False)


async def test_server_that_comes_later_is_waited_for(stack: Stack) -> None:
    (port,) = free_ports(1)
    told: list[str] = []
    waits, loop = asyncio.Event(), asyncio.get_running_loop()

    def tell(text: str) -> None:
        told.append(text)
        loop.call_soon_threadsafe(waits.set)

    async with asyncio.TaskGroup() as group:
        url = at(stack.postgres.url, port)
        waiting = group.create_task(asyncio.to_thread(wait_for_server, url, 3600, tell))
        await waits.wait()
        assert not waiting.done()
        async with relayed(make_url(stack.postgres.url).port or 5432, at=port):
            await waiting
    assert told[0].startswith("the database does not answer: ")
    assert told[0].endswith(" s at most")


def test_server_that_refuses_is_not_waited_for(stack: Stack) -> None:
    stranger = make_url(stack.postgres.url).set(username="nobody-of-this-name", password="x")
    told: list[str] = []
    wait_for_server(stranger.render_as_string(hide_password=False), 3600, told.append)
    assert told == []


def test_wait_has_an_end_and_the_reason_is_told() -> None:
    (port,) = free_ports(1)
    url = f"postgresql://x@127.0.0.1:{port}/x"
    arguments = ["migrate", "platform", "--wait", "1", "--database-url", url]
    outcome = CliRunner().invoke(build(), arguments)
    assert outcome.exit_code == 1
    *_, error = outcome.stderr.splitlines()
    assert error.startswith("error: the database does not answer: ")
