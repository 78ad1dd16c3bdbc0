# SPDX-License-Identifier: EUPL-1.2
"""The codecs in memory: native ones and the active version of each stored one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from uplink_decoder.codecs.model import AnyCodec
from uplink_decoder.codecs.registry import NATIVE_CODECS


class CodecBook(Mapping[str, AnyCodec]):
    """What the decoder decodes with; the stored ones are replaced as a whole."""

    def __init__(self, stored: Mapping[str, AnyCodec] | None = None) -> None:
        self._codecs: Mapping[str, AnyCodec] = {}
        self.replace(stored or {})

    def replace(self, stored: Mapping[str, AnyCodec]) -> None:
        """Take over the active versions; a native codec cannot be replaced."""
        self._codecs = {**stored, **NATIVE_CODECS}

    def __getitem__(self, codec_id: str) -> AnyCodec:
        return self._codecs[codec_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._codecs)

    def __len__(self) -> int:
        return len(self._codecs)
