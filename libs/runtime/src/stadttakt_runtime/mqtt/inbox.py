# SPDX-License-Identifier: EUPL-1.2
"""What was received and nobody has taken yet, across connections."""

from __future__ import annotations

from collections import deque

from stadttakt_runtime.mqtt.message import Message


class Inbox:
    """Messages in the order received; what an earlier connection left is kept.

    The broker delivers that again under the packet identifier it had (4.4), and then the repetition takes its place, since only that
    can be acknowledged. A broker that died may have forgotten it: then what is here is all there is.
    """

    def __init__(self) -> None:
        self._messages: deque[Message] = deque()
        self._kept: dict[int, Message] = {}
        self._again: dict[int, Message] = {}

    def __len__(self) -> int:
        """How many wait."""
        return len(self._messages)

    def add(self, message: Message) -> bool:
        """Take in a message; false where it repeats one that is kept."""
        if self._kept:
            kept = self._kept.get(message.mid)
            if kept and (kept.topic, kept.payload) == (message.topic, message.payload):
                self._again[message.mid] = message
                return False
        self._messages.append(message)
        return True

    def take(self, count: int) -> list[Message]:
        """Return the first ones, at most `count`."""
        taken = [self._messages.popleft() for _ in range(min(count, len(self._messages)))]
        return [self._newest(message) for message in taken] if self._kept else taken

    def begin_connection(self) -> None:
        """Keep what waits: it may come again from now on."""
        self._messages = deque(self.take(len(self._messages)))
        self._kept = {message.mid: message for message in self._messages if message.qos}

    def _newest(self, message: Message) -> Message:
        if self._kept.get(message.mid) is not message:
            return message
        del self._kept[message.mid]
        return self._again.pop(message.mid, message)
