# SPDX-License-Identifier: EUPL-1.2
"""Files in pieces: what comes first, what each table adds, what comes last."""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa

from open_data_publisher.domain.policy import Dataset


class Format(Protocol):
    """One file under way; used once, in order, in a thread."""

    def head(self) -> bytes:
        """Return how the file begins."""

    def part(self, table: pa.Table) -> bytes:
        """Return what a table adds."""

    def tail(self) -> bytes:
        """Return how the file ends."""


def about(dataset: Dataset) -> dict[str, str]:
    """Return what every file says of itself, where its format has room."""
    terms = dataset.terms
    said = {
        "dataset_id": dataset.dataset_id,
        "title": dataset.title.de,
        "licence": terms.licence.url,
    }
    return said if terms.attribution is None else {**said, "attribution": terms.attribution}
