# SPDX-License-Identifier: EUPL-1.2
"""Messages in the order received, so that they are acknowledged in it (MQTT 5, 4.6)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from stadttakt_runtime.mqtt import Message


@dataclass(slots=True, eq=False)
class Receipt:
    """One received message; `safe` once it need not be delivered again."""

    message: Message
    safe: bool = False


class Receipts:
    """Processing may finish in any order; a message is acknowledged after all before it."""

    def __init__(self, acknowledge: Callable[[Sequence[Message]], None]) -> None:
        self._acknowledge = acknowledge
        self._open: deque[Receipt] = deque()

    def __len__(self) -> int:
        return len(self._open)

    def take(self, messages: Iterable[Message]) -> list[Receipt]:
        """Note messages in the order they came."""
        taken = [Receipt(message) for message in messages]
        self._open.extend(taken)
        return taken

    def settle(self, receipts: Iterable[Receipt]) -> None:
        """Note that these are safe, and acknowledge what nothing unsafe stands before."""
        for receipt in receipts:
            receipt.safe = True
        ready = []
        while self._open and self._open[0].safe:
            ready.append(self._open.popleft().message)
        if ready:
            self._acknowledge(ready)
