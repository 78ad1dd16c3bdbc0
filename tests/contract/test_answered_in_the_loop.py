# SPDX-License-Identifier: EUPL-1.2
"""Nothing that an endpoint depends on is sent to a thread: that costs more than most answers."""

import inspect
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from stadttakt_runtime import plugins
from stadttakt_runtime.http.parameters import made_of

APPS = plugins.load(plugins.APPS)


def routes_in(routes: list[Any]) -> Iterator[APIRoute]:
    for each in routes:
        if isinstance(each, APIRoute):
            yield each
        elif inner := getattr(each, "original_router", None):
            yield from routes_in(inner.routes)


def called(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from called(each)


def is_awaited(call: Any) -> bool:
    is_object = not (inspect.isfunction(call) or inspect.ismethod(call) or inspect.isclass(call))
    run = type(call).__call__ if is_object else call
    return inspect.iscoroutinefunction(run) or inspect.isasyncgenfunction(run)


def in_threads(app: FastAPI) -> list[str]:
    found = list(routes_in(app.router.routes))
    assert found
    return sorted(
        f"{route.path}: {getattr(call, '__qualname__', call)}"
        for route in found
        for call in called(route.dependant)
        if not is_awaited(call)
    )


@pytest.mark.parametrize("name", APPS)
def test_endpoints_and_what_they_depend_on_run_in_the_loop(name: str):
    assert in_threads(APPS[name]()) == []


class Wanted:
    def __init__(self, limit: int = 3) -> None:
        self.limit = limit


def test_a_class_that_is_depended_on_is_told_and_what_is_made_of_it_is_not():
    app = FastAPI()

    @app.get("/sent")
    async def sent(wanted: Annotated[Wanted, Depends()]) -> int:
        return wanted.limit

    @app.get("/made")
    async def made(wanted: Annotated[Wanted, made_of(Wanted)]) -> int:
        return wanted.limit

    assert in_threads(app) == ["/sent: Wanted"]
