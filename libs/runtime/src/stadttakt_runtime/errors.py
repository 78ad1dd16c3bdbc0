# SPDX-License-Identifier: EUPL-1.2
"""The kind of error that a person can mend who has never seen the code."""

from __future__ import annotations


class OperatorError(Exception):
    """Something around the process is wrong; the text says what, so no traceback is shown."""
