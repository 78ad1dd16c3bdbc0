# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from measure_registry.sealing import Stamp
from stadttakt_runtime.http.limiter import MOST_ADDRESSES, WINDOW_S, Limiter

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age_s", "is_taken"), [(0, False), (2, False), (3, True), (86_400, True), (86_401, False)]
)
def test_a_form_is_taken_when_somebody_can_have_filled_it_in(age_s: int, is_taken: bool) -> None:  # noqa: FBT001
    stamp = Stamp(b"k" * 32)
    begun = stamp.at(NOW - timedelta(seconds=age_s))
    assert stamp.is_between(begun, 3, 86_400, NOW) is is_taken


@pytest.mark.parametrize("forged", ["", "1.2", "x.y", "1764147600." + "0" * 32, "9" * 40 + ".a"])
def test_a_forged_stamp_is_none(forged: str) -> None:
    assert not Stamp(b"k" * 32).is_between(forged, 0, 10**9, NOW)


def test_an_address_may_send_so_often_within_an_hour_and_another_one_too() -> None:
    clock = [0.0]
    limiter = Limiter(2, lambda: clock[0])
    assert [limiter.takes("2001:db8::1") for _ in range(3)] == [True, True, False]
    assert limiter.takes("2001:db8:0:1::1")
    clock[0] = WINDOW_S
    assert limiter.takes("2001:db8::1")
    assert "2001:db8::1" not in repr(vars(limiter))


def test_who_has_a_whole_network_counts_as_one() -> None:
    limiter = Limiter(1, lambda: 0.0)
    assert limiter.takes("2001:db8:7::1")
    assert not limiter.takes("2001:db8:7::ffff:2")
    assert limiter.takes("192.0.2.1")
    assert not limiter.takes("::ffff:192.0.2.1")
    assert limiter.takes("192.0.2.2")
    assert limiter.takes("testclient")


def test_many_addresses_do_not_fill_the_memory() -> None:
    limiter = Limiter(2, lambda: 0.0)
    for number in range(MOST_ADDRESSES + 500):
        limiter.takes(str(number))
    assert len(limiter._seen) <= MOST_ADDRESSES + 1
