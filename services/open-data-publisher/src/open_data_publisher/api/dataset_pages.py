# SPDX-License-Identifier: EUPL-1.2
"""Datasets as pages for people and as JSON for programs, by Accept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from open_data_publisher.api.catalog import PAGE, choose
from open_data_publisher.api.feeds import PAST, At, feed_views
from open_data_publisher.api.lookup import (
    check_at,
    city_terms,
    find_dataset,
    public_datasets,
    publication_of,
    zone_of,
)
from open_data_publisher.datasets.formats.catalogue import FORMATS
from open_data_publisher.datasets.preview import Preview, Previews, preview_at
from open_data_publisher.datasets.then import summaries_of, summary_of
from open_data_publisher.domain.choice import Choice
from open_data_publisher.domain.columns import Column
from open_data_publisher.domain.policy import Dataset
from open_data_publisher.domain.portal import Language
from open_data_publisher.feeds.catalogue import FORMATS as MEDIA
from open_data_publisher.portal.charts import Chart
from open_data_publisher.portal.data_words import KINDS_OF_TERMS, Terms, heading, value_words
from open_data_publisher.portal.frame import page
from open_data_publisher.portal.language import language_of
from open_data_publisher.portal.words import words_in
from open_data_publisher.storage.editions import Summary
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.conditional import respond

router = APIRouter(tags=["datasets"])
BOTH: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {}}, "description": "A page, where Accept asks for HTML"}
}
FRESH = {"cache-control": "public, max-age=60", "vary": "accept"}


class TextView(BaseModel):
    """A text in both languages."""

    de: str
    en: str


class ColumnView(BaseModel):
    """One column."""

    name: str
    type: str
    unit: str | None
    description: TextView


class ProtectionView(BaseModel):
    """What is withheld: where one of the counts `of` is below `least`."""

    of: list[str]
    least: int


class DownloadView(BaseModel):
    """One format; add `day`, `month`, or `from` and `to`, and `at` for what was public then."""

    format: str
    media_type: str
    url: str


class DatasetView(BaseModel):
    """One dataset; `first_day` to `last_day` are the days with rows, null while there are none."""

    dataset_id: str
    title: TextView
    description: TextView
    measured: TextView
    licence: str
    licence_url: str
    attribution: str | None
    aggregation: str
    delay_min: int
    protection: ProtectionView | None
    columns: list[ColumnView]
    first_day: date | None
    last_day: date | None
    row_count: int
    changed_at: datetime | None
    downloads: list[DownloadView]


class DatasetList(BaseModel):
    """All public datasets."""

    items: list[DatasetView]


@router.get("/datasets", response_model=DatasetList, responses=BOTH)
async def list_datasets(request: Request, at: At = None) -> Response:
    """List the datasets that the policy names and whose source is there; with `at` as they were then."""
    check_at(request, at, utc_now())
    found = await _summaries(request, at)
    if _wants_page(request):
        return page(
            request,
            "datasets.html",
            title=words_in(language_of(request))("datasets.title"),
            active="datasets",
            max_age_s=60,
            vary="accept, accept-encoding",
            at=at,
            then=_query(at),
            datasets=found,
            formats=FORMATS,
            feeds=feed_views(request),
            media=MEDIA,
        )
    views = [_view(request, dataset, summary, at) for dataset, summary in found]
    return _json(request, DatasetList(items=views), [summary for _, summary in found], at)


@router.get("/datasets/{dataset_id}", response_model=DatasetView, responses=BOTH)
async def show_dataset(request: Request, dataset_id: str, at: At = None) -> Response:
    """Tell what a dataset is, how it is measured, and where its files are; with `at` as it was then."""
    dataset = find_dataset(request, dataset_id)
    check_at(request, at, utc_now())
    if not _wants_page(request):
        summary = await _summary(request, dataset, at)
        view = _view(request, dataset, summary, at)
        return _json(request, view, [summary], at, licence_url=view.licence_url)
    return await dataset_page(request, dataset, at)


async def dataset_page(
    request: Request,
    dataset: Dataset,
    at: datetime | None = None,
    *,
    choice: Choice | None = None,
    fault: str | None = None,
) -> Response:
    """Return a dataset's page; with what was chosen in its form and the word for what is wrong with it."""
    shown = await _shown(request, dataset, at)
    language = language_of(request)
    today = utc_now().astimezone(zone_of(request)).date()
    day = at.astimezone(zone_of(request)).date() if at else None
    return page(
        request,
        "dataset.html",
        title=getattr(dataset.title, language),
        status=422 if fault else 200,
        active="datasets",
        max_age_s=0 if fault else 60,
        vary="accept, accept-encoding",
        simulated=shown.simulated,
        at=at,
        then=_query(at),
        dataset=dataset,
        shown=shown,
        formats=[each for each in FORMATS.values() if each.suits(dataset)],
        choice=choice or Choice(as_of=day.isoformat() if day else ""),
        fault=fault,
        today=today.isoformat(),
        month=f"{shown.summary.last:%Y-%m}" if shown.summary else None,
        **_words(dataset, language, await _terms(request, dataset, language)),
    )


async def _terms(request: Request, dataset: Dataset, language: Language) -> Terms:
    """Return the city's own words that stand in a dataset as keys."""
    kinds = {KINDS_OF_TERMS[each.name] for each in dataset.columns if each.name in KINDS_OF_TERMS}
    return {kind: await city_terms(request, kind, language) for kind in sorted(kinds)}


def _words(dataset: Dataset, language: Language, terms: Terms) -> dict[str, Any]:
    """Return how the page tells values, columns and lines in words."""
    told = partial(value_words, language=language, terms=terms)
    return {
        "value_words": told,
        "heading": partial(heading, language=language),
        "line_words": partial(_line_words, dataset, told),
    }


def _line_words(dataset: Dataset, told: Callable[[str, str], Any], drawn: Chart) -> Chart:
    """Return a drawing whose lines are named in words."""
    by = dataset.chart.by if dataset.chart else None
    if by is None:
        return drawn
    lines = [replace(line, name=told(by, line.name)) for line in drawn.lines]
    return replace(drawn, lines=tuple(lines))


def _wants_page(request: Request) -> bool:
    return choose(request.headers.get("accept", "")) == PAGE


async def _shown(request: Request, dataset: Dataset, at: datetime | None) -> Preview:
    database: Database = request.app.state.database
    if at is not None:
        return await preview_at(database, dataset, at, zone_of(request))
    previews: Previews = request.app.state.previews
    return await previews.now(database, dataset, zone_of(request))


async def _summary(request: Request, dataset: Dataset, at: datetime | None) -> Summary | None:
    database: Database = request.app.state.database
    async with database.connection() as connection:
        return await summary_of(connection, dataset, at, zone_of(request))


async def _summaries(request: Request, at: datetime | None) -> list[tuple[Dataset, Summary | None]]:
    datasets, database = public_datasets(request), request.app.state.database
    async with database.connection() as connection:
        found = await summaries_of(connection, datasets, at, zone_of(request))
    return [(dataset, found.get(dataset.dataset_id)) for dataset in datasets]


def _query(at: datetime | None) -> str:
    """Return what asks a file for the same moment."""
    return "" if at is None else f"at={quote(at.astimezone(UTC).isoformat())}"


def _json(
    request: Request,
    view: BaseModel,
    of: list[Summary | None],
    at: datetime | None,
    *,
    licence_url: str | None = None,
) -> Response:
    changed = max((each.changed_at for each in of if each is not None), default=utc_now())
    headers = FRESH if at is None else {**FRESH, "cache-control": PAST}
    if licence_url is not None:
        headers = {**headers, "link": f'<{licence_url}>; rel="license"'}
    return respond(request, view.model_dump_json().encode(), last_modified=changed, headers=headers)


def _view(
    request: Request, dataset: Dataset, summary: Summary | None, at: datetime | None
) -> DatasetView:
    terms, rule = dataset.terms, dataset.protection
    then = f"?{_query(at)}" if at else ""
    base = publication_of(request).base_url
    return DatasetView(
        dataset_id=dataset.dataset_id,
        title=_text(dataset.title),
        description=_text(dataset.description),
        measured=_text(dataset.measured),
        licence=terms.licence.title,
        licence_url=terms.licence.url,
        attribution=terms.attribution,
        aggregation=dataset.aggregation,
        delay_min=int(dataset.delay.total_seconds() // 60),
        protection=None
        if rule is None
        else ProtectionView(of=list(dataset.source.counts), least=rule.least),
        columns=[_column(column) for column in dataset.columns],
        first_day=summary.first if summary else None,
        last_day=summary.last if summary else None,
        row_count=summary.row_count if summary else 0,
        changed_at=summary.changed_at if summary else None,
        downloads=[
            DownloadView(
                format=each.ending,
                media_type=each.media_type,
                url=f"{base}/datasets/{dataset.dataset_id}/data.{each.ending}{then}",
            )
            for each in FORMATS.values()
            if each.suits(dataset)
        ],
    )


def _text(words: Any) -> TextView:
    return TextView(de=words.de, en=words.en)


def _column(column: Column) -> ColumnView:
    return ColumnView(
        name=column.name,
        type=column.type.value,
        unit=column.unit,
        description=TextView(de=column.de, en=column.en),
    )
