# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import time

import pytest

from bench.load import load
from bench.ranks import ranked
from stadttakt_simulators.burst import burst_devices
from support.stack import Stack


def test_what_the_broker_took_a_second_is_told(stack: Stack) -> None:
    with load(stack, burst_devices(5), 50, 60) as sent:
        assert sent.per_s == 0
        time.sleep(2)

    assert 0 < sent.per_s < 100


def test_load_that_ended_before_the_block_is_an_error(stack: Stack) -> None:
    with (
        pytest.raises(RuntimeError, match="1 s of them were too few"),
        load(stack, burst_devices(5), 20, 1),
    ):
        time.sleep(3)


def test_sender_that_dies_is_an_error(stack: Stack) -> None:
    with pytest.raises(RuntimeError, match="the sender died"), load(stack, [], 5, 1):
        pass


@pytest.mark.parametrize(
    ("share", "value"), [(0.5, 5.0), (0.95, 10.0), (0.9, 9.0), (0.01, 1.0), (1.0, 10.0)]
)
def test_rank_is_the_smallest_value_that_the_share_does_not_exceed(
    share: float, value: float
) -> None:
    assert ranked([float(each) for each in range(10, 0, -1)], share) == value


def test_99th_of_a_hundred_is_not_the_worst() -> None:
    assert ranked([*[5.0] * 99, 9.0], 0.99) == 5
