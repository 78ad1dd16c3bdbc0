# SPDX-License-Identifier: EUPL-1.2
"""Which change a condition makes to the open alerts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from stadttakt_messages.base import PlainId
from stadttakt_messages.notices import AlertText
from stadttakt_runtime.alerts.domain import Changes, Condition, Key, Severity, compare, plain_id

TEXT = AlertText(de="still", en="silent")
SILENT = Condition("device-silent", "a", Severity.WARNING, TEXT, {"limit_s": 3600})
WORSE = Condition("device-silent", "a", Severity.CRITICAL, TEXT, {"limit_s": 3600})
OTHER = Condition("device-silent", "b", Severity.WARNING, TEXT, {"limit_s": 3600})


@pytest.mark.parametrize(
    ("before", "now", "changes"),
    [
        ([], [SILENT], Changes(raised=(SILENT,))),
        ([SILENT], [SILENT], Changes()),
        ([SILENT], [WORSE], Changes(renewed=(WORSE,))),
        ([SILENT], [], Changes(cleared=(Key("device-silent", "a"),))),
        ([SILENT], [OTHER], Changes(raised=(OTHER,), cleared=(Key("device-silent", "a"),))),
        ([], [SILENT, WORSE], Changes(raised=(WORSE,))),
    ],
)
def test_change_is_the_difference(
    before: list[Condition], now: list[Condition], changes: Changes
) -> None:
    assert compare(before, now) == changes


conditions = st.builds(
    Condition,
    kind=st.sampled_from(["a", "b"]),
    alert_id=st.sampled_from(["1", "2", "3"]),
    severity=st.sampled_from(Severity),
    text=st.just(TEXT),
    details=st.dictionaries(st.sampled_from(["x"]), st.integers(0, 2)),
)


@given(st.lists(conditions), st.lists(conditions))
def test_changes_applied_leave_exactly_the_present_conditions(
    before: list[Condition], now: list[Condition]
) -> None:
    open_alerts = {condition.key: condition for condition in before}
    changes = compare(open_alerts.values(), now)
    for key in changes.cleared:
        del open_alerts[key]
    open_alerts.update({each.key: each for each in (*changes.raised, *changes.renewed)})
    assert open_alerts == {condition.key: condition for condition in now}
    assert compare(open_alerts.values(), now) == Changes()


def test_id_of_a_device_without_eui_is_one_topic_level() -> None:
    assert plain_id("tts/city/sensor-1") == "tts:city:sensor-1"


@given(st.text(), st.text())
def test_every_text_becomes_a_plain_id_and_different_ones_stay_apart(one: str, two: str) -> None:
    first, second = plain_id(one), plain_id(two)
    assert TypeAdapter(PlainId).validate_python(first) == first
    slashless = one.replace("/", ":") != two.replace("/", ":")
    assert not slashless or first != second
