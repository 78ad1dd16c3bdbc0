# SPDX-License-Identifier: EUPL-1.2
"""How a source is, from the notes of all decoders."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from uplink_decoder.domain.source_health import FRESH, Noted, Status, health

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def noted(writer: str = "a", **changes: Any) -> Noted:
    usual: dict[str, Any] = {
        "source_id": "s",
        "writer": writer,
        "noted_at": ago(1),
        "connected": True,
        "since": ago(100),
        "last_message_at": ago(10),
        "last_error": None,
        "last_error_at": None,
        "received": 5,
        "received_per_s": 0.5,
        "backlog": 2,
    }
    return Noted(**{**usual, **changes})


@pytest.mark.parametrize(
    ("notes", "limit_s", "status"),
    [
        ([], 60, Status.UNKNOWN),
        ([noted(noted_at=ago(FRESH.total_seconds() + 1))], 60, Status.UNKNOWN),
        ([noted()], 60, Status.CONNECTED),
        ([noted(), noted("b", connected=False)], 60, Status.CONNECTED),
        ([noted(connected=False), noted("b", noted_at=ago(100))], 60, Status.DOWN),
        ([noted(last_message_at=ago(61))], 60, Status.SILENT),
        ([noted(last_message_at=ago(61))], None, Status.CONNECTED),
        ([noted(last_message_at=None)], 60, Status.CONNECTED),
        ([noted(last_message_at=ago(61)), noted("gone", noted_at=ago(99))], 60, Status.CONNECTED),
        ([noted(last_message_at=ago(61), connected=False)], 60, Status.DOWN),
    ],
)
def test_status_of_a_source(notes: list[Noted], limit_s: int | None, status: Status) -> None:
    assert health(notes, NOW, silence_limit_s=limit_s).status is status


def test_source_is_down_since_the_last_decoder_lost_it() -> None:
    notes = [noted(connected=False, since=ago(90)), noted("b", connected=False, since=ago(40))]
    found = health(notes, NOW, silence_limit_s=None)
    assert found.since == ago(40)
    assert found.is_down_for(timedelta(seconds=30), NOW)
    assert not found.is_down_for(timedelta(seconds=41), NOW)
    back = health([*notes, noted("c")], NOW, silence_limit_s=None)
    assert not back.is_down_for(timedelta(0), NOW)


def test_figures_of_running_decoders_add_up_and_the_last_error_counts() -> None:
    notes = [
        noted(connected=False, last_error="refused", last_error_at=ago(50)),
        noted(
            "b",
            connected=False,
            last_error="no answer in time",
            last_error_at=ago(20),
            last_message_at=ago(3),
        ),
        noted("gone", noted_at=ago(99), last_message_at=ago(2)),
    ]
    found = health(notes, NOW, silence_limit_s=None)
    assert (found.received_per_s, found.backlog) == (1.0, 4)
    assert (found.last_error, found.last_message_at) == ("no answer in time", ago(2))


def test_what_went_wrong_before_a_decoder_connected_is_told_of_that_decoder_alone() -> None:
    failed = {"last_error": "nobody listens there", "last_error_at": ago(200)}
    found = health([noted(**failed)], NOW, silence_limit_s=None)
    assert (found.last_error, found.last_error_at) == (None, None)
    half = health([noted(**failed), noted("b", connected=False, **failed)], NOW, silence_limit_s=9)
    assert half.last_error == "nobody listens there"
    gone = health([noted(**failed, noted_at=ago(99))], NOW, silence_limit_s=None)
    assert gone.last_error is None
