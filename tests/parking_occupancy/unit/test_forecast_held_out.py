# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import numpy as np

from parking_occupancy.domain.forecast.held_out import HeldOut, check


def test_errors_are_counted_in_whole_places_per_lot_and_horizon() -> None:
    # Ten of twenty places are free; two vehicles more come, 1.6, none and 30 were expected.
    held_out = HeldOut(
        cell=np.array([0, 0, 3, 3]),
        now=np.full(4, 10.0, np.float32),
        capacity=np.full(4, 20.0, np.float32),
        change=np.full(4, 2.0, np.float32),
        expected=np.array([1.6, 0.0, 30.0, 9.0], np.float32),
        least=np.full(4, -1.0, np.float32),
        most=np.full(4, 1.0, np.float32),
    )
    found = check(held_out, np.array([True, True, True, False]), (2, 2))
    assert found.shape == (2, 2, 4)
    np.testing.assert_allclose(found[0, 0], [2, 1.0, 2.0, 0.5])
    np.testing.assert_allclose(found[1, 1], [1, 8.0, 2.0, 0.0])
    np.testing.assert_allclose(found[0, 1], 0)
