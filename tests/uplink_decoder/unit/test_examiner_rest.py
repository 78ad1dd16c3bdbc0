# SPDX-License-Identifier: EUPL-1.2
"""The examiner rests by how long it worked, by what it computed, and after a database that hung not for minutes."""

from __future__ import annotations

import pytest

from uplink_decoder.examiner import LONGEST_REST_S, rest_s


@pytest.mark.parametrize(
    ("worked_s", "computed_s", "rests_s"),
    [
        (0.0, 0.0, 0.0),
        (0.5, 0.1, 12.0),
        (10.0, 0.1, LONGEST_REST_S),
        (25.0, 20.0, 480.0),
        (20.0, 20.0, 480.0),
    ],
)
def test_rest_is_a_multiple_of_what_was_computed_and_of_waiting_up_to_a_minute(
    worked_s: float, computed_s: float, rests_s: float
) -> None:
    assert rest_s(worked_s, computed_s) == rests_s
    assert computed_s <= 0.05 * (worked_s + rests_s)
