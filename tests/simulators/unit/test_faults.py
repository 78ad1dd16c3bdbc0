# SPDX-License-Identifier: EUPL-1.2
import json
import random
from collections import Counter

import pytest

from stadttakt_simulators.faults import (
    Fault,
    FaultPlan,
    Rule,
    broken,
    make_rule,
    parse_rule,
    wrong_json,
)

DEVICE = "0200484c00010001"


@pytest.mark.parametrize(
    ("text", "fault", "expected"),
    [
        ("duplicate=0.5", Fault.DUPLICATE, make_rule(Fault.DUPLICATE, probability=0.5)),
        ("reorder=1@7.5", Fault.REORDER, make_rule(Fault.REORDER, probability=1, seconds=7.5)),
        (
            f"silent={DEVICE}@30",
            Fault.SILENT,
            make_rule(Fault.SILENT, devices=[DEVICE], seconds=30),
        ),
        (
            f"loss={DEVICE.upper()},0200484c00010002",
            Fault.LOSS,
            make_rule(Fault.LOSS, devices=[DEVICE, "0200484c00010002"]),
        ),
        (
            "unknown_device=0000000000000001",
            Fault.UNKNOWN_DEVICE,
            make_rule(Fault.UNKNOWN_DEVICE, devices=["0000000000000001"]),
        ),
    ],
)
def test_a_rule_is_a_probability_or_devices_with_optional_seconds(
    text: str, fault: Fault, expected: Rule
):
    assert parse_rule(text) == (fault, expected)


@pytest.mark.parametrize(
    "text", ["", "loss", "loss=", "loss=2", "loss=-1", "nonsense=1", "loss=xyz", "loss=0.1@soon"]
)
def test_a_wrong_rule_is_refused_with_a_reason(text: str):
    with pytest.raises(ValueError, match=r"\S"):
        parse_rule(text)


def test_a_listed_device_is_always_hit_and_others_by_chance():
    plan = FaultPlan(
        {Fault.LOSS: make_rule(Fault.LOSS, probability=0.25, devices=[DEVICE])}, random.Random(1)
    )
    assert all(plan.strikes(Fault.LOSS, DEVICE) for _ in range(100))
    hits = sum(plan.strikes(Fault.LOSS, "0200484c00010002") for _ in range(4000))
    assert 900 < hits < 1100
    assert not plan.strikes(Fault.DUPLICATE, DEVICE)


def test_broken_payloads_differ_from_the_original():
    rng = random.Random(1)
    payload = bytes(range(1, 12))
    kinds = Counter()
    for _ in range(100):
        kind, spoiled = broken(payload, rng)
        kinds[kind] += 1
        assert spoiled != payload
    assert set(kinds) == {"empty", "truncated", "garbage"}


def test_wrong_json_is_unreadable_or_has_wrong_types():
    rng = random.Random(1)
    body = json.dumps({"deviceInfo": {"devEui": "x"}, "fCnt": 1}).replace(" ", "").encode()
    kinds = Counter()
    for _ in range(100):
        kind, spoiled = wrong_json(body, rng)
        kinds[kind] += 1
        if kind == "wrong_types":
            assert json.loads(spoiled)["deviceInfo"] == ["x"]
        else:
            with pytest.raises(ValueError):
                json.loads(spoiled)
    assert set(kinds) == {"cut", "not_utf8", "wrong_types"}
