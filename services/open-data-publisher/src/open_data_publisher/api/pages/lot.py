# SPDX-License-Identifier: EUPL-1.2
"""A lot's page: now, the next two hours, the past."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from open_data_publisher.api.lookup import policy_of
from open_data_publisher.api.pages.shown import Now, Shown
from open_data_publisher.domain.publication import Publication, SiteDetails
from open_data_publisher.feeds.catalogue import FEEDS
from open_data_publisher.portal.charts import Point, chart
from open_data_publisher.portal.facts import facts_of, kind_rows
from open_data_publisher.portal.frame import page
from open_data_publisher.portal.now import lot_view
from open_data_publisher.upstream import (
    FORECAST,
    HISTORY,
    AwayError,
    MissingError,
    Reading,
    Upstream,
)
from stadttakt_messages.states import LotState, SiteStatus
from stadttakt_runtime.http.problem import NotFound

router = APIRouter(include_in_schema=False)
OUTLOOK_MIN = 120
WEEK = timedelta(days=7)


@router.get("/parken/{lot_id}")
async def lot(request: Request, now: Now, lot_id: str) -> Response:
    """Show one lot; a page that says so where there is none of this id."""
    state = now.present.states.get(lot_id)
    if state is None:
        raise NotFound
    upstream: Upstream = request.app.state.upstream
    publication: Publication | None = request.app.state.publication
    site = publication.details(lot_id) if publication else SiteDetails()
    zone = request.app.state.portal.city.timezone
    opened = publication.policy.states.get("lot") if publication else None
    if opened is not None and "free" not in opened.fields:
        # What parking tells of it, expected or past, is no more public than what is now.
        unsaid = {"message": now.words("parking.not_public")}
        return _page(request, now, state, (site, unsaid, []), ())
    week = {"bucket": "1h", "from": _hour(now.at - WEEK), "to": _hour(now.at)}
    outlook, *pasts = shown = await asyncio.gather(
        _outlook(upstream, state, now, zone),
        _past(upstream, state, now, "day", {"bucket": "15m"}, zone),
        _past(upstream, state, now, "week", week, zone),
    )
    made_of = tuple(each.pop("made_of") for each in shown)
    return _page(request, now, state, (site, outlook, pasts), made_of)


def _page(
    request: Request,
    now: Shown,
    state: LotState,
    told: tuple[SiteDetails, dict[str, Any], list[dict[str, Any]]],
    made_of: tuple[object, ...],
) -> Response:
    site, outlook, pasts = told
    return page(
        request,
        "lot.html",
        active="now",
        title=now.words("parking.lot_title", name=state.name),
        lot=lot_view(state),
        outlook=outlook,
        pasts=pasts,
        facts=facts_of(state, site, now.words, now.language),
        kinds=kind_rows(state, now.words),
        feeds=[feed for feed in FEEDS if "lot" in feed.kinds],
        credits=policy_of(request).terms_of(("lot",)),
        once=(*now.once_of(state), *made_of),
        **now.values(),
    )


async def _outlook(upstream: Upstream, state: LotState, now: Shown, zone: str) -> dict[str, Any]:
    """Return what parking expects; nothing that is over, and why there is nothing."""
    try:
        query = {"horizon_min": str(OUTLOOK_MIN)}
        reading = await upstream.read(FORECAST, query=query, lot_id=state.lot_id)
    except (AwayError, MissingError):
        return {"made_of": None, "message": now.words("parking.outlook_away")}
    body, made_of = reading.body, reading.readings
    if body["withheld"]:
        return {"made_of": made_of, "message": body["withheld"][now.language]}
    ends = body["valid_until"]
    rows = [
        {**item, "at": datetime.fromisoformat(item["at"])}
        for item in body["items"]
        if datetime.fromisoformat(item["at"]) > now.at
    ]
    if not rows or (ends is not None and datetime.fromisoformat(ends) <= now.at):
        return {"made_of": (made_of, 0), "message": now.words("parking.outlook_none")}
    points = [Point(row["at"], row["free"], row["p10"], row["p90"]) for row in rows]
    if state.state in {SiteStatus.FREE, SiteStatus.ALMOST_FULL, SiteStatus.FULL}:
        points.insert(0, Point(now.at, state.free, state.free_min, state.free_max))
    drawn = chart({state.name: points}, zone, limit=float(state.capacity), whole=True)
    return {"made_of": (made_of, len(rows)), "message": None, "chart": drawn, "rows": rows}


async def _past(
    upstream: Upstream, state: LotState, now: Shown, key: str, query: dict[str, str], zone: str
) -> dict[str, Any]:
    try:
        reading = await upstream.read(HISTORY, query=query, lot_id=state.lot_id)
    except (AwayError, MissingError):
        return {"made_of": None, "key": key, "message": now.words("parking.past_away")}
    rows = _rows(reading)
    if not any(row["mean"] is not None for row in rows):
        return {
            "made_of": reading.readings,
            "key": key,
            "message": now.words("parking.past_none"),
        }
    points = [Point(row["at"], row["mean"], row["low"], row["high"]) for row in rows]
    return {
        "made_of": reading.readings,
        "key": key,
        "message": None,
        "chart": chart({state.name: points}, zone, limit=float(state.capacity), whole=True),
        "rows": rows,
        "age_min": int(reading.age_s // 60) if reading.age_s > 2 * HISTORY.fresh_s else 0,
    }


def _rows(reading: Reading) -> list[dict[str, Any]]:
    return [
        {
            "at": datetime.fromisoformat(item["start"]),
            "mean": item["free_mean"],
            "low": item["free_min"],
            "high": item["free_max"],
            "known": item["completeness"],
        }
        for item in reading.body["items"]
    ]


def _hour(moment: datetime) -> str:
    """Return the beginning of an hour: all who ask within it share one answer."""
    return moment.replace(minute=0, second=0, microsecond=0).isoformat()
