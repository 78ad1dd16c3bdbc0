# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stadttakt_runtime.mqtt import Message
from uplink_decoder.receipts import Receipts


def message(number: int) -> Message:
    return Message("t", b"", 1, False, False, number, 1)  # noqa: FBT003 (as MQTT has them)


@given(st.integers(1, 30).flatmap(lambda count: st.permutations(range(count))))
def test_acknowledged_in_the_order_received_whatever_finishes_first(order: list[int]) -> None:
    acknowledged: list[int] = []
    receipts = Receipts(lambda messages: acknowledged.extend(m.mid for m in messages))
    taken = receipts.take(message(number) for number in range(len(order)))
    for position, number in enumerate(order):
        receipts.settle([taken[number]])
        done = set(order[: position + 1])
        ready = next((n for n in range(len(order)) if n not in done), len(order))
        assert acknowledged == list(range(ready))
    assert len(receipts) == 0
