# SPDX-License-Identifier: EUPL-1.2
"""What is wrong with a feed, by file, line and field, in plain words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

SHOWN_OF_A_KIND = 10


class Severity(StrEnum):
    """Whether the feed can be used all the same."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong; `line` counts from 1, the header's is 1, null: the whole file."""

    severity: Severity
    file: str
    line: int | None
    field: str | None
    text: str


class Report:
    """Collects findings; of each kind the first few are kept and the rest counted."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.errors = 0
        self.warnings = 0
        self.left_out: set[tuple[str, str]] = set()
        """File and id of lines that were told of: who refers to them is not to blame."""
        self._kinds: Counter[tuple[str, str, str | None, str]] = Counter()

    def error(
        self, file: str, text: str, *, line: int | None = None, field: str | None = None, kind: str
    ) -> None:
        """Note what makes the feed unusable; `kind` tells like findings."""
        self.errors += 1
        self._note(Finding(Severity.ERROR, file, line, field, text), kind)

    def warning(
        self, file: str, text: str, *, line: int | None = None, field: str | None = None, kind: str
    ) -> None:
        """Note what was put up with."""
        self.warnings += 1
        self._note(Finding(Severity.WARNING, file, line, field, text), kind)

    def _note(self, finding: Finding, kind: str) -> None:
        key = (finding.severity.value, finding.file, finding.field, kind)
        self._kinds[key] += 1
        if self._kinds[key] <= SHOWN_OF_A_KIND:
            self.findings.append(finding)

    @property
    def more(self) -> list[tuple[str, str, str | None, int]]:
        """Return severity, file, field and number of the findings that were only counted."""
        return [
            (severity, file, field, number - SHOWN_OF_A_KIND)
            for (severity, file, field, _), number in self._kinds.items()
            if number > SHOWN_OF_A_KIND
        ]


class BrokenFeedError(Exception):
    """A feed cannot be used; the report says why."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"the feed has {report.errors} errors")
        self.report = report
