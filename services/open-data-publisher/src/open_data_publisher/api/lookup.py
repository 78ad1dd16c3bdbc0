# SPDX-License-Identifier: EUPL-1.2
"""Finds what a request speaks of; what is not public does not exist."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fastapi import Request

from open_data_publisher.domain.policy import CLOSED, Dataset, Policy
from open_data_publisher.domain.portal import Language
from open_data_publisher.domain.publication import Publication
from open_data_publisher.then import BusyError, Turns
from open_data_publisher.upstream import VOCABULARY, AwayError, MissingError, Upstream
from stadttakt_runtime.http.problem import Problem, Unavailable

RETRY_AFTER_S = "5"


def publication_of(request: Request) -> Publication:
    """Return how the city publishes; raises the problem 404 where no city was given."""
    publication: Publication | None = request.app.state.publication
    if publication is None:
        raise Problem("no city was given", status=404, code="not_public", title="Not public")
    return publication


def policy_of(request: Request) -> Policy:
    """Return what may be told; nothing where no city was given."""
    publication: Publication | None = request.app.state.publication
    return publication.policy if publication else CLOSED


def public_datasets(request: Request) -> list[Dataset]:
    """Return the datasets that the policy names and whose source is there."""
    present: set[str] = request.app.state.present
    return [
        dataset
        for dataset_id, dataset in publication_of(request).policy.datasets.items()
        if dataset_id in present
    ]


def zone_of(request: Request) -> ZoneInfo:
    """Return the city's time zone."""
    return ZoneInfo(publication_of(request).timezone)


def check_at(request: Request, at: datetime | None, now: datetime) -> None:
    """Raise a problem where nobody can know any more, or yet, what was public at a moment."""
    if at is None:
        return
    if at > now:
        raise Problem(
            "`at` lies in the future", status=422, code="at_in_future", title="Not yet known"
        )
    if at < now - timedelta(days=request.app.state.settings.history_days):
        raise Problem(
            "What was public then is no longer kept",
            status=404,
            code="no_longer_kept",
            title="No longer kept",
        )


@asynccontextmanager
async def turn(request: Request) -> AsyncIterator[None]:
    """Wait until the past may be worked on; raises the problem 503 where as many wait as may."""
    turns: Turns = request.app.state.turns
    try:
        async with turns.turn():
            yield
    except BusyError as error:
        raise Unavailable(
            "Many ask for what was public then; ask again in a moment",
            headers={"retry-after": RETRY_AFTER_S},
        ) from error


def find_dataset(request: Request, dataset_id: str) -> Dataset:
    """Return a public dataset; raises the problem 404."""
    for dataset in public_datasets(request):
        if dataset.dataset_id == dataset_id:
            return dataset
    raise Problem(
        f"There is no public dataset {dataset_id[:100]}",
        status=404,
        code="unknown_dataset",
        title="No such dataset",
    )


async def city_terms(request: Request, kind: str, language: Language) -> Mapping[str, str]:
    """Return the city's names of its terms of a kind, by key; none while the registry does not tell them."""
    upstream: Upstream = request.app.state.upstream
    try:
        terms = (await upstream.read(VOCABULARY)).body[kind]
    except (AwayError, MissingError):
        return {}
    return {each["term"]: each["title"][language] for each in terms}
