# SPDX-License-Identifier: EUPL-1.2
"""When an idea may go on in others, as far as measures have taken it up (decision 0129)."""

from __future__ import annotations

from measure_registry.domain.workflow import Workflow


def may_be_merged(workflow: Workflow, state: str, into: str, *, is_taken_up: bool) -> bool:
    """Tell whether an idea may go on in one that stands in `into`.

    What takes it up goes along: so where measures take ideas up, and of a part of one only where ideas are parts of measures.
    """
    if not is_taken_up:
        return True
    parts = workflow.part_of_a_measure
    return into in (parts if state in parts else workflow.open_to_measures)
