# SPDX-License-Identifier: EUPL-1.2
"""What is wrong with a request, and where."""

from __future__ import annotations


class OptionError(Exception):
    """A query option cannot be read; `position` counts characters of its value from 0."""

    def __init__(self, option: str, position: int, message: str) -> None:
        super().__init__(f"{option}, at {position}: {message}")
        self.option = option
        self.position = position
        self.message = message


class NothingThereError(Exception):
    """A path leads to no resource."""
