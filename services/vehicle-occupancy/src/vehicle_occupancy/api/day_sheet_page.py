# SPDX-License-Identifier: EUPL-1.2
"""The peaks of a service day to read and print: German first, English beside, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from html import escape
from importlib.resources import files
from zoneinfo import ZoneInfo

from vehicle_occupancy.api.peak_documents import (
    ActedView,
    ActionView,
    NowView,
    OutcomeView,
    PeakView,
    TripView,
)
from vehicle_occupancy.api.untold import Untold, UntoldLine
from vehicle_occupancy.domain.peaks.option import OptionKind
from vehicle_occupancy.domain.peaks.outcome import Verdict
from vehicle_occupancy.domain.running import TOLD_LATE_MIN

_STYLE = (files("vehicle_occupancy") / "api" / "day_sheet.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
CONTENT_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
KINDS = {
    OptionKind.SHIFT: ("Fahrgäste auf andere Fahrt", "passengers to another departure"),
    OptionKind.LENGTHEN: ("größeres Fahrzeug", "longer vehicle"),
    OptionKind.INSERT: ("zusätzliche Fahrt", "extra trip"),
    OptionKind.RETIME: ("frühere Abfahrt", "earlier departure"),
    "other": ("anderes", "other"),
}
_VERDICTS = {
    Verdict.ABOVE_LIMIT: ("above", "✗ zu voll", "above the limit"),
    Verdict.BELOW_LIMIT: ("capped", "✓ nicht zu voll", "below the limit"),
    Verdict.NOT_COUNTED: ("", "nicht gezählt", "not counted"),
}
NONE = "–"
_ALL_TOLD = Untold()


@dataclass(frozen=True, slots=True)
class Sheet:
    """Of which day, in which zone and as of when a page is; `home` is the control centre's page of the day."""

    day: date
    timezone: ZoneInfo
    now: datetime
    home: str


def to_page(
    sheet: Sheet,
    peaks: Sequence[PeakView],
    *,
    untold: Untold = _ALL_TOLD,
    ending: tuple[str, str] | None = None,
) -> str:
    """Return the page of a day.

    `untold` are lines without peaks because nothing is told of them.
    `ending` says in both languages
    that the timetable ends or is over.
    """
    title = f"Spitzen am {sheet.day:%d.%m.%Y}"
    body = "".join(article(peak, sheet.timezone, sheet.now) for peak in peaks)
    nothing = nothing_expected(untold, ending)
    simulated = any(peak.simulated for peak in peaks)
    note = "<p><strong>Simulierte Daten</strong> <span lang='en'>simulated data</span></p>"
    return (
        "<!doctype html><html lang='de'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f"<header><h1>{title}</h1><p><span lang='en'>Peaks on {sheet.day.isoformat()}</span></p>"
        f"<p><a href='{escape(sheet.home)}'>Seite der Leitstelle <span lang='en'>control centre's page</span></a></p>"
        f"{note if simulated else ''}</header><main>{ends(ending)}{without(untold.lines)}{body or nothing}"
        "</main></body></html>"
    )


def ends(ending: tuple[str, str] | None) -> str:
    """Return that the timetable ends or is over, if so."""
    if ending is None:
        return ""
    german, english = ending
    return f"<p class='above'>{german} <span lang='en'>{english}</span></p>"


def nothing_expected(untold: Untold, ending: tuple[str, str] | None) -> str:
    """Return that no peak is expected; nothing where that is known of no line."""
    if ending is not None or untold.is_all:
        return ""
    if any(each.horizon == "day_ahead" for each in untold.lines):
        return (
            "<p>Auf anderen Linien keine Spitze erwartet. "
            "<span lang='en'>No peak expected on other lines.</span></p>"
        )
    return "<p>Keine Spitze erwartet. <span lang='en'>No peak expected.</span></p>"


def without(untold: Sequence[UntoldLine]) -> str:
    """Return for which lines there is no forecast, by reason; nothing where there is one for each."""
    of_day = [each for each in untold if each.horizon == "day_ahead"]
    reasons = dict.fromkeys((each.de, each.en) for each in of_day)
    said = "".join(
        f"<li>{', '.join(_way(each) for each in of_day if each.de == de)}: {escape(de)} "
        f"<span lang='en'>{escape(en)}</span></li>"
        for de, en in reasons
    )
    if not said:
        return ""
    head = "Für diese Linien keine Prognose <span lang='en'>no forecast for these lines</span>"
    return f"<section><h2>{head}</h2><ul>{said}</ul></section>"


def _way(untold: UntoldLine) -> str:
    towards = untold.towards or f"{untold.direction}"
    return f"Linie {escape(untold.line)} Richtung {escape(towards)}"


def article(peak: PeakView, timezone: ZoneInfo, now: datetime) -> str:
    """Return what is told of a peak, what was done about it, and what came of it."""
    done = "".join(action_told(action, timezone) for action in peak.actions)
    came = "" if peak.outcome is None else outcome_told(peak.outcome)
    head = f"<h2>{heading(peak, timezone)}</h2>"
    return f"<article>{head}{facts(peak, timezone, now)}{done}{came}</article>"


def heading(peak: PeakView, timezone: ZoneInfo) -> str:
    """Return when and where it is too full."""
    at = peak.at.astimezone(timezone)
    stops = f"{escape(peak.section.from_name)} → {escape(peak.section.to_name)}"
    towards = f" Richtung {escape(peak.trip.headsign)}" if peak.trip else ""
    return (
        f"<time datetime='{at.isoformat()}'>{at:%H:%M}</time> "
        f"Linie {escape(peak.line)}{towards}, {stops}"
    )


def facts(peak: PeakView, timezone: ZoneInfo, now: datetime) -> str:
    """Return the trip and what is expected of it, as of then and by now."""
    rows = [
        row("Fahrt", "trip", trip_told(peak.trip, peak.trip_id, timezone)),
        row(
            f"erwartet am {_moment(peak.issued_at, timezone)}", "expected then",
            f"{_expected(peak)}, Grenze {peak.comfort_limit}",
        ),
    ]  # fmt: skip
    if peak.expected_at is not None:
        rows += _due(peak.at, peak.expected_at.astimezone(timezone), now)
    if peak.now is not None:
        until = f"gilt bis {peak.now.valid_until.astimezone(timezone):%H:%M:%S}"
        rows.append(row("jetzt erwartet", "expected now", f"{_expected(peak.now)}, {until}"))
    return f"<dl>{''.join(rows)}</dl>"


def _due(planned: datetime, due: datetime, now: datetime) -> Iterator[str]:
    """Yield when a trip is due, where that is another time than planned or past."""
    minutes = round((due - planned) / timedelta(minutes=1))
    german, also = "pünktlich", "on time"
    if abs(minutes) >= TOLD_LATE_MIN:
        german, also = ("verspätet", "late") if minutes > 0 else ("früher", "early")
    if due <= now:
        yield row(f"{german}, erwartet", f"{also}, expected", "jeden Moment")
    elif abs(minutes) >= TOLD_LATE_MIN:
        yield row(f"{german}, erwartet um", f"{also}, expected at", f"{due:%H:%M}")


def trip_told(trip: TripView | None, trip_id: str, timezone: ZoneInfo) -> str:
    """Return a trip as people know it, with the id that other systems know it by."""
    if trip is None:
        return escape(trip_id)
    leaves = f"{trip.leaves_at.astimezone(timezone):%H:%M} ab {escape(trip.from_name)}"
    way = f"Linie {escape(trip.line)} Richtung {escape(trip.headsign)}"
    return f"{leaves}, {way} <small>{escape(trip_id)}</small>"


def _expected(told: PeakView | NowView) -> str:
    return (
        f"{whole(told.expected_load)} ({whole(told.p10)} bis {whole(told.p90)}), "
        f"über der Grenze zu {100 * told.probability:.0f} %, im Mittel {whole(told.excess)} zu viel"
    )


def _moment(at: datetime, timezone: ZoneInfo) -> str:
    return f"{at.astimezone(timezone):%d.%m.%Y %H:%M}"


def action_told(action: ActionView, timezone: ZoneInfo) -> str:
    """Return who did what, and what it was to change."""
    german, english = KINDS[action.kind]
    promise = action.promise
    expected = NONE
    if promise is not None:
        expected = (
            f"{promise.moved} Personen weniger als {whole(promise.load)}, Grenze "
            f"{promise.limit_after}, über der Grenze zu {100 * promise.probability_after:.0f} % "
            f"statt {100 * promise.probability:.0f} %"
        )
    rows = [
        row(
            "wer, wann",
            "who, when",
            f"{escape(action.author_name or action.author)}, {_moment(action.taken_at, timezone)}",
        ),
        row("sollte bewirken", "was to change", expected),
    ]
    if action.trip_id is not None:
        rows.insert(0, row("Fahrt", "trip", trip_told(action.trip, action.trip_id, timezone)))
    if action.note:
        rows.append(row("Notiz", "note", escape(action.note)))
    head = f"<h3>{german} <span lang='en'>{english}</span></h3>"
    return f"{head}<dl>{''.join(rows)}</dl>"


def outcome_told(came: OutcomeView) -> str:
    """Return what came of a peak."""
    name, german, english = _VERDICTS[came.verdict]
    verdict = f"<span class='{name}'>{german}</span> <span lang='en'>{english}</span>"
    rows = [row("Ergebnis", "outcome", verdict)]
    if came.load is not None:
        usual = f", üblich {whole(came.usual_load)}" if came.usual_load is not None else ""
        rows.append(row("gezählt", "counted", f"{whole(came.load)}{usual}"))
    if came.acted is not None:
        rows += _acted(came.acted)
    return f"<h3>Am Tag danach <span lang='en'>the day after</span></h3><dl>{''.join(rows)}</dl>"


def _acted(acted: ActedView) -> Iterator[str]:
    expected = NONE if acted.expected_moved is None else str(acted.expected_moved)
    moved = NONE
    if acted.moved is not None and acted.moved_min is not None and acted.moved_max is not None:
        chance = " – kann Zufall sein" if acted.moved_min <= 0 <= acted.moved_max else ""
        moved = (
            f"{whole(acted.moved)} ({whole(acted.moved_min)} bis {whole(acted.moved_max)}){chance}"
        )
    yield row("sollten wechseln", "were to move", expected)
    yield row("wechselten", "moved", moved)
    if acted.capped is not None:
        german, english = (
            ("✓ gekappt", "capped") if acted.capped else ("✗ nicht gekappt", "not capped")
        )
        name = "capped" if acted.capped else "above"
        limit = f"<span class='{name}'>{german}</span>, Grenze {acted.limit}"
        yield row("Spitze", "peak", f"{limit} <span lang='en'>{english}</span>")


def row(german: str, english: str, value: str) -> str:
    """Return a line of a list of facts; the value is markup."""
    return f"<dt>{german} <span lang='en'>{english}</span></dt><dd>{value}</dd>"


def whole(value: float) -> str:
    """Return a number without its fraction."""
    return f"{value:.0f}".replace("-", "−")
