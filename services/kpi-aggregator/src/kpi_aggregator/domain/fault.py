# SPDX-License-Identifier: EUPL-1.2
"""What can be wrong with a value."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """What is wrong with a field; `of` is the bound or number that the detail names."""

    field: str
    detail: str
    code: str
    of: str = ""
