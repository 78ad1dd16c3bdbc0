# SPDX-License-Identifier: EUPL-1.2
"""A model as bytes: numpy's own format, without pickle, so that reading one runs no code."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np

from parking_occupancy.domain.forecast.boosting import Trees
from parking_occupancy.domain.forecast.features import NAMES
from parking_occupancy.domain.forecast.model import Model

FORM = 2


class OtherFormError(ValueError):
    """A model that code of another version wrote."""


def to_bytes(model: Model) -> bytes:
    """Return a model as bytes."""
    arrays: dict[str, Any] = {
        "form": np.array(FORM),
        "names": np.array(NAMES),
        "horizons_min": np.array(model.horizons_min),
        "lot_ids": np.array(model.lot_ids, dtype=np.str_),
        "usual_change": model.usual_change,
        "low": model.low,
        "high": model.high,
        "checked": model.checked,
    }
    for name, trees in (*_named(model), ("spread", model.spread)):
        arrays |= _arrays(name, trees)
    stream = BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def from_bytes(content: bytes) -> Model:
    """Return the model; raises OtherFormError where its form or its features are not ours."""
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        if int(arrays["form"]) != FORM or tuple(arrays["names"].tolist()) != NAMES:
            raise OtherFormError("the model was written by another version")
        count = sum(name.startswith("centre") and name.endswith("base") for name in arrays.files)
        return Model(
            horizons_min=tuple(int(minutes) for minutes in arrays["horizons_min"]),
            lot_ids=tuple(str(lot_id) for lot_id in arrays["lot_ids"]),
            usual_change=arrays["usual_change"],
            centres=tuple(_trees(arrays, f"centre{index}") for index in range(count)),
            spread=_trees(arrays, "spread"),
            low=arrays["low"],
            high=arrays["high"],
            checked=arrays["checked"],
        )


def _named(model: Model) -> list[tuple[str, Trees]]:
    return [(f"centre{index}", trees) for index, trees in enumerate(model.centres)]


def _arrays(name: str, trees: Trees) -> dict[str, Any]:
    lengths = np.array([len(cuts) for cuts in trees.cuts])
    return {
        f"{name}.base": np.array(trees.base),
        f"{name}.cuts": np.concatenate(trees.cuts),
        f"{name}.lengths": lengths,
        f"{name}.columns": trees.columns,
        f"{name}.borders": trees.borders,
        f"{name}.values": trees.values,
    }


def _trees(arrays: Any, name: str) -> Trees:
    ends = np.cumsum(arrays[f"{name}.lengths"])[:-1]
    return Trees(
        base=float(arrays[f"{name}.base"]),
        cuts=tuple(np.split(arrays[f"{name}.cuts"], ends)),
        columns=arrays[f"{name}.columns"],
        borders=arrays[f"{name}.borders"],
        values=arrays[f"{name}.values"],
    )
