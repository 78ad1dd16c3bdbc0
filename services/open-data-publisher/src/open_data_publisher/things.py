# SPDX-License-Identifier: EUPL-1.2
"""The entities of the SensorThings API, made anew when the standing data of what is public change."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from open_data_publisher.board import Board
from open_data_publisher.domain.known_sources import ENVIRONMENT
from open_data_publisher.domain.policy import Dataset, Policy, Terms
from open_data_publisher.domain.states import Kind
from open_data_publisher.domain.truth import Truth
from open_data_publisher.sensorthings.catalogue import Catalogue, make_catalogue
from open_data_publisher.sensorthings.vocabulary import EnvironmentSeries
from open_data_publisher.storage import observations
from open_data_publisher.storage.observations import Means
from open_data_publisher.then import truth_then
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database

KINDS: tuple[Kind, ...] = ("lot", "bay")
LOOK_EVERY = timedelta(seconds=1)
SERIES_EVERY = timedelta(seconds=10)
LONG_AGO = timedelta(days=1)
WITHHOLDABLE = ("unit", "name", "lat", "lon", "height_m")


@dataclass(frozen=True, slots=True)
class Made:
    """A catalogue, what it was made of, which means of the environment are public, and whether anything is simulated."""

    catalogue: Catalogue
    made_of: object
    means: Means
    simulated: bool


class Things:
    """Looks at the board once a second at most, while somebody asks."""

    def __init__(
        self,
        board: Board,
        policy: Policy,
        present: AbstractSet[str],
        *,
        tells_simulated: bool = True,
    ) -> None:
        self._board = board
        self._policy = policy
        self._present = present
        self._tells_simulated = tells_simulated
        self._made: Made | None = None
        self._looked_at = self._asked_at = utc_now() - LONG_AGO
        self._series: Sequence[EnvironmentSeries] = ()
        self._turn = asyncio.Lock()

    def adopt(self, policy: Policy) -> None:
        """Tell from now on what another policy allows."""
        self._policy, self._made = policy, None
        self._series, self._asked_at = (), utc_now() - LONG_AGO

    @property
    def is_public(self) -> bool:
        """Tell whether the policy opens anything of what this API tells of."""
        return not self._policy.states.keys().isdisjoint(KINDS) or any(
            _is_told(dataset) for dataset in self._policy.datasets.values()
        )

    def terms(self) -> list[Terms]:
        """Return under which terms this API tells of states and of the environment; its answers name them thing by thing."""
        environment = self.environment()
        own = self._policy.terms_of(KINDS)
        return own if environment is None else list(dict.fromkeys((*own, environment.terms)))

    def is_simulated(self) -> bool:
        """Tell by the board alone whether anything stems from a simulation, where the database is away."""
        told = self._board.truth(utc_now(), KINDS)
        return self._tells_simulated and told.is_simulated(KINDS)

    async def now(self, database: Database) -> Made:
        """Return the entities of what is public now."""
        async with self._turn:
            while self._made is None or utc_now() - self._looked_at >= LOOK_EVERY:
                await self._look(database)
            return self._made

    async def _look(self, database: Database) -> None:
        """Make anew what another policy or other standing data make another; not where both change meanwhile."""
        policy, now = self._policy, utc_now()
        environment = self.environment()
        series = await self._series_now(database, environment, now)
        await self._board.settle(now, KINDS)
        truth = self._board.truth(now, KINDS)
        made_of = (policy, self._board.standing(KINDS), tuple(series))
        made = self._made
        if made is None or made.made_of != made_of:
            made = await self._make(truth, environment, series, made_of)
        if policy is self._policy:
            self._made, self._looked_at = made, now

    async def at(self, database: Database, at: datetime) -> Made:
        """Return the entities of what was public at a time; places of the environment as they are now."""
        truth = await truth_then(database, self._policy, at, KINDS)
        environment = self.environment()
        async with self._turn:
            series = await self._series_now(database, environment, utc_now())
        return await self._make(truth, environment, series, None)

    def environment(self) -> Dataset | None:
        """Return the public dataset of the environment with the finest means."""
        found = [
            dataset
            for dataset in self._policy.datasets.values()
            if dataset.dataset_id in self._present and _is_told(dataset)
        ]
        return min(found, key=lambda dataset: dataset.width, default=None)

    async def _series_now(
        self, database: Database, environment: Dataset | None, now: datetime
    ) -> Sequence[EnvironmentSeries]:
        if environment is None:
            return ()
        if now - self._asked_at >= SERIES_EVERY:
            async with database.connection() as connection:
                found = await observations.environment(connection)
            withheld = {name: None for name in WITHHOLDABLE if name not in environment.fields}
            self._series = [
                replace(each, **withheld)  # type: ignore[arg-type]
                for each in found
                if self._tells_simulated or not each.simulated
            ]
            self._asked_at = now
        return self._series

    async def _make(
        self,
        truth: Truth,
        environment: Dataset | None,
        series: Sequence[EnvironmentSeries],
        made_of: object,
    ) -> Made:
        terms = environment.terms if environment else None
        told = truth if self._tells_simulated else truth.without_simulated()
        catalogue = await asyncio.to_thread(make_catalogue, told, self._policy, series, terms)
        means = Means() if environment is None else _means(environment)
        simulated = told.is_simulated(KINDS) or any(each.simulated for each in series)
        return Made(catalogue, made_of, means, simulated)


def _is_told(dataset: Dataset) -> bool:
    return dataset.source is ENVIRONMENT and "mean" in dataset.fields


def _means(dataset: Dataset) -> Means:
    return Means(
        width_s=int(dataset.width.total_seconds()),
        delay_s=int(dataset.delay.total_seconds()),
        least=dataset.protection.least if dataset.protection else 0,
    )
