# SPDX-License-Identifier: EUPL-1.2
"""How much each connection may take at its turn."""

from hypothesis import given
from hypothesis import strategies as st

from uplink_decoder.feeds.shares import Shares


def test_connection_that_is_alone_takes_a_whole_batch() -> None:
    shares = Shares(1000)
    alone = shares.join(1, lambda: 500)
    idle = shares.join(5, lambda: 0)
    assert alone() == 1000
    assert idle() == 833


def test_connections_share_by_weight_while_they_have_something_waiting() -> None:
    shares = Shares(1000)
    flooding = shares.join(1, lambda: 20_000)
    other = shares.join(3, lambda: 2)
    assert (flooding(), other()) == (250, 750)


@given(st.integers(1, 2000), st.lists(st.integers(1, 100), min_size=1, max_size=30))
def test_shares_of_one_round_make_up_at_most_a_batch_and_nobody_gets_none(
    batch_size: int, weights: list[int]
) -> None:
    shares = Shares(batch_size)
    sizes = [shares.join(weight, lambda: 1) for weight in weights]
    taken = [size() for size in sizes]
    assert min(taken) >= 1
    assert sum(taken) <= max(batch_size, len(weights)) + len(weights)
    by_weight = [size for _, size in sorted(zip(weights, taken, strict=True))]
    assert by_weight == sorted(by_weight)
