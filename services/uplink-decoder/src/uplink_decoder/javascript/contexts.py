# SPDX-License-Identifier: EUPL-1.2
"""The contexts of one worker process: kept for stateless formatters, fresh for all others."""

from __future__ import annotations

from collections import OrderedDict

from uplink_decoder.javascript.engine import LoadedScript

KEPT = 64
USES = 10_000
"""A formatter that says it keeps nothing and does so grows no further than this."""


class Contexts:
    """Remembers the contexts that may serve again, by the key of their source."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[LoadedScript, int]] = OrderedDict()

    def decode(self, key: str, source: str, frames: str, *, count: int) -> str:
        """Decode frames, a JSON list of so many, in a context that served before or a new one.

        A context in which the engine stopped serves no other frame.

        Raises:
            EngineError: the formatter does not load, or all frames together reached a limit.

        """
        kept = self._kept.pop(key, None)
        script, uses = kept or (LoadedScript(source), 0)
        answers = script.decode(frames)
        uses += count
        if uses < USES:
            self._kept[key] = (script, uses)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return answers
