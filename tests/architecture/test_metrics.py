# SPDX-License-Identifier: EUPL-1.2
"""Every metric stands in the operation handbook."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
HANDBOOK = ROOT / "docs/operations.md"
METRIC = re.compile(r"\"(stadttakt_[a-z_]+)\",?\s*\"[^\"]")
"""A name followed by its help text, as prometheus-client takes them."""


def test_every_metric_is_documented() -> None:
    metrics = {
        name
        for folder in ("libs", "services")
        for path in (ROOT / folder).rglob("*.py")
        for name in METRIC.findall(path.read_text(encoding="utf-8"))
    }
    assert "stadttakt_uplink_messages_total" in metrics
    documented = set(re.findall(r"stadttakt_[a-z_]+", HANDBOOK.read_text(encoding="utf-8")))
    assert not metrics - documented
