# SPDX-License-Identifier: EUPL-1.2
"""What could be done about a peak, to read and to choose from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from zoneinfo import ZoneInfo

from vehicle_occupancy.api.control.frame import english
from vehicle_occupancy.api.day_sheet_page import KINDS, row, trip_told, whole
from vehicle_occupancy.api.peak_documents import OptionView
from vehicle_occupancy.domain.peaks.option import OptionKind

_NOTHING = f"<p>Der Rat nennt jetzt nichts. {english('Advice names nothing as of now.')}</p>"
_SHOWN = 2
_OTHERS = {
    OptionKind.SHIFT: (
        "die andere Fahrt",
        "other departure",
        "müssten wechseln",
        "would have to move",
    ),
    OptionKind.RETIME: (
        "nächste Fahrt",
        "next departure",
        "fahren dann mit ihr",
        "then ride in it",
    ),
    OptionKind.LENGTHEN: ("kann es abgeben", "who could give it", "fahren darin", "ride in it"),
    OptionKind.INSERT: ("Fahrzeug frei nach", "vehicle free after", "nimmt sie mit", "it takes"),
}


def options_read(mark: str, options: Sequence[OptionView], timezone: ZoneInfo) -> str:
    """Return options to read only."""
    told = [
        f"<div class='option'><p>{_name(each.kind)}</p>{_details(each, timezone)}</div>"
        for each in options
    ]
    return _folded(mark, told) or _NOTHING


def options_to_choose(mark: str, options: Sequence[OptionView], timezone: ZoneInfo) -> str:
    """Return what advice names, then all kinds of doing, to choose what was done."""
    advised = [
        f"<div class='option'>{_radio(mark, each.kind, each.trip_id)}{_details(each, timezone)}</div>"
        for each in options
    ]
    besides = "".join(
        f"<div class='besides'>{_radio(mark, kind, None)}</div>"
        for kind in KINDS
        if (kind, None) not in {(each.kind, each.trip_id) for each in options}
    )
    head = f"<p>Anderes als der Rat: {english('other than advised')}</p>"
    return f"{_folded(mark, advised) or _NOTHING}{head}{besides}"


def _folded(mark: str, told: Sequence[str]) -> str:
    """Return options, those after the first so that they can be folded where there is little room."""
    first, more = "".join(told[:_SHOWN]), "".join(told[_SHOWN:])
    if not more:
        return first
    head = f"Weiterer Rat: {len(told) - _SHOWN} {english('more advice')}"
    return (
        f"{first}<details id='more-{mark}' class='more'><summary>{head}</summary>{more}</details>"
    )


def _radio(mark: str, kind: str, trip_id: str | None) -> str:
    value = escape(f"{kind} {trip_id or ''}".strip())
    place = f"{mark}-{value}".replace(" ", "-")
    return (
        f"<p class='choice'><input type='radio' id='{place}' name='chosen' value='{value}' required>"
        f"<label for='{place}'>{_name(kind)}</label></p>"
    )


def _name(kind: str) -> str:
    german, also = KINDS[kind]
    return f"<strong>{german[0].upper()}{german[1:]}</strong> {english(also)}"


def _details(option: OptionView, timezone: ZoneInfo) -> str:
    return f"<dl>{''.join(_rows(option, timezone))}</dl>"


def _rows(option: OptionView, timezone: ZoneInfo) -> Iterator[str]:
    german, also, moved, moved_also = _OTHERS[option.kind]
    if option.trip_id is not None:
        yield row(german, also, trip_told(option.trip, option.trip_id, timezone))
    elif option.kind is not OptionKind.SHIFT:
        yield row(german, also, f"keines bekannt {english('none known')}")
    if option.vehicle_capacity is not None:
        yield row("mindestens Plätze", "places at least", f"{option.vehicle_capacity}")
    if option.minutes is not None:
        when = "früher" if option.minutes < 0 else "später"
        yield row("Abfahrt", "departure", f"{whole(abs(option.minutes))} Minuten {when}")
    assumed = ""
    if option.assumed_movers is not None:
        assumed = f"; angenommen, dass {option.assumed_movers} es tun"
    yield row(moved, moved_also, f"{option.passengers} Personen{assumed}")
    yield row("soll bewirken", "expected effect", _effect(option))
    cost = option.cost
    yield row(
        "Kosten, geschätzt", "cost, estimated",
        f"{whole(cost.eur)} € und {whole(cost.passenger_minutes)} Minuten der Fahrgäste",
    )  # fmt: skip


def _effect(option: OptionView) -> str:
    effect = option.expected_effect
    told = (
        f"über der Grenze zu {100 * effect.probability_after:.0f} % statt "
        f"{100 * effect.probability_before:.0f} %, im Mittel {whole(effect.excess_after)} zu viel "
        f"statt {whole(effect.excess_before)}"
    )
    if effect.other_probability is not None:
        told += f"; die andere Fahrt zu voll zu {100 * effect.other_probability:.0f} %"
    return told
