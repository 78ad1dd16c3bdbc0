# SPDX-License-Identifier: EUPL-1.2
"""What the alert rules of Prometheus take as too much: thresholds of panels are theirs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from math import prod
from pathlib import Path
from typing import Literal, cast

import yaml

RULES = Path(__file__).parents[2] / "prometheus/rules/stadttakt.yml"
_BARE = re.compile(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"")
_COMPARISON = re.compile(r"(==|!=|<|>) (\d+(?:\.\d+)?(?: \* \d+(?:\.\d+)?)*)")
Operator = Literal["==", "!=", "<", ">"]


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alert, and what its expression compares first."""

    name: str
    severity: str
    operator: Operator
    limit: float
    runbook: str


@cache
def alert_rules() -> dict[str, AlertRule]:
    """Return the alert rules by name."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    return {rule["alert"]: _read(rule) for rule in rules}


def _read(rule: dict[str, str]) -> AlertRule:
    found = _COMPARISON.search(_BARE.sub("", rule["expr"]))
    if found is None:
        message = f"alert {rule['alert']} compares nothing with a number"
        raise ValueError(message)
    labels, annotations = (cast("dict[str, str]", rule[key]) for key in ("labels", "annotations"))
    limit = prod(float(factor) for factor in found[2].split(" * "))
    runbook = f"docs/runbooks/{annotations['runbook_url'].rpartition('/')[2]}"
    operator = cast("Operator", found[1])
    return AlertRule(rule["alert"], labels["severity"], operator, limit, runbook)
