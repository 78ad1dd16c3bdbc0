# SPDX-License-Identifier: EUPL-1.2
"""Tests of one OpenAPI document each have an id of their own: who shares tests out among workers takes equal ids for one test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if hasattr(item, "operation_label") and item.parent is not None:
            item._id = replace(item.id, params=item.name.partition("[")[2].removesuffix("]"))
