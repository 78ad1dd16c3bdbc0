"""The contexts of one worker thread: kept for stateless formatters, fresh for all others."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from uplink_decoder.codecs.model import Frame, ScriptCodec
from uplink_decoder.javascript.engine import LoadedScript, ScriptError, ScriptResult

KEPT = 64
USES = 10_000
"""A formatter that says it keeps nothing and does so grows no further than this."""


class Contexts:
    """Belongs to one thread, as its contexts do."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[LoadedScript, int]] = OrderedDict()

    def decode(
        self, codec: ScriptCodec, frames: Sequence[Frame], variables: Mapping[str, str] | None
    ) -> list[ScriptResult | ScriptError]:
        """Decode frames; a context that saw an error of the engine serves no other frame.

        Raises:
            ScriptError: the formatter does not load, or all frames together reached a limit.

        """
        if not codec.stateless:
            return [
                answer
                for frame in frames
                for answer in LoadedScript(codec.source).decode([frame], variables)
            ]
        kept = self._kept.pop(codec.source) if codec.source in self._kept else None
        script, uses = kept or (LoadedScript(codec.source), 0)
        answers = script.decode(frames, variables)
        uses += len(frames)
        if uses < USES and not any(isinstance(answer, ScriptError) for answer in answers):
            self._kept[codec.source] = (script, uses)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return answers
