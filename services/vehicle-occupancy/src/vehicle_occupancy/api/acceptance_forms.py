# SPDX-License-Identifier: EUPL-1.2
"""A report of an acceptance test as JSON, page or CSV, by Accept."""

from __future__ import annotations

from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import Request, Response

from vehicle_occupancy.acceptance.csv_report import to_csv
from vehicle_occupancy.acceptance.document import AcceptanceView
from vehicle_occupancy.acceptance.page import CONTENT_POLICY, to_page

Form = Literal["text/csv", "text/html", "application/json"]
CSV: Final = "text/csv"
HTML: Final = "text/html"
JSON: Final = "application/json"
FORMS: tuple[Form, ...] = (JSON, HTML, CSV)
CONTENT: dict[str, Any] = {
    HTML: {"schema": {"type": "string"}},
    CSV: {"schema": {"type": "string"}},
}
"""The forms beside JSON, as OpenAPI describes them."""


def wanted(request: Request) -> Form:
    """Return the form that the client names first, JSON where it names none."""
    accept = ",".join(request.headers.getlist("accept"))
    for part in accept.split(","):
        media_type = part.partition(";")[0].strip().lower()
        for form in FORMS:
            if form == media_type:
                return form
    return JSON


def as_wanted(request: Request, answer: Response, timezone: str) -> Response:
    """Return an answer that was made as JSON in the form that the client wants."""
    form = wanted(request)
    if form == JSON:
        return answer
    view = AcceptanceView.model_validate_json(bytes(answer.body))
    body, media_type, headers = rendered(view, form, timezone)
    kept = {
        name: value
        for name in ("location", "idempotency-replayed")
        if (value := answer.headers.get(name))
    }
    return Response(body, answer.status_code, {**headers, **kept}, media_type=media_type)


def rendered(view: AcceptanceView, form: Form, timezone: str) -> tuple[bytes, str, dict[str, str]]:
    """Return a report in a form: body, media type, headers."""
    headers = {"vary": "Accept"}
    if form == HTML:
        page = to_page(view.report, view.label, view.tested_at, ZoneInfo(timezone))
        headers["content-security-policy"] = CONTENT_POLICY
        return page.encode(), f"{HTML}; charset=utf-8", headers
    if form == CSV:
        return to_csv(view.report).encode(), f"{CSV}; charset=utf-8", headers
    return view.model_dump_json().encode(), JSON, headers
