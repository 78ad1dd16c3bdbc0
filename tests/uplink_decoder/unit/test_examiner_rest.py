# SPDX-License-Identifier: EUPL-1.2
"""The examiner rests by how long it worked, and after a database that hung not for minutes."""

from __future__ import annotations

import pytest

from uplink_decoder.examiner import LONGEST_REST_S, rest_s


@pytest.mark.parametrize(("worked_s", "rests_s"), [(0.0, 0.0), (0.5, 12.0), (10.0, 60.0)])
def test_rest_is_a_multiple_of_work_up_to_a_minute(worked_s: float, rests_s: float) -> None:
    assert rest_s(worked_s) == rests_s <= LONGEST_REST_S
