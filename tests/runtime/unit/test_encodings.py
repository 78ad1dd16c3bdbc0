# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import pytest

from stadttakt_runtime.http.encodings import takes_gzip


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("gzip, deflate, br", True),
        ("GZIP;q=0.5", True),
        ("*", True),
        ("*;q=0, gzip", True),
        ("*, gzip;q=0", False),
        ("gzip;q=0", False),
        ("identity", False),
        ("", False),
    ],
)
def test_gzip_is_taken_where_it_is_named_or_anything_is(accepted: str, *, taken: bool) -> None:
    assert takes_gzip(accepted) is taken
