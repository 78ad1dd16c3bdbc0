# SPDX-License-Identifier: EUPL-1.2
"""The forms a report comes in, and which of them a client likes best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kpi_aggregator.reporting.document import ReportDocument
from kpi_aggregator.reporting.page import to_html
from kpi_aggregator.reporting.print import to_pdf
from kpi_aggregator.reporting.sheets import to_csv, to_xlsx
from stadttakt_runtime.http.accept import liked_best

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Format:
    """A form of a report; `preview` draws it with a note that it is not archived, but for programs."""

    name: str
    media_type: str
    draw: Callable[[ReportDocument], bytes]
    preview: Callable[[ReportDocument], bytes]


def _html_preview(document: ReportDocument) -> bytes:
    return to_html(document, preview=True)


def _pdf_preview(document: ReportDocument) -> bytes:
    return to_pdf(document, preview=True)


def _csv_preview(document: ReportDocument) -> bytes:
    return to_csv(document, preview=True)


def _xlsx_preview(document: ReportDocument) -> bytes:
    return to_xlsx(document, preview=True)


FORMATS = (
    Format("html", "text/html; charset=utf-8", to_html, _html_preview),
    Format("pdf", "application/pdf", to_pdf, _pdf_preview),
    Format("csv", "text/csv; charset=utf-8; header=present", to_csv, _csv_preview),
    Format("xlsx", XLSX, to_xlsx, _xlsx_preview),
    Format("json", "application/json", ReportDocument.to_bytes, ReportDocument.to_bytes),
)
BY_NAME = {each.name: each for each in FORMATS}
_BY_TYPE = {each.media_type.partition(";")[0]: each for each in FORMATS}
_RANGES = {
    "*/*": BY_NAME["html"],
    "text/*": BY_NAME["html"],
    "application/xhtml+xml": BY_NAME["html"],
    "application/*": BY_NAME["pdf"],
}


def choose(accepted: str) -> Format | None:
    """Return the form that a client likes best."""
    return liked_best(accepted, lambda kind: _BY_TYPE.get(kind) or _RANGES.get(kind))
