# SPDX-License-Identifier: EUPL-1.2
"""A service day on the control centre's page: peaks by time, advice, what was done, the lines' comfort."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

from fastapi import Request

from stadttakt_runtime.login.rooms import Visit, here
from vehicle_occupancy.api.comfort import Comfort
from vehicle_occupancy.api.control.advice import options_read, options_to_choose
from vehicle_occupancy.api.control.frame import HOME, english, framed, hint
from vehicle_occupancy.api.control.lines import comfort_table
from vehicle_occupancy.api.control.rooms import records
from vehicle_occupancy.api.day_sheet_page import (
    action_told,
    facts,
    heading,
    nothing_expected,
    outcome_told,
    whole,
    without,
)
from vehicle_occupancy.api.peak_documents import ActionView, OptionView, PeakView
from vehicle_occupancy.api.untold import Untold

_DAYS = ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So")
_NEAR = (("Gestern", "yesterday", -1), ("Heute", "today", 0), ("Morgen", "tomorrow", 1))


@dataclass(frozen=True, slots=True)
class Shown:
    """A peak, its place on the page, and what can still be done."""

    mark: str
    peak: PeakView
    options: Sequence[OptionView]
    is_over: bool


@dataclass(frozen=True, slots=True)
class Day:
    """What is known of a service day at a moment."""

    day: date
    today: date
    now: datetime
    timezone: ZoneInfo
    shown: Sequence[Shown]
    untold: Untold
    ending: tuple[str, str] | None
    """that the timetable ends or is over, in both languages"""
    comfort: Sequence[Comfort]


@dataclass(frozen=True, slots=True)
class _Forms:
    """Where forms go, whose they are, and of which day."""

    request: Request
    visit: Visit
    day: date

    def begin(self, name: str, path: str, **fields: object) -> str:
        hidden = {
            "form_token": self.visit.session.form_token,
            "tag": self.day.isoformat(),
            **fields,
        }
        inputs = "".join(
            f"<input type='hidden' name='{key}' value='{escape(str(value))}'>"
            for key, value in hidden.items()
        )
        return f"<form class='{name}' method='post' action='{here(self.request, path)}'>{inputs}"


def day_page(request: Request, day: Day, visit: Visit, refused: tuple[str, str] | None) -> str:
    """Return the page of a day for who is logged in, with why the last form was refused."""
    forms = _Forms(request, visit, day.day)
    title = f"Spitzen am {_DAYS[day.day.weekday()]}, {day.day:%d.%m.%Y}"
    now = day.now.astimezone(day.timezone)
    simulated = any(each.peak.simulated for each in day.shown)
    main = (
        f"<h1>{title}</h1>{hint(*refused) if refused else ''}"
        f"<p id='stand'>Stand {now:%d.%m.%Y, %H:%M:%S} {english(f'as of now, day {day.day}')} "
        f"<span class='renewed'>Erneuert sich jede Minute, Eingaben bleiben stehen. "
        f"{english('Renewed each minute, entries stay.')}</span></p>"
        f"{_SIMULATED if simulated else ''}{hint(*day.ending) if day.ending else ''}"
        f"{without(day.untold.lines)}{_overview(day)}"
        f"{''.join(_peaks(day, forms))}{comfort_table(day.comfort)}"
    )
    return framed(request, f"{title} – Leitstelle", _header(request, day, visit), main)


_SIMULATED = f"<p><strong>Simulierte Daten</strong> {english('simulated data')}</p>"


def _header(request: Request, day: Day, visit: Visit) -> str:
    links = "".join(_link(request, day, *each) for each in _NEAR)
    leave = (
        f"{_Forms(request, visit, day.day).begin('leave', f'{HOME}/abmelden')}"
        f"<button>Abmelden {english('log out')}</button></form>"
    )
    brand = f"<p class='brand'>Leitstelle {english('control centre')}</p>"
    return f"{brand}<nav aria-label='Tage'><ul>{links}</ul></nav>{leave}"


def _link(request: Request, day: Day, german: str, also: str, days: int) -> str:
    """Return the way to a day near today; the one to today has no day, so that it goes on at night."""
    to = day.today + timedelta(days=days)
    current = " aria-current='page'" if to == day.day else ""
    address = here(request, HOME, tag=to if days else None)
    return f"<li><a href='{address}'{current}>{german} {english(also)}</a></li>"


def _overview(day: Day) -> str:
    """Return the day at a glance, by time."""
    if not day.shown:
        return nothing_expected(day.untold, day.ending)
    items = "".join(_glance(each, day.timezone) for each in day.shown)
    return (
        f"<section aria-labelledby='overview'><h2 id='overview'>Überblick {english('overview')}</h2>"
        f"<ol class='overview'>{items}</ol></section>"
    )


def _glance(each: Shown, timezone: ZoneInfo) -> str:
    peak = each.peak
    by_now = peak.now or peak
    state = f"{len(peak.actions)}× veranlasst" if peak.actions else "offen"
    if each.is_over:
        state += ", vorbei"
    return (
        f"<li class='{'over' if each.is_over else 'coming'}'><a href='#{each.mark}'>"
        f"{heading(peak, timezone)}</a> <span>{whole(by_now.expected_load)} von "
        f"{peak.comfort_limit}, zu {100 * by_now.probability:.0f} % zu voll; {state}</span></li>"
    )


def _peaks(day: Day, forms: _Forms) -> Iterator[str]:
    """Return those to come, then those that are over."""
    for is_over, name, german, also in (
        (False, "coming", "Kommende Spitzen", "peaks to come"),
        (True, "past", "Vorbei", "over"),
    ):
        found = [each for each in day.shown if each.is_over is is_over]
        if found:
            yield f"<section aria-labelledby='{name}'><h2 id='{name}'>{german} {english(also)}</h2>"
            yield "".join(_article(each, day, forms) for each in found)
            yield "</section>"


def _article(each: Shown, day: Day, forms: _Forms) -> str:
    peak, timezone = each.peak, day.timezone
    done = "".join(_done(action, peak, timezone, forms) for action in peak.actions)
    came = "" if peak.outcome is None else outcome_told(peak.outcome)
    advice = ""
    if peak.outcome is None and records(forms.visit):
        advice = _form(each, timezone, forms)
    elif not each.is_over:
        advice = f"{_ADVICE}{options_read(each.mark, each.options, timezone)}"
    return (
        f"<article id='{each.mark}' class='card'><h2>{heading(peak, timezone)}</h2>"
        f"{facts(peak, timezone, day.now)}{done}{came}{advice}</article>"
    )


_ADVICE = f"<h3>Rat {english('advice')}</h3>"


def _form(each: Shown, timezone: ZoneInfo, forms: _Forms) -> str:
    note = f"note-{each.mark}"
    return (
        f"{forms.begin('record', f'{HOME}/festhalten', peak_id=each.peak.peak_id)}"
        f"<fieldset><legend>Was ist möglich, was wurde veranlasst? "
        f"{english('what is possible, what was done?')}</legend>"
        f"{options_to_choose(each.mark, each.options, timezone)}</fieldset>"
        f"<p class='lapsed' hidden>Der gewählte Rat gilt nicht mehr: bitte neu wählen. "
        f"{english('The chosen advice does not hold any more: please choose anew.')}</p>"
        f"<label for='{note}'>Notiz {english('note')}</label>"
        f"<input id='{note}' name='note' maxlength='500' autocomplete='off'>"
        f"<button>Als veranlasst festhalten {english('record as done')}</button></form>"
    )


def _done(action: ActionView, peak: PeakView, timezone: ZoneInfo, forms: _Forms) -> str:
    told = action_told(action, timezone)
    if peak.outcome is not None or not records(forms.visit):
        return told
    form = forms.begin(
        "undo", f"{HOME}/zuruecknehmen", peak_id=peak.peak_id, action_id=action.action_id
    )
    return f"{told}{form}<button>Zurücknehmen {english('take back')}</button></form>"
