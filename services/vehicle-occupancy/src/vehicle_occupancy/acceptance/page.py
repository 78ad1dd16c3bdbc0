# SPDX-License-Identifier: EUPL-1.2
"""A report as one page to read and print: German first, English beside, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from html import escape
from importlib.resources import files
from zoneinfo import ZoneInfo

from vehicle_occupancy.acceptance.document import (
    EquivalenceView,
    IntervalView,
    ReportView,
    ResultView,
)
from vehicle_occupancy.domain.acceptance import Verdict

_FOLDER = files("vehicle_occupancy") / "acceptance"
_PAGE = (_FOLDER / "page.html").read_text(encoding="utf-8")
_STYLE = (_FOLDER / "page.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
CONTENT_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

_VERDICTS = {
    Verdict.EQUIVALENT: ("✓", "gleichwertig", "equivalent"),
    Verdict.BIASED: ("✗", "verzerrt", "biased"),
    Verdict.UNDECIDED: ("?", "offen", "undecided"),
    Verdict.UNTESTABLE: ("–", "nicht prüfbar", "not testable"),
}
_DIRECTIONS = {"boarding": ("Einstiege", "boardings"), "alighting": ("Ausstiege", "alightings")}
_REACH = 3.0
_WIDTH, _HEIGHT = 150, 28
_NONE = "–"


def to_page(report: ReportView, label: str, tested_at: datetime, timezone: ZoneInfo) -> str:
    """Return the page of a report."""
    at = tested_at.astimezone(timezone)
    fields = {
        "style": _STYLE,
        "label": escape(label),
        "date": f"{at:%d.%m.%Y, %H:%M}",
        "iso": at.isoformat(timespec="minutes"),
        "verdict_class": "passed" if report.accepted else "failed",
        "verdict": "✓ Abgenommen" if report.accepted else "✗ Nicht abgenommen",
        "verdict_en": "accepted" if report.accepted else "not accepted",
        "reason": _reason(report),
        "margin": _percent(report.margin, digits=2),
        "margin_en": f"{100 * report.margin:g} %",
        "confidence": f"{100 * report.confidence:g}".replace(".", ","),
        "confidence_en": f"{100 * report.confidence:g}",
        "risk": f"{50 * (1 - report.confidence):.3g}".replace(".", ","),
        "risk_en": f"{50 * (1 - report.confidence):.3g}",
        "whole": "".join(_rows([("Alle Fahrzeuge", report.whole)], report.margin)),
        "vehicles": "".join(_rows(((v.vehicle_id, v) for v in report.vehicles), report.margin)),
        "method": escape(report.method),
    }
    page = _PAGE
    for field, value in fields.items():
        page = page.replace("{{" + field + "}}", value)
    return page


def _reason(report: ReportView) -> str:
    sentences = []
    for name, found in (("boarding", report.whole.boarding), ("alighting", report.whole.alighting)):
        german, english = _DIRECTIONS[name]
        _, verdict, verdict_en = _VERDICTS[found.verdict]
        more = _more(found)
        sentences.append(
            f"<li>{german}: {verdict}{more} <span lang='en'>({english}: {verdict_en})</span></li>"
        )
    return "".join(sentences)


def _more(found: EquivalenceView) -> str:
    if found.verdict is not Verdict.UNDECIDED or found.needed is None:
        return ""
    if found.needed > found.events:
        return f"; geprüft {_whole(found.events)} Türereignisse, nötig etwa {_whole(found.needed)}"
    return "; gezählt ist genug, die Abweichung liegt nahe an der Grenze"


def _rows(results: Iterable[tuple[str, ResultView]], margin: float) -> Iterable[str]:
    for name, result in results:
        for index, way in enumerate(("boarding", "alighting")):
            found: EquivalenceView = getattr(result, way)
            head = "" if index else _head(name, accepted=result.accepted)
            body = "<tbody>" if not index else ""
            yield f"{body}<tr>{head}{_cells(way, found, margin)}</tr>{'</tbody>' if index else ''}"


def _head(name: str, *, accepted: bool) -> str:
    word, word_en = (
        ("✓ abgenommen", "accepted") if accepted else ("nicht abgenommen", "not accepted")
    )
    return (
        f"<th scope='rowgroup' rowspan='2'>{escape(name)}<br>"
        f"<small>{word} <span lang='en'>{word_en}</span></small></th>"
    )


def _cells(way: str, found: EquivalenceView, margin: float) -> str:
    german, english = _DIRECTIONS[way]
    sign, verdict, verdict_en = _VERDICTS[found.verdict]
    interval = found.interval
    cells = [
        _whole(found.events),
        _whole(found.missing),
        _whole(found.manual),
        _whole(found.automatic),
        _NONE if interval is None else _percent(interval.bias, signed=True),
        _NONE if interval is None else _span(interval),
    ]
    numbers = "".join(f"<td class='number'>{cell}</td>" for cell in cells)
    picture = "" if interval is None else _picture(interval, margin)
    return (
        f"<th scope='row'>{german} <span lang='en'>{english}</span></th>{numbers}"
        f"<td>{picture}</td>"
        f"<td class='verdict {found.verdict}'><span aria-hidden='true'>{sign}</span> {verdict} "
        f"<span lang='en'>{verdict_en}</span></td>"
        f"<td class='number'>{_NONE if found.needed is None else _whole(found.needed)}</td>"
    )


def _picture(interval: IntervalView, margin: float) -> str:
    """Draw the interval over the band it must lie in; what lies beyond ends at the edge."""
    low, bias, high = (
        _place(value / margin) for value in (interval.low, interval.bias, interval.high)
    )
    band, middle = _place(-1), _HEIGHT / 2
    title = f"Intervall {_span(interval)}, erlaubt ±{_percent(margin)}"
    return (
        f"<svg role='img' viewBox='0 0 {_WIDTH} {_HEIGHT}' width='{_WIDTH}' height='{_HEIGHT}'>"
        f"<title>{title}</title>"
        f"<rect class='band' x='{band:.1f}' y='2' width='{_place(1) - band:.1f}' height='24'/>"
        f"<line class='zero' x1='{_place(0):.1f}' x2='{_place(0):.1f}' y1='2' y2='26'/>"
        f"<line class='reach' x1='{low:.1f}' x2='{high:.1f}' y1='{middle}' y2='{middle}'/>"
        f"<circle class='bias' cx='{bias:.1f}' cy='{middle}' r='4.5'/></svg>"
    )


def _place(margins: float) -> float:
    inside = max(-_REACH, min(_REACH, margins))
    return 6 + (inside + _REACH) / (2 * _REACH) * (_WIDTH - 12)


def _span(interval: IntervalView) -> str:
    low, high = _percent(interval.low, signed=True), _percent(interval.high, signed=True)
    return f"{low.removesuffix(' %')} bis {high}"


def _percent(value: float, *, signed: bool = False, digits: int = 2) -> str:
    text = f"{100 * value:{'+' if signed else ''}.{digits}f}"
    return text.replace(".", ",").replace("-", "−") + " %"


def _whole(number: int) -> str:
    return f"{number:,}".replace(",", ".")
