# SPDX-License-Identifier: EUPL-1.2
"""A report as one HTML page that needs nothing else."""

from __future__ import annotations

from importlib.resources import files
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kpi_aggregator.reporting import changes, words
from kpi_aggregator.reporting.document import Line, ReportDocument
from kpi_aggregator.reporting.drawing import drawing

FONT = "Noto Sans, Liberation Sans, DejaVu Sans, Arial, sans-serif"
_STYLE = (files("kpi_aggregator.reporting") / "templates/report.css").read_text(encoding="utf-8")
_PAGE = Environment(
    loader=PackageLoader("kpi_aggregator.reporting"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
).get_template("report.html")


def to_html(document: ReportDocument, *, preview: bool = False) -> bytes:
    """Return a report as a page; a preview says that it is one."""
    return _PAGE.render(
        document=document,
        changed=[line for line in document.lines if changes.is_change(line)],
        corrected=changes.corrected(document),
        preview=preview,
        words=words,
        changes=changes,
        zone=ZoneInfo(document.timezone),
        drawing=_drawing,
        style=Markup(_STYLE),  # noqa: S704 (a file of the program's own)
    ).encode()


def _drawing(line: Line) -> Markup:
    """Return the chart of a line with what it shows in words."""
    drawn = Markup(drawing(line, FONT))  # noqa: S704 (numbers and periods, made here)
    return Markup('<div role="img" aria-label="{}">{}</div>').format(words.course(line), drawn)
