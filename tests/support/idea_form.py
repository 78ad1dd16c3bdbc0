# SPDX-License-Identifier: EUPL-1.2
"""The citizens' form, sent as somebody does who took a minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI

FIELDS = {
    "title": "Bänke am Fluss",
    "summary": "Mehr Sitzplätze am Ufer der Saale, auch im Schatten.",
    "handlungsfeld": "mobilitaet",
    "mehrwerte": ["stadtstolz", "erreichbarkeit"],
    "place_name": "Peißnitzinsel",
    "action": "submit",
}


async def send(
    site: tuple[httpx.AsyncClient, FastAPI],
    *,
    files: Any = (("files", ("", b"")),),
    language: str = "",
    **fields: Any,
) -> httpx.Response:
    """Send the form as somebody does who took a minute."""
    http, app = site
    begun = app.state.stamp.at(datetime.now(tz=UTC) - timedelta(minutes=1))
    data = {"begun": begun, **FIELDS, **fields}
    return await http.post(f"/{language}", data=data, files=files)
