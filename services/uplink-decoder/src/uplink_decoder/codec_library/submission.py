# SPDX-License-Identifier: EUPL-1.2
"""One codec as somebody hands it in: checked, with the hash that tells one content from another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from uplink_decoder.codec_library.proof import Proof
from uplink_decoder.codecs.vectors import Vector, as_document
from uplink_decoder.storage.codecs import NewVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A formatter with its vectors and mapping, of known form and not yet run."""

    codec_id: str
    source: str
    vectors: Sequence[Vector]
    mapping: Mapping[str, Any] | None = None
    stateless: bool = False
    language: str = "javascript"
    maker: str = ""
    model: str = ""

    @property
    def sha256(self) -> bytes:
        """The hash of all that decides a result; maker and model are not part of a version."""
        content = {
            "language": self.language,
            "source": self.source,
            "stateless": self.stateless,
            "mapping": self.mapping,
            "vectors": [as_document(vector) for vector in self.vectors],
        }
        return hashlib.sha256(_text(content).encode()).digest()

    def version(self, proof: Proof, *, by: str) -> NewVersion:
        """Return the row to store once the vectors have been run."""
        return NewVersion(
            codec_id=self.codec_id,
            maker=self.maker,
            model=self.model,
            language=self.language,
            source=self.source,
            stateless=self.stateless,
            mapping=None if self.mapping is None else _text(self.mapping),
            vectors=_text([as_document(vector) for vector in self.vectors]),
            vectors_passed=proof.passed,
            vectors_failed=proof.failed,
            sha256=self.sha256,
            created_by=by,
        )


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
