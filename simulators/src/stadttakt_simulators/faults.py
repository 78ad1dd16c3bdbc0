# SPDX-License-Identifier: EUPL-1.2
"""Which faults can happen, how they are asked for, and whom they hit; owns no message and no clock."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What can go wrong between a sensor and a broker; README.md says what each one does."""

    DUPLICATE = "duplicate"
    REORDER = "reorder"
    LOSS = "loss"
    LATE_TIME = "late_time"
    FUTURE_TIME = "future_time"
    COUNTER_RESET = "counter_reset"
    RETRANSMISSION = "retransmission"
    UNKNOWN_DEVICE = "unknown_device"
    BROKEN_PAYLOAD = "broken_payload"
    WRONG_JSON = "wrong_json"
    SILENT = "silent"
    MISSED_VEHICLE = "missed_vehicle"
    DOUBLE_VEHICLE = "double_vehicle"
    GATE_RESET = "gate_reset"


# What the seconds of a rule mean depends on the fault: delay, shift of the time stamps, or when silence begins.
DEFAULT_SECONDS: Mapping[Fault, float] = {
    Fault.REORDER: 20,
    Fault.LATE_TIME: 86_400,
    Fault.FUTURE_TIME: 3_600,
    Fault.SILENT: 60,
}
_RULE = re.compile(r"(?P<target>[^@]+)(@(?P<seconds>\d+(\.\d+)?))?")
_DEV_EUI = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Rule:
    """How often a fault hits an uplink (for `silent`: which share of the devices), or which devices it always hits."""

    probability: float = 0.0
    devices: frozenset[str] = frozenset()
    seconds: float = 0.0


def make_rule(
    fault: Fault,
    *,
    probability: float = 0.0,
    devices: Iterable[str] = (),
    seconds: float | None = None,
) -> Rule:
    """This function checks and completes a rule; raises ValueError."""
    listed = frozenset(device.lower() for device in devices)
    wrong = sorted(device for device in listed if not _DEV_EUI.fullmatch(device))
    if wrong:
        raise ValueError(f"{fault}: {wrong[0]!r} is not a DevEUI of 16 hex digits")
    if not 0 <= probability <= 1:
        raise ValueError(f"{fault}: {probability} is not a probability")
    return Rule(
        probability, listed, DEFAULT_SECONDS.get(fault, 0.0) if seconds is None else seconds
    )


def parse_rule(text: str) -> tuple[Fault, Rule]:
    """This function reads `name=probability[@seconds]` or `name=dev_eui,dev_eui[@seconds]`; raises ValueError."""
    name, _, value = text.partition("=")
    match = _RULE.fullmatch(value)
    if name not in set(Fault) or match is None:
        raise ValueError(
            f"{text!r}: expected name=probability[@seconds] with a name of {', '.join(Fault)}"
        )
    fault = Fault(name)
    seconds = float(match["seconds"]) if match["seconds"] else None
    targets = match["target"].lower().split(",")
    # EUIs first: sixteen digits would also pass for a number.
    if all(_DEV_EUI.fullmatch(target) for target in targets):
        return fault, make_rule(fault, devices=targets, seconds=seconds)
    return fault, make_rule(fault, probability=float(match["target"]), seconds=seconds)


class FaultPlan:
    """The rules in force; one generator draws for all, so that a seed repeats every fault."""

    def __init__(self, rules: Mapping[Fault, Rule], rng: random.Random) -> None:
        self._rules = dict(rules)
        self._rng = rng

    def strikes(self, fault: Fault, dev_eui: str) -> bool:
        """This function decides whether a fault hits this uplink of this device."""
        rule = self._rules.get(fault)
        if rule is None:
            return False
        return dev_eui in rule.devices or (
            rule.probability > 0 and self._rng.random() < rule.probability
        )

    def seconds(self, fault: Fault) -> float:
        """This function returns the delay, shift or onset of a fault."""
        rule = self._rules.get(fault)
        return rule.seconds if rule else 0.0

    def devices(self, fault: Fault) -> frozenset[str]:
        """This function returns the devices that a fault is aimed at by name."""
        rule = self._rules.get(fault)
        return rule.devices if rule else frozenset()


def broken(payload: bytes, rng: random.Random) -> tuple[str, bytes]:
    """This function spoils a payload and names how: emptied, cut in half or replaced by random bytes."""
    kind = rng.choice(("empty", "truncated", "garbage"))
    if kind == "empty" or len(payload) < 2:
        return "empty", b""
    if kind == "truncated":
        return kind, payload[: len(payload) // 2]
    return kind, rng.randbytes(len(payload))


def wrong_json(body: bytes, rng: random.Random) -> tuple[str, bytes]:
    """This function spoils a message and names how: cut off, not UTF-8, or well-formed with wrong types."""
    kind = rng.choice(("cut", "not_utf8", "wrong_types"))
    if kind == "cut":
        return kind, body[: rng.randrange(1, len(body) - 1)]
    if kind == "not_utf8":
        return kind, body[:-1] + b',"note":"\xff\xfe"}'
    return kind, re.sub(
        rb'"(deviceInfo|end_device_ids|uplink_message)":\{', rb'"\1":["x"],"was":{', body, count=1
    )
