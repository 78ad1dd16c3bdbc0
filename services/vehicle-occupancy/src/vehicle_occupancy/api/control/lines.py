# SPDX-License-Identifier: EUPL-1.2
"""Whether the lines became better, on the control centre's page: shares above the limit, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from html import escape
from typing import Any, NamedTuple

from fastapi import FastAPI

from vehicle_occupancy.api.comfort import Comfort, ComfortPeriod, comfort_of_lines
from vehicle_occupancy.api.control.frame import english
from vehicle_occupancy.api.day_sheet_page import NONE
from vehicle_occupancy.storage import peaks_comfort

_WHY = {
    "limit": (
        "Komfortgrenze war nicht an allen Tagen dieselbe",
        "the limit was not the same on all days",
    ),
    "places": ("ein Fahrzeug hatte andere Plätze", "a vehicle had other places"),
    "simulated": ("nur ein Teil der Tage ist simuliert", "only some days are simulated"),
}


class _Kept(NamedTuple):
    """What was reckoned on a day, of lines whose days were last closed at a moment."""

    today: date
    changed_at: datetime | None
    lines: Sequence[Comfort]


async def lines_comfort(app: FastAPI, connection: Any, today: date) -> Sequence[Comfort]:
    """Return how all lines were; reckoned anew only on another day or when one of theirs was closed."""
    changed_at = await peaks_comfort.changed_at(connection)
    kept: _Kept | None = getattr(app.state, "lines_comfort", None)
    if kept is None or (kept.today, kept.changed_at) != (today, changed_at):
        kept = _Kept(today, changed_at, await comfort_of_lines(connection, today))
        app.state.lines_comfort = kept
    return kept.lines


def comfort_table(lines: Sequence[Comfort]) -> str:
    """Return the lines' shares with how completely they were counted; nothing where there are none."""
    if not lines:
        return ""
    rows = "".join(_row(each) for each in lines)
    heads = "".join(
        f"<th scope='col'>{german} {english(also)}</th>"
        for german, also in (
            ("Linie", "line"),
            ("davor", "before"),
            ("zuletzt", "lately"),
            ("Änderung", "change"),
        )
    )
    caption = (
        "Anteil der Personenkilometer in zu vollen Fahrzeugen: die letzten 28 Tage und die 28 davor; "
        "dazu, wie viel gezählt wurde. "
        f"{english('share of passenger-kilometres in vehicles above the limit, last 28 days and before')}"
    )
    return (
        f"<section aria-labelledby='comfort'><h2 id='comfort'>Komfort der Linien "
        f"{english('comfort of the lines')}</h2><table><caption>{caption}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _row(comfort: Comfort) -> str:
    name = escape(comfort.line)
    if comfort.period.simulated or comfort.before.simulated:
        name += f" <small>simuliert {english('simulated')}</small>"
    return (
        f"<tr><th scope='row'>{name}</th><td>{_share(comfort.before)}</td>"
        f"<td>{_share(comfort.period)}</td><td class='change'>{_change(comfort)}</td></tr>"
    )


def _share(period: ComfortPeriod) -> str:
    if not period.days:
        return NONE
    share = NONE if period.share_above is None else f"{_number(100 * period.share_above)} %"
    counted = f"{_number(100 * period.completeness)} % gezählt"
    return f"{share} <small>{counted} {english('counted')}</small>"


def _change(comfort: Comfort) -> str:
    if comfort.not_comparable is not None:
        german, also = _WHY[comfort.not_comparable]
        return f"nicht vergleichbar: {german} {english(f'not comparable: {also}')}"
    change = comfort.change_of_share
    return NONE if change is None else f"{_number(100 * change, sign='+')} Pp."


def _number(value: float, *, sign: str = "-") -> str:
    return f"{value:{sign}.1f}".replace(".", ",").replace("-", "−")
