# SPDX-License-Identifier: EUPL-1.2
"""Forecasts of all lots at one time: computed in one go, as rows to be stored; no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from parking_occupancy.domain.forecast.adapting import stretched
from parking_occupancy.domain.forecast.baselines import persistence, seasonal_mean
from parking_occupancy.domain.forecast.calendar import Calendar, days_of
from parking_occupancy.domain.forecast.model import Model, forecast
from parking_occupancy.domain.forecast.panel import Floats, Panel
from parking_occupancy.domain.forecast.telling import Reason
from parking_occupancy.domain.forecast.weather import Measured
from parking_occupancy.forecasting.backtest import in_places
from parking_occupancy.storage.forecasts import IssuedRow

HORIZONS_MIN = tuple(range(15, 241, 15))
LEAST_KNOWN_DAYS = 7
"""What a lot must be known of the last six weeks, in whole days together."""


def issue(
    named: tuple[str, Model],
    panel: Panel,
    calendar: Calendar,
    reach: Mapping[tuple[str, int], float],
    measured: Sequence[Measured] = (),
) -> list[IssuedRow]:
    """Return the forecasts of all lots at the panel's last tick, withheld ones without numbers."""
    name, model = named
    further = panel.steps(max(model.horizons_min))
    days = days_of(panel, calendar, further=further, measured=measured)
    tick = panel.ticks - 1
    lots = np.arange(len(panel.lot_ids), dtype=np.int64)
    ticks = np.full(len(lots), tick, np.int64)
    found = forecast(model, panel, days, lots=lots, ticks=ticks)
    told = in_places(stretched(found, _reach(panel, model, reach), panel.capacity[:, None]))
    seasonal = np.stack(
        [
            seasonal_mean(panel, days, lots, ticks + panel.steps(minutes))
            for minutes in model.horizons_min
        ],
        axis=1,
    )
    present = persistence(panel, lots, ticks)
    known = np.sum(~np.isnan(panel.free), axis=1)
    enough = LEAST_KNOWN_DAYS * panel.steps(24 * 60)
    issued_at = panel.at(tick)
    rows = []
    for lot, lot_id in enumerate(panel.lot_ids):
        reason = _reason(known=int(known[lot]), enough=enough, present=float(present[lot]))
        if reason is not None:
            rows.append(IssuedRow(lot_id, issued_at, name, reason))
            continue
        rows.append(
            IssuedRow(
                lot_id, issued_at, name, None, float(present[lot]),
                _whole(told.free[lot]), _whole(told.low[lot]), _whole(told.high[lot]),
                [None if np.isnan(value) else float(value) for value in seasonal[lot]],
            )
        )  # fmt: skip
    return rows


def _reason(*, known: int, enough: int, present: float) -> Reason | None:
    if known < enough:
        return Reason.TOO_LITTLE_HISTORY
    return Reason.DATA_STALE if np.isnan(present) else None


def _reach(panel: Panel, model: Model, reach: Mapping[tuple[str, int], float]) -> Floats:
    rows = [
        [reach.get((lot_id, minutes), 1.0) for minutes in model.horizons_min]
        for lot_id in panel.lot_ids
    ]
    return np.array(rows, np.float32).reshape(len(panel.lot_ids), len(model.horizons_min))


def _whole(values: Floats) -> Sequence[int]:
    return [int(value) for value in values]
