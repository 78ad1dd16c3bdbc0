# SPDX-License-Identifier: EUPL-1.2
"""What was received and nobody has taken yet, across connections."""

from __future__ import annotations

from collections import deque
from itertools import count

from stadttakt_runtime.mqtt.message import Message

_Key = tuple[int, str, bytes] | int


class Inbox:
    """Messages in the order received; what an earlier connection left is kept, and comes first.

    The broker delivers that again, in its order among what was taken and not acknowledged (4.6), under the packet identifier it had (4.4):
    then the repetition is there instead, since only that can be acknowledged. A broker that died may have forgotten it: then what
    is here is all there is.
    """

    def __init__(self) -> None:
        self._messages: deque[Message] = deque()
        self._left: dict[_Key, Message] = {}
        self._unnumbered = count()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._left) + len(self._messages)

    def add(self, message: Message) -> bool:
        """Take in a message; false where it repeats one that was left, which it stands for."""
        is_new = not self._left or self._left.pop(_key(message), None) is None
        self._messages.append(message)
        return is_new

    def take(self, count: int) -> list[Message]:
        """Return the first ones, at most `count`."""
        left = [self._left.pop(key) for key in list(self._left)[:count]] if self._left else []
        rest = min(count - len(left), len(self._messages))
        return left + [self._messages.popleft() for _ in range(rest)]

    def begin_connection(self) -> None:
        """Keep what waits: it may come again from now on."""
        for message in self._messages:
            # What has no identifier is not delivered again.
            key = _key(message) if message.qos else next(self._unnumbered)
            self._left.pop(key, None)
            self._left[key] = message
        self._messages.clear()


def _key(message: Message) -> _Key:
    return message.mid, message.topic, message.payload
